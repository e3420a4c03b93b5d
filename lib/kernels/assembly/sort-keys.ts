// Normalised sort keys, byte by byte: see sort.ts.

const descending: u32 = 1;
const nullable: u32 = 2;
const nullsFirst: u32 = 4;
const dayMicros: i64 = 86400000000;

// @ts-ignore: decorator
@inline
function present(validity: usize, i: u32): bool {
  return validity == 0 || load<u8>(validity + i) != 0;
}

/** Adds the encoded length of each string to lengths[i] (zero for NULL). Returns the sum of what it added. */
export function addStringKeyLengths(views: usize, validity: usize, n: u32, lengths: usize): f64 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (!present(validity, i)) continue;
    const p = <usize>load<u32>(views + (i << 3));
    const length = load<u32>(views + (i << 3), 4);
    let encoded = length + 2;
    for (let k: u32 = 0; k < length; k++) encoded += <u32>(load<u8>(p + k) == 0);
    const at = lengths + (i << 2);
    store<u32>(at, load<u32>(at) + encoded);
    total += encoded;
  }
  return <f64>total;
}

/** starts[i] = base + i * fixed + the lengths before row i. starts may be lengths. */
export function keyStarts(lengths: usize, fixed: u32, n: u32, base: u32, starts: usize): void {
  let at = base;
  for (let i: u32 = 0; i < n; i++) {
    const length = fixed + (lengths == 0 ? 0 : load<u32>(lengths + (i << 2)));
    store<u32>(starts + (i << 2), at);
    at += length;
  }
  store<u32>(starts + (n << 2), at);
}

/** Writes the NULL marker where there is one. Returns where the value goes. */
// @ts-ignore: decorator
@inline
function marker(p: usize, here: bool, flags: u32): usize {
  if (!(flags & nullable)) return p;
  store<u8>(p, <u8>(here == ((flags & nullsFirst) != 0)));
  return p + 1;
}

// Each encoder appends one key to every row: at[i] is where row i's next byte goes, and moves on.

// @ts-ignore: decorator
@inline
function encodeInteger<S, U>(values: usize, validity: usize, n: u32, flags: u32, at: usize): void {
  const sign: U = <U>1 << <U>(sizeof<U>() * 8 - 1);
  const flip: U = flags & descending ? ~sign : sign;
  for (let i: u32 = 0; i < n; i++) {
    const here = present(validity, i);
    const p = marker(load<u32>(at + (i << 2)), here, flags);
    const v: U = here ? bswap<U>(load<U>(values + i * sizeof<U>()) ^ flip) : 0;
    store<U>(p, v);
    store<u32>(at + (i << 2), <u32>(p + sizeof<U>()));
  }
}

export function encodeKeyI8(values: usize, validity: usize, n: u32, flags: u32, at: usize): void { encodeInteger<i8, u8>(values, validity, n, flags, at); }
export function encodeKeyI16(values: usize, validity: usize, n: u32, flags: u32, at: usize): void { encodeInteger<i16, u16>(values, validity, n, flags, at); }
export function encodeKeyI32(values: usize, validity: usize, n: u32, flags: u32, at: usize): void { encodeInteger<i32, u32>(values, validity, n, flags, at); }
export function encodeKeyI64(values: usize, validity: usize, n: u32, flags: u32, at: usize): void { encodeInteger<i64, u64>(values, validity, n, flags, at); }

// @ts-ignore: decorator
@inline
function varying<S>(values: usize, validity: usize, n: u32): u32 {
  let bits: u64 = 0;
  let first: u64 = 0;
  let some = false;
  for (let i: u32 = 0; i < n; i++) {
    if (!present(validity, i)) continue;
    const v = <u64>load<S>(values + i * sizeof<S>());
    if (!some) first = v;
    some = true;
    bits |= v ^ first;
  }
  if (sizeof<S>() < 8) bits &= (<u64>1 << (sizeof<S>() * 8)) - 1;
  return (71 - <u32>clz<u64>(bits)) >> 3;
}

/** How many of the low bytes of integers of so many bytes differ between present rows. */
export function varyingBytes(values: usize, validity: usize, n: u32, size: u32): u32 {
  if (size == 8) return varying<i64>(values, validity, n);
  if (size == 4) return varying<i32>(values, validity, n);
  if (size == 2) return varying<i16>(values, validity, n);
  return varying<i8>(values, validity, n);
}

// @ts-ignore: decorator
@inline
function encodeLow<S, U>(values: usize, validity: usize, n: u32, flags: u32, at: usize, bytes: u32): void {
  const sign: U = <U>1 << <U>(sizeof<U>() * 8 - 1);
  const flip: U = flags & descending ? ~sign : sign;
  for (let i: u32 = 0; i < n; i++) {
    const here = present(validity, i);
    const p = marker(load<u32>(at + (i << 2)), here, flags);
    let v: u64 = here ? <u64>(load<U>(values + i * sizeof<U>()) ^ flip) : 0;
    for (let k = bytes; k > 0; k--) {
      store<u8>(p + k - 1, <u8>v);
      v >>= 8;
    }
    store<u32>(at + (i << 2), <u32>p + bytes);
  }
}

