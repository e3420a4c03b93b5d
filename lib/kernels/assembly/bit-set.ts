// Membership in a set of whole numbers within bounds: a bit for each number from lo to hi. As the kernels of the select
// family, with a validity (0: all present). bounds: lo, then hi, as i64.

@inline function mark<T>(values: usize, validity: usize, n: u32, bounds: usize, bits: usize): void {
  const lo = load<i64>(bounds), span = <u64>(load<i64>(bounds, 8) - lo);
  for (let i: u32 = 0; i < n; i++) {
    if (validity && !load<u8>(validity + i)) continue;
    const at = <u64>(<i64>load<T>(values + <usize>i * sizeof<T>()) - lo);
    if (at > span) continue;
    const p = bits + <usize>(at >> 3);
    store<u8>(p, load<u8>(p) | <u8>((<u32>1) << (<u32>at & 7)));
  }
}

@inline function select<T>(values: usize, validity: usize, n: u32, ids: usize, bounds: usize, bits: usize, out: usize): u32 {
  const lo = load<i64>(bounds), span = <u64>(load<i64>(bounds, 8) - lo);
  let c: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = ids == 0 ? i : load<u32>(ids + (<usize>i << 2));
    const from = <u64>(<i64>load<T>(values + <usize>r * sizeof<T>()) - lo), within = from <= span;
    const at = within ? <u32>from : 0;
    let hit = (<u32>load<u8>(bits + (at >> 3)) >> (at & 7)) & <u32>within;
    if (validity) hit &= <u32>load<u8>(validity + r);
    store<u32>(out + (<usize>c << 2), r);
    c += hit;
  }
  return c;
}

export function markBitsI32(values: usize, validity: usize, n: u32, bounds: usize, bits: usize): void { mark<i32>(values, validity, n, bounds, bits); }
export function markBitsI64(values: usize, validity: usize, n: u32, bounds: usize, bits: usize): void { mark<i64>(values, validity, n, bounds, bits); }
export function selectBitsI32(values: usize, validity: usize, n: u32, ids: usize, bounds: usize, bits: usize, out: usize): u32 { return select<i32>(values, validity, n, ids, bounds, bits, out); }
export function selectBitsI64(values: usize, validity: usize, n: u32, ids: usize, bounds: usize, bits: usize, out: usize): u32 { return select<i64>(values, validity, n, ids, bounds, bits, out); }
