// Arithmetic on integers and floats, dense. Integer kernels return 0, or 1 when a row left the type's range, or 2 when
// a divisor was 0; rows under NULL may raise them too: the caller then clears those rows and asks again.

@inline function addIntegers<T>(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = <i64>load<T>(a + i * sizeof<T>()) + <i64>load<T>(b + i * sizeof<T>());
    store<T>(out + i * sizeof<T>(), <T>r);
    bad |= r ^ <i64><T>r;
  }
  return <u32>(bad != 0);
}
@inline function subtractIntegers<T>(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = <i64>load<T>(a + i * sizeof<T>()) - <i64>load<T>(b + i * sizeof<T>());
    store<T>(out + i * sizeof<T>(), <T>r);
    bad |= r ^ <i64><T>r;
  }
  return <u32>(bad != 0);
}
@inline function multiplyIntegers<T>(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = <i64>load<T>(a + i * sizeof<T>()) * <i64>load<T>(b + i * sizeof<T>());
    store<T>(out + i * sizeof<T>(), <T>r);
    bad |= r ^ <i64><T>r;
  }
  return <u32>(bad != 0);
}

export function addI8(a: usize, b: usize, n: u32, out: usize): u32 { return addIntegers<i8>(a, b, n, out); }
export function addI16(a: usize, b: usize, n: u32, out: usize): u32 { return addIntegers<i16>(a, b, n, out); }
export function subI8(a: usize, b: usize, n: u32, out: usize): u32 { return subtractIntegers<i8>(a, b, n, out); }
export function subI16(a: usize, b: usize, n: u32, out: usize): u32 { return subtractIntegers<i16>(a, b, n, out); }
export function mulI8(a: usize, b: usize, n: u32, out: usize): u32 { return multiplyIntegers<i8>(a, b, n, out); }
export function mulI16(a: usize, b: usize, n: u32, out: usize): u32 { return multiplyIntegers<i16>(a, b, n, out); }
export function mulI32(a: usize, b: usize, n: u32, out: usize): u32 { return multiplyIntegers<i32>(a, b, n, out); }

/** Rows left over by four at a time, with the flag so far. */
@inline function addRest<T>(a: usize, b: usize, from: u32, n: u32, out: usize, bad: bool): u32 {
  for (let i = from; i < n; i++) {
    const p = <usize>i * sizeof<T>(), x = load<T>(a + p), y = load<T>(b + p), r = <T>(x + y);
    store<T>(out + p, r);
    bad |= ((x ^ r) & (y ^ r)) < 0;
  }
  return <u32>bad;
}
@inline function subtractRest<T>(a: usize, b: usize, from: u32, n: u32, out: usize, bad: bool): u32 {
  for (let i = from; i < n; i++) {
    const p = <usize>i * sizeof<T>(), x = load<T>(a + p), y = load<T>(b + p), r = <T>(x - y);
    store<T>(out + p, r);
    bad |= ((x ^ y) & (x ^ r)) < 0;
  }
  return <u32>bad;
}

// A sum overflows where both inputs' signs differ from its own; a difference where the inputs' signs differ, and the
// first's from its own.

export function addI32(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad = i64x2.splat(0), i: u32 = 0;
  for (; i + 4 <= n; i += 4) {
    const p = <usize>i << 2, x = v128.load(a + p), y = v128.load(b + p), r = i32x4.add(x, y);
    v128.store(out + p, r);
    bad = v128.or(bad, v128.and(v128.xor(x, r), v128.xor(y, r)));
  }
  return addRest<i32>(a, b, i, n, out, i32x4.bitmask(bad) != 0);
}
export function subI32(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad = i64x2.splat(0), i: u32 = 0;
  for (; i + 4 <= n; i += 4) {
    const p = <usize>i << 2, x = v128.load(a + p), y = v128.load(b + p), r = i32x4.sub(x, y);
    v128.store(out + p, r);
    bad = v128.or(bad, v128.and(v128.xor(x, y), v128.xor(x, r)));
  }
  return subtractRest<i32>(a, b, i, n, out, i32x4.bitmask(bad) != 0);
}
export function addI64(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad = i64x2.splat(0), i: u32 = 0;
  for (; i + 2 <= n; i += 2) {
    const p = <usize>i << 3, x = v128.load(a + p), y = v128.load(b + p), r = i64x2.add(x, y);
    v128.store(out + p, r);
    bad = v128.or(bad, v128.and(v128.xor(x, r), v128.xor(y, r)));
  }
  return addRest<i64>(a, b, i, n, out, i64x2.bitmask(bad) != 0);
}
export function subI64(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad = i64x2.splat(0), i: u32 = 0;
  for (; i + 2 <= n; i += 2) {
    const p = <usize>i << 3, x = v128.load(a + p), y = v128.load(b + p), r = i64x2.sub(x, y);
    v128.store(out + p, r);
    bad = v128.or(bad, v128.and(v128.xor(x, y), v128.xor(x, r)));
  }
  return subtractRest<i64>(a, b, i, n, out, i64x2.bitmask(bad) != 0);
}