/** encodeKeyI8 … I64 with the low bytes alone: the order of rows that agree in all others. */
export function encodeKeyLow(values: usize, validity: usize, n: u32, flags: u32, at: usize, size: u32, bytes: u32): void {
  if (size == 8) encodeLow<i64, u64>(values, validity, n, flags, at, bytes);
  else if (size == 4) encodeLow<i32, u32>(values, validity, n, flags, at, bytes);
  else if (size == 2) encodeLow<i16, u16>(values, validity, n, flags, at, bytes);
  else encodeLow<i8, u8>(values, validity, n, flags, at, bytes);
}

// @ts-ignore: decorator
@inline
function store128(p: usize, high: u64, low: u64, here: bool, flip: u64): void {
  store<u64>(p, here ? bswap<u64>(high ^ flip) : 0);
  store<u64>(p, here ? bswap<u64>(low ^ flip) : 0, 8);
}

const sign64: u64 = 0x8000000000000000;

export function encodeKeyI128(values: usize, validity: usize, n: u32, flags: u32, at: usize): void {
  const flip: u64 = flags & descending ? 0xffffffffffffffff : 0;
  for (let i: u32 = 0; i < n; i++) {
    const here = present(validity, i);
    const p = marker(load<u32>(at + (i << 2)), here, flags);
    store128(p, load<u64>(values + (i << 4), 8) ^ sign64, load<u64>(values + (i << 4)), here, flip);
    store<u32>(at + (i << 2), <u32>p + 16);
  }
}

/** By length, a month being 30 days and a day 24 hours: whole days, then the rest. */
export function encodeKeyInterval(values: usize, validity: usize, n: u32, flags: u32, at: usize): void {
  const flip: u64 = flags & descending ? 0xffffffffffffffff : 0;
  for (let i: u32 = 0; i < n; i++) {
    const here = present(validity, i);
    const p = marker(load<u32>(at + (i << 2)), here, flags);
    const v = values + (i << 4);
    const micros = load<i64>(v, 8);
    let days = micros / dayMicros;
    let rest = micros % dayMicros;
    if (rest < 0) {
      rest += dayMicros;
      days--;
    }
    days += <i64>load<i32>(v) * 30 + <i64>load<i32>(v, 4);
    store128(p, <u64>days ^ sign64, <u64>rest, here, flip);
    store<u32>(at + (i << 2), <u32>p + 16);
  }
}

// Floats: NaN is canonical and the greatest, -0 is 0. Positive numbers get their sign set, negative ones are inverted.

export function encodeKeyF32(values: usize, validity: usize, n: u32, flags: u32, at: usize): void {
  const flip: u32 = flags & descending ? 0xffffffff : 0;
  for (let i: u32 = 0; i < n; i++) {
    const here = present(validity, i);
    const p = marker(load<u32>(at + (i << 2)), here, flags);
    const f = load<f32>(values + (i << 2));
    const b: u32 = f != f ? 0x7fc00000 : reinterpret<u32>(f + <f32>0.0);
    const ordered = b ^ (<u32>(<i32>b >> 31) | 0x80000000);
    store<u32>(p, here ? bswap<u32>(ordered ^ flip) : 0);
    store<u32>(at + (i << 2), <u32>p + 4);
  }
}

export function encodeKeyF64(values: usize, validity: usize, n: u32, flags: u32, at: usize): void {
  const flip: u64 = flags & descending ? 0xffffffffffffffff : 0;
  for (let i: u32 = 0; i < n; i++) {
    const here = present(validity, i);
    const p = marker(load<u32>(at + (i << 2)), here, flags);
    const f = load<f64>(values + (i << 3));
    const b: u64 = f != f ? 0x7ff8000000000000 : reinterpret<u64>(f + 0.0);
    const ordered = b ^ (<u64>(<i64>b >> 63) | sign64);
    store<u64>(p, here ? bswap<u64>(ordered ^ flip) : 0);
    store<u32>(at + (i << 2), <u32>p + 8);
  }
}

/** A zero byte becomes 0 255, the end is 0 0: shorter strings come first and none is a prefix of another. */
export function encodeKeyView(values: usize, validity: usize, n: u32, flags: u32, at: usize): void {
  const flip: u8 = flags & descending ? 255 : 0;
  for (let i: u32 = 0; i < n; i++) {
    const here = present(validity, i);
    let p = marker(load<u32>(at + (i << 2)), here, flags);
    if (here) {
      const from = <usize>load<u32>(values + (i << 3));
      const length = load<u32>(values + (i << 3), 4);
      for (let k: u32 = 0; k < length; k++) {
        const byte = load<u8>(from + k);
        store<u8>(p++, byte ^ flip);
        if (byte == 0) store<u8>(p++, 255 ^ flip);
      }
      store<u8>(p, flip);
      store<u8>(p, flip, 1);
      p += 2;
    }
    store<u32>(at + (i << 2), <u32>p);
  }
}
