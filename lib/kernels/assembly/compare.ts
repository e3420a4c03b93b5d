// Comparisons of two vectors to bytes. op: 0 equal, 1 not equal, 2 less, 3 less or equal.
// NaN equals NaN and is above every number; −0 equals 0; strings compare by bytes.

@inline function compareIntegers<T>(op: u32, a: usize, b: usize, n: u32, out: usize): void {
  const w: u32 = sizeof<T>();
  if (op == 0) for (let i: u32 = 0; i < n; i++) store<u8>(out + i, <u8>(load<T>(a + i * w) == load<T>(b + i * w)));
  else if (op == 1) for (let i: u32 = 0; i < n; i++) store<u8>(out + i, <u8>(load<T>(a + i * w) != load<T>(b + i * w)));
  else if (op == 2) for (let i: u32 = 0; i < n; i++) store<u8>(out + i, <u8>(load<T>(a + i * w) < load<T>(b + i * w)));
  else for (let i: u32 = 0; i < n; i++) store<u8>(out + i, <u8>(load<T>(a + i * w) <= load<T>(b + i * w)));
}

export function compareI8(op: u32, a: usize, b: usize, n: u32, out: usize): void { compareIntegers<i8>(op, a, b, n, out); }
export function compareI16(op: u32, a: usize, b: usize, n: u32, out: usize): void { compareIntegers<i16>(op, a, b, n, out); }
export function compareI32(op: u32, a: usize, b: usize, n: u32, out: usize): void { compareIntegers<i32>(op, a, b, n, out); }
export function compareI64(op: u32, a: usize, b: usize, n: u32, out: usize): void { compareIntegers<i64>(op, a, b, n, out); }

@inline function floatEqual<T>(x: T, y: T): u8 { return <u8>(x == y) | (<u8>(x != x) & <u8>(y != y)); }
@inline function floatLess<T>(x: T, y: T): u8 { return <u8>(x < y) | (<u8>(x == x) & <u8>(y != y)); }

@inline function compareFloats<T>(op: u32, a: usize, b: usize, n: u32, out: usize): void {
  const w: u32 = sizeof<T>();
  if (op < 2) for (let i: u32 = 0; i < n; i++) store<u8>(out + i, floatEqual<T>(load<T>(a + i * w), load<T>(b + i * w)) ^ <u8>op);
  else if (op == 2) for (let i: u32 = 0; i < n; i++) store<u8>(out + i, floatLess<T>(load<T>(a + i * w), load<T>(b + i * w)));
  else for (let i: u32 = 0; i < n; i++) store<u8>(out + i, 1 ^ floatLess<T>(load<T>(b + i * w), load<T>(a + i * w)));
}

export function compareF32(op: u32, a: usize, b: usize, n: u32, out: usize): void { compareFloats<f32>(op, a, b, n, out); }
export function compareF64(op: u32, a: usize, b: usize, n: u32, out: usize): void { compareFloats<f64>(op, a, b, n, out); }

@inline function less128(a: usize, b: usize): bool {
  const x = load<i64>(a, 8), y = load<i64>(b, 8);
  return x < y || (x == y && load<u64>(a) < load<u64>(b));
}

@inline function equal128(a: usize, b: usize): bool { return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8); }

export function compareI128(op: u32, a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = a + (<usize>i << 4), y = b + (<usize>i << 4);
    let hit: bool;
    if (op < 2) hit = equal128(x, y) != (op == 1);
    else if (op == 2) hit = less128(x, y);
    else hit = !less128(y, x);
    store<u8>(out + i, <u8>hit);
  }
}

/** Whether two byte strings of one length are equal. Reads up to 7 bytes past their ends. */
@inline export function equalBytes(a: usize, b: usize, length: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= length; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  const rest = length - i;
  return rest == 0 || ((load<u64>(a + i) ^ load<u64>(b + i)) << (64 - ((<u64>rest) << 3))) == 0;
}

/** Whether bytes a come before bytes b. Reads up to 7 bytes past their ends. */
export function lessBytes(a: usize, aLength: u32, b: usize, bLength: u32): bool {
  const length = aLength < bLength ? aLength : bLength;
  for (let i: u32 = 0; i < length; i += 8) {
    const x = load<u64>(a + i), y = load<u64>(b + i);
    if (x == y) continue;
    const at = <u32>ctz(x ^ y) & 56;
    if (i + (at >> 3) >= length) break;
    return <u8>(x >> at) < <u8>(y >> at);
  }
  return aLength < bLength;
}

export function compareView(op: u32, a: usize, b: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<u32>(a + (<usize>i << 3)), xLength = load<u32>(a + (<usize>i << 3), 4);
    const y = load<u32>(b + (<usize>i << 3)), yLength = load<u32>(b + (<usize>i << 3), 4);
    let hit: bool;
    if (op < 2) hit = (xLength == yLength && equalBytes(x, y, xLength)) != (op == 1);
    else if (op == 2) hit = lessBytes(x, xLength, y, yLength);
    else hit = !lessBytes(y, yLength, x, xLength);
    store<u8>(out + i, <u8>hit);
  }
}
