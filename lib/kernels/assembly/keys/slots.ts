// What the tables of keys (assign.ts) share.

@inline export function sameWords(a: usize, b: usize, width: u32): bool {
  for (let w: u32 = 0; w < width; w++) if (load<u64>(a + (w << 3)) != load<u64>(b + (w << 3))) return false;
  return true;
}

/** Puts a slot into the first empty place from s on. `last` masks offsets. */
@inline export function insertAt(slots: usize, s: usize, last: usize, slot: u64): void {
  while (load<u32>(slots + s, 4)) s = (s + 8) & last;
  store<u64>(slots + s, slot);
}

/** Moves the rows of `late` (found out of order) into the ascending rows 0 … m − 1, from the back. */
@inline export function merge(rows: usize, numbers: usize, m: u32, late: usize, lateNumbers: usize, k: u32): u32 {
  if (k == 0) return m;
  let i: i32 = <i32>m - 1;
  let j: i32 = <i32>k - 1;
  for (let to: i32 = <i32>(m + k) - 1; j >= 0; to--) {
    const takeLate = i < 0 || load<u32>(late + (j << 2)) > load<u32>(rows + (i << 2));
    store<u32>(rows + (to << 2), takeLate ? load<u32>(late + (j << 2)) : load<u32>(rows + (i << 2)));
    store<u32>(numbers + (to << 2), takeLate ? load<u32>(lateNumbers + (j << 2)) : load<u32>(numbers + (i << 2)));
    if (takeLate) j--;
    else i--;
  }
  return m + k;
}