/** The high half of the 128-bit product. */
@inline export function multiplyHigh(a: i64, b: i64): i64 {
  const x = <u64>a, y = <u64>b, xl = x & 0xffffffff, xh = x >> 32, yl = y & 0xffffffff, yh = y >> 32;
  let t = xl * yl, k = t >> 32;
  t = xh * yl + k;
  const middle = t & 0xffffffff, carry = t >> 32;
  t = xl * yh + middle;
  return <i64>(xh * yh + carry + (t >> 32)) - ((a >> 63) & b) - ((b >> 63) & a);
}

export function mulI64(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<i64>(a + (<usize>i << 3)), y = load<i64>(b + (<usize>i << 3)), r = x * y;
    store<i64>(out + (<usize>i << 3), r);
    bad |= <u32>(multiplyHigh(x, y) != r >> 63);
  }
  return bad;
}

/** Wrapping, for inputs whose bits prove that the result fits. */
export function addI64Fast(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), i64x2.add(v128.load(a + (<usize>i << 3)), v128.load(b + (<usize>i << 3))));
}
export function subI64Fast(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), i64x2.sub(v128.load(a + (<usize>i << 3)), v128.load(b + (<usize>i << 3))));
}
export function mulI64Fast(a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), load<i64>(a + (<usize>i << 3)) * load<i64>(b + (<usize>i << 3)));
}

/** How many bits hold the magnitudes: every value v is in −2^k … 2^k − 1 for the k returned (0 … 63). */
export function magnitudeBits(values: usize, n: u32): u32 {
  const zero = i64x2.splat(0);
  let any = zero, more = zero, i: u32 = 0;
  // A comparison gives the sign mask: SSE and AVX2 have no 64-bit arithmetic shift.
  for (; i + 4 <= n; i += 4) {
    const v = v128.load(values + (<usize>i << 3)), w = v128.load(values + (<usize>i << 3), 16);
    any = v128.or(any, v128.xor(v, i64x2.lt_s(v, zero)));
    more = v128.or(more, v128.xor(w, i64x2.lt_s(w, zero)));
  }
  any = v128.or(any, more);
  let bits = <u64>(i64x2.extract_lane(any, 0) | i64x2.extract_lane(any, 1));
  for (; i < n; i++) {
    const v = load<i64>(values + (<usize>i << 3));
    bits |= <u64>(v ^ (v >> 63));
  }
  return 64 - <u32>clz(bits);
}

@inline function divideIntegers<T>(a: usize, b: usize, n: u32, out: usize, lowest: T): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<T>(a + i * sizeof<T>()), y = load<T>(b + i * sizeof<T>());
    let r: T = 0;
    if (y == 0) bad |= 2;
    else if (y == -1) { bad |= <u32>(x == lowest); r = <T>(0 - x); }
    else r = x / y;
    store<T>(out + i * sizeof<T>(), r);
  }
  return bad;
}
@inline function remainderIntegers<T>(a: usize, b: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<T>(a + i * sizeof<T>()), y = load<T>(b + i * sizeof<T>());
    let r: T = 0;
    if (y == 0) bad |= 2;
    else if (y != -1) r = x % y;
    store<T>(out + i * sizeof<T>(), r);
  }
  return bad;
}
export function divI8(a: usize, b: usize, n: u32, out: usize): u32 { return divideIntegers<i8>(a, b, n, out, i8.MIN_VALUE); }
export function divI16(a: usize, b: usize, n: u32, out: usize): u32 { return divideIntegers<i16>(a, b, n, out, i16.MIN_VALUE); }
export function divI32(a: usize, b: usize, n: u32, out: usize): u32 { return divideIntegers<i32>(a, b, n, out, i32.MIN_VALUE); }
export function divI64(a: usize, b: usize, n: u32, out: usize): u32 { return divideIntegers<i64>(a, b, n, out, i64.MIN_VALUE); }
export function modI8(a: usize, b: usize, n: u32, out: usize): u32 { return remainderIntegers<i8>(a, b, n, out); }
export function modI16(a: usize, b: usize, n: u32, out: usize): u32 { return remainderIntegers<i16>(a, b, n, out); }
export function modI32(a: usize, b: usize, n: u32, out: usize): u32 { return remainderIntegers<i32>(a, b, n, out); }
export function modI64(a: usize, b: usize, n: u32, out: usize): u32 { return remainderIntegers<i64>(a, b, n, out); }

