// Three-valued logic on bytes. A boolean is a value byte and a validity byte; validity pointer 0: none is NULL.
// Values at NULL rows are arbitrary 0 or 1, and every kernel writes 0 or 1.

/** Rows present in both. */
export function andValidity(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 16) v128.store(out + i, v128.and(v128.load(a + i), v128.load(b + i)));
}

export function notBytes(a: usize, n: u32, out: usize): void {
  const one = i8x16.splat(1);
  for (let i: u32 = 0; i < n; i += 16) v128.store(out + i, v128.xor(v128.load(a + i), one));
}

export function andBytes(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 16) v128.store(out + i, v128.and(v128.load(a + i), v128.load(b + i)));
}

export function orBytes(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 16) v128.store(out + i, v128.or(v128.load(a + i), v128.load(b + i)));
}

@inline function valid(validity: usize, i: u32): v128 { return validity ? v128.load(validity + i) : i8x16.splat(1); }

/** Kleene AND: FALSE wins over NULL. */
export function andKleene(a: usize, aValid: usize, b: usize, bValid: usize, n: u32, out: usize, outValid: usize): void {
  for (let i: u32 = 0; i < n; i += 16) {
    const x = v128.load(a + i), y = v128.load(b + i), vx = valid(aValid, i), vy = valid(bValid, i);
    const falseX = v128.andnot(vx, x), falseY = v128.andnot(vy, y);
    // A FALSE makes the row present; its value byte must then be 0 whatever lies under the other side's NULL.
    const isFalse = v128.or(falseX, falseY);
    v128.store(out + i, v128.andnot(v128.and(x, y), isFalse));
    v128.store(outValid + i, v128.or(v128.and(vx, vy), isFalse));
  }
}

/** Kleene OR: TRUE wins over NULL. */
export function orKleene(a: usize, aValid: usize, b: usize, bValid: usize, n: u32, out: usize, outValid: usize): void {
  for (let i: u32 = 0; i < n; i += 16) {
    const vx = valid(aValid, i), vy = valid(bValid, i);
    const x = v128.and(v128.load(a + i), vx), y = v128.and(v128.load(b + i), vy);
    const isTrue = v128.or(x, y);
    v128.store(out + i, isTrue);
    v128.store(outValid + i, v128.or(v128.and(vx, vy), isTrue));
  }
}

/** out = 1 where the row is present and equal to `wanted` (0 or 1). */
export function isTruth(a: usize, validity: usize, wanted: u32, n: u32, out: usize): void {
  const flip = i8x16.splat(<i8>(1 - wanted));
  for (let i: u32 = 0; i < n; i += 16) v128.store(out + i, v128.and(v128.xor(v128.load(a + i), flip), valid(validity, i)));
}

/** out[i] = pick[i] ? a[i] : b[i]; the name gives the width. */
export function blend1(pick: usize, a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + i, load<u8>(pick + i) ? load<u8>(a + i) : load<u8>(b + i));
}
export function blend2(pick: usize, a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u16>(out + (<usize>i << 1), load<u8>(pick + i) ? load<u16>(a + (<usize>i << 1)) : load<u16>(b + (<usize>i << 1)));
}
export function blend4(pick: usize, a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>i << 2), load<u8>(pick + i) ? load<u32>(a + (<usize>i << 2)) : load<u32>(b + (<usize>i << 2)));
}
export function blend8(pick: usize, a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u64>(out + (<usize>i << 3), load<u8>(pick + i) ? load<u64>(a + (<usize>i << 3)) : load<u64>(b + (<usize>i << 3)));
}
export function blend16(pick: usize, a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) v128.store(out + (<usize>i << 4), v128.load((load<u8>(pick + i) ? a : b) + (<usize>i << 4)));
}

/** out[rows[i]] = values[i]; the name gives the width. */
export function scatter1(values: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + load<u32>(rows + (<usize>i << 2)), load<u8>(values + i));
}
export function scatter2(values: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u16>(out + (<usize>load<u32>(rows + (<usize>i << 2)) << 1), load<u16>(values + (<usize>i << 1)));
}
export function scatter4(values: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (<usize>load<u32>(rows + (<usize>i << 2)) << 2), load<u32>(values + (<usize>i << 2)));
}
export function scatter8(values: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u64>(out + (<usize>load<u32>(rows + (<usize>i << 2)) << 3), load<u64>(values + (<usize>i << 3)));
}
export function scatter16(values: usize, rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) v128.store(out + (<usize>load<u32>(rows + (<usize>i << 2)) << 4), v128.load(values + (<usize>i << 4)));
}

/** IS DISTINCT FROM: where both are present what `unequal` says, else whether exactly one is. Validities are not 0. */
export function distinctNulls(unequal: usize, aValid: usize, bValid: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 16) {
    const x = v128.load(aValid + i), y = v128.load(bValid + i);
    v128.store(out + i, v128.or(v128.xor(x, y), v128.and(v128.and(x, y), v128.load(unequal + i))));
  }
}

/** out[rows[i]] = 1. */
export function scatterOnes(rows: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + load<u32>(rows + (<usize>i << 2)), 1);
}

/** 1 when none of n bytes is 0. */
export function allNonZero(bytes: usize, n: u32): u32 {
  let i: u32 = 0;
  for (; i + 16 <= n; i += 16) if (!i8x16.all_true(v128.load(bytes + i))) return 0;
  for (; i < n; i++) if (load<u8>(bytes + i) == 0) return 0;
  return 1;
}