@inline function negateIntegers<T>(a: usize, n: u32, out: usize, lowest: T): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<T>(a + i * sizeof<T>());
    bad |= <u32>(x == lowest);
    store<T>(out + i * sizeof<T>(), <T>(0 - x));
  }
  return bad;
}
export function negI8(a: usize, n: u32, out: usize): u32 { return negateIntegers<i8>(a, n, out, i8.MIN_VALUE); }
export function negI16(a: usize, n: u32, out: usize): u32 { return negateIntegers<i16>(a, n, out, i16.MIN_VALUE); }
export function negI32(a: usize, n: u32, out: usize): u32 { return negateIntegers<i32>(a, n, out, i32.MIN_VALUE); }
export function negI64(a: usize, n: u32, out: usize): u32 { return negateIntegers<i64>(a, n, out, i64.MIN_VALUE); }

@inline function absoluteIntegers<T>(a: usize, n: u32, out: usize, lowest: T): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<T>(a + i * sizeof<T>());
    bad |= <u32>(x == lowest);
    store<T>(out + i * sizeof<T>(), x < 0 ? <T>(0 - x) : x);
  }
  return bad;
}
export function absI8(a: usize, n: u32, out: usize): u32 { return absoluteIntegers<i8>(a, n, out, i8.MIN_VALUE); }
export function absI16(a: usize, n: u32, out: usize): u32 { return absoluteIntegers<i16>(a, n, out, i16.MIN_VALUE); }
export function absI32(a: usize, n: u32, out: usize): u32 { return absoluteIntegers<i32>(a, n, out, i32.MIN_VALUE); }
export function absI64(a: usize, n: u32, out: usize): u32 { return absoluteIntegers<i64>(a, n, out, i64.MIN_VALUE); }

export function addF64(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), f64x2.add(v128.load(a + (<usize>i << 3)), v128.load(b + (<usize>i << 3))));
  return 0;
}
export function subF64(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), f64x2.sub(v128.load(a + (<usize>i << 3)), v128.load(b + (<usize>i << 3))));
  return 0;
}
export function mulF64(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), f64x2.mul(v128.load(a + (<usize>i << 3)), v128.load(b + (<usize>i << 3))));
  return 0;
}
export function divF64(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), f64x2.div(v128.load(a + (<usize>i << 3)), v128.load(b + (<usize>i << 3))));
  return 0;
}
export function modF64(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (<usize>i << 3), load<f64>(a + (<usize>i << 3)) % load<f64>(b + (<usize>i << 3)));
  return 0;
}
export function negF64(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), f64x2.neg(v128.load(a + (<usize>i << 3))));
  return 0;
}
export function absF64(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 2) v128.store(out + (<usize>i << 3), f64x2.abs(v128.load(a + (<usize>i << 3))));
  return 0;
}
export function addF32(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 4) v128.store(out + (<usize>i << 2), f32x4.add(v128.load(a + (<usize>i << 2)), v128.load(b + (<usize>i << 2))));
  return 0;
}
export function subF32(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 4) v128.store(out + (<usize>i << 2), f32x4.sub(v128.load(a + (<usize>i << 2)), v128.load(b + (<usize>i << 2))));
  return 0;
}
export function mulF32(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 4) v128.store(out + (<usize>i << 2), f32x4.mul(v128.load(a + (<usize>i << 2)), v128.load(b + (<usize>i << 2))));
  return 0;
}
export function divF32(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 4) v128.store(out + (<usize>i << 2), f32x4.div(v128.load(a + (<usize>i << 2)), v128.load(b + (<usize>i << 2))));
  return 0;
}
export function modF32(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<f32>(out + (<usize>i << 2), load<f32>(a + (<usize>i << 2)) % load<f32>(b + (<usize>i << 2)));
  return 0;
}
export function negF32(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 4) v128.store(out + (<usize>i << 2), f32x4.neg(v128.load(a + (<usize>i << 2))));
  return 0;
}
export function absF32(a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i += 4) v128.store(out + (<usize>i << 2), f32x4.abs(v128.load(a + (<usize>i << 2))));
  return 0;
}

/** how: 0 round half away from zero, 1 floor, 2 ceil, 3 trunc, 4 square root (1 when a value is negative). */
export function roundF64(how: u32, a: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const x = load<f64>(a + (<usize>i << 3));
    let r: f64;
    if (how == 0) r = roundAway(x);
    else if (how == 1) r = floor(x);
    else if (how == 2) r = ceil(x);
    else if (how == 3) r = trunc(x);
    else { bad |= <u32>(x < 0); r = sqrt(x); }
    store<f64>(out + (<usize>i << 3), r);
  }
  return bad;
}

@inline function roundAway(x: f64): f64 {
  const magnitude = abs(x), whole = floor(magnitude);
  return copysign(whole + <f64>(magnitude - whole >= 0.5), x);
}

/** Rounded half away from zero to the digits that factor = 10^digits keeps; what that makes infinite stays as it is. */
export function roundDigitsF64(a: usize, n: u32, factor: f64, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<f64>(a + (<usize>i << 3)), r = roundAway(x * factor) / factor;
    store<f64>(out + (<usize>i << 3), abs(r) < Infinity ? r : x);
  }
  return 0;
}
