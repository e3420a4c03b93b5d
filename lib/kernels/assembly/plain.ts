// Stored values → our layouts: views of byte arrays, changes of width, big-endian decimals, old timestamps,
// and the spreading of present values over rows. Functions that can fail return 0, or −1 when the input is corrupt.

/** Views (pointer, length) of `count` byte arrays, each after its u32 length. */
export function plainViews(source: usize, end: usize, count: u32, out: usize): i32 {
  for (let i: u32 = 0; i < count; i++) {
    if (end - source < 4 || source > end) return -1;
    const length = load<u32>(source);
    source += 4;
    if (length > <u32>(end - source)) return -1;
    store<u32>(out, source);
    store<u32>(out, length, 4);
    out += 8;
    source += length;
  }
  return 0;
}

/** Views of `count` byte arrays of one length, side by side. */
export function fixedViews(source: usize, length: u32, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(out, source);
    store<u32>(out, length, 4);
    out += 8;
    source += length;
  }
}

/** Views of byte arrays side by side, of the given i32 lengths. */
export function lengthViews(lengths: usize, count: u32, source: usize, end: usize, out: usize): i32 {
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(lengths + (i << 2));
    if (length > <u32>(end - source)) return -1;
    store<u32>(out, source);
    store<u32>(out, length, 4);
    out += 8;
    source += length;
  }
  return 0;
}

/** out[row] = the next value where valid[row] is 1, else 0. */
export function spread1(values: usize, valid: usize, rows: u32, out: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    const present = <u32>load<u8>(valid + i);
    store<u8>(out + i, <u8>(load<u8>(values) & (0 - present)));
    values += present;
  }
}

export function spread2(values: usize, valid: usize, rows: u32, out: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    const present = <u32>load<u8>(valid + i);
    store<u16>(out + (i << 1), <u16>(load<u16>(values) & (0 - present)));
    values += present << 1;
  }
}

export function spread4(values: usize, valid: usize, rows: u32, out: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    const present = <u32>load<u8>(valid + i);
    store<u32>(out + (i << 2), load<u32>(values) & (0 - present));
    values += present << 2;
  }
}

export function spread8(values: usize, valid: usize, rows: u32, out: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    const present = <u32>load<u8>(valid + i);
    store<u64>(out + (i << 3), load<u64>(values) & (0 - <u64>present));
    values += present << 3;
  }
}

export function spread16(values: usize, valid: usize, rows: u32, out: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    const present = <u32>load<u8>(valid + i);
    v128.store(out + (i << 4), v128.and(v128.load(values), i32x4.splat(0 - present)));
    values += present << 4;
  }
}

/** The low byte of each i32. */
export function narrow4to1(values: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u8>(out + i, load<u8>(values + (i << 2)));
}

export function narrow4to2(values: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u16>(out + (i << 1), load<u16>(values + (i << 2)));
}

export function signExtend4to8(values: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i += 4) {
    const four = v128.load(values + (i << 2));
    v128.store(out + (i << 3), i64x2.extend_low_i32x4_s(four));
    v128.store(out + (i << 3), i64x2.extend_high_i32x4_s(four), 16);
  }
}

export function zeroExtend4to8(values: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i += 4) {
    const four = v128.load(values + (i << 2));
    v128.store(out + (i << 3), i64x2.extend_low_i32x4_u(four));
    v128.store(out + (i << 3), i64x2.extend_high_i32x4_u(four), 16);
  }
}

export function zeroExtend8to16(values: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u64>(out + (i << 4), load<u64>(values + (i << 3)));
    store<u64>(out + (i << 4), 0, 8);
  }
}

/** Milliseconds to microseconds; −1 when one overflows. */
export function millisToMicros(values: usize, count: u32, out: usize): i32 {
  const most: i64 = i64.MAX_VALUE / 1000;
  for (let i: u32 = 0; i < count; i++) {
    const value = load<i64>(values + (i << 3));
    if (value > most || value < -most) return -1;
    store<i64>(out + (i << 3), value * 1000);
  }
  return 0;
}

@inline
function floorDivide(value: i64, by: i64): i64 {
  const quotient = value / by;
  return quotient - <i64>(value < quotient * by);
}

/** Nanoseconds to microseconds, rounding down. */
export function nanosToMicros(values: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    store<i64>(out + (i << 3), floorDivide(load<i64>(values + (i << 3)), 1000));
  }
}

/** INT96 timestamps (i64 nanoseconds of the day, u32 Julian day) to microseconds since 1970; −1 when out of range. */
export function int96ToMicros(values: usize, count: u32, out: usize): i32 {
  const daysMost: i64 = 106_000_000;
  for (let i: u32 = 0; i < count; i++) {
    const days = <i64>load<i32>(values, 8) - 2_440_588;
    if (days > daysMost || days < -daysMost) return -1;
    store<i64>(out + (i << 3), days * 86_400_000_000 + floorDivide(load<i64>(values), 1000));
    values += 12;
  }
  return 0;
}

/** One big-endian two's complement integer as 8 or 16 bytes; false when it does not fit. Reads up to 16 bytes before. */
@inline
function bigEndian(from: usize, length: u32, outBytes: u32, out: usize): bool {
  if (length == 0) return false;
  const end = from + length;
  let low = <i64>bswap<u64>(load<u64>(end - 8));
  let high: i64;
  if (length <= 8) {
    const shift = <i64>(64 - 8 * length);
    low = (low << shift) >> shift;
    high = low >> 63;
  } else {
    high = <i64>bswap<u64>(load<u64>(end - 16));
    if (length < 16) {
      const shift = <i64>(128 - 8 * length);
      high = (high << shift) >> shift;
    }
    const sign = <u8>(high >> 63);
    for (; from + 16 < end; from++) if (load<u8>(from) != sign) return false;
  }
  store<i64>(out, low);
  if (outBytes == 8) return high == low >> 63;
  store<i64>(out, high, 8);
  return true;
}

export function bigEndianFixed(source: usize, length: u32, count: u32, outBytes: u32, out: usize): i32 {
  for (let i: u32 = 0; i < count; i++) {
    if (!bigEndian(source, length, outBytes, out)) return -1;
    source += length;
    out += outBytes;
  }
  return 0;
}

export function bigEndianViews(views: usize, count: u32, outBytes: u32, out: usize): i32 {
  for (let i: u32 = 0; i < count; i++) {
    if (!bigEndian(load<u32>(views), load<u32>(views, 4), outBytes, out)) return -1;
    views += 8;
    out += outBytes;
  }
  return 0;
}

/** IEEE 754 half precision to single. */
export function halfToSingle(values: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const half: u32 = load<u16>(values + (i << 1));
    const sign = (half & 0x8000) << 16;
    const rest = half & 0x7fff;
    let bits: u32;
    if (rest >= 0x7c00) bits = 0x7f800000 | ((rest & 0x3ff) << 13);
    else if (rest >= 0x400) bits = (rest << 13) + ((127 - 15) << 23);
    else bits = reinterpret<u32>(<f32>rest * <f32>5.9604644775390625e-8); // 2^-24
    store<u32>(out + (i << 2), sign | bits);
  }
}

/** 16-byte UUIDs as text of 36 bytes each at `text`, with views of it at `out`. */
export function uuidText(values: usize, count: u32, text: usize, out: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(out, text);
    store<u32>(out, 36, 4);
    out += 8;
    for (let j: u32 = 0; j < 16; j++) {
      if (j == 4 || j == 6 || j == 8 || j == 10) store<u8>(text++, 45);
      const byte: u32 = load<u8>(values++);
      const high = byte >> 4;
      const low = byte & 15;
      store<u8>(text, <u8>(high + (high < 10 ? 48 : 87)));
      store<u8>(text, <u8>(low + (low < 10 ? 48 : 87)), 1);
      text += 2;
    }
  }
}

/** Parquet intervals (u32 months, days, milliseconds) to ours (i32 months, i32 days, i64 microseconds). */
export function intervalValues(values: usize, count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u64>(out, load<u64>(values));
    store<i64>(out, (<i64>load<u32>(values, 8)) * 1000, 8);
    values += 12;
    out += 16;
  }
}

/** BYTE_STREAM_SPLIT: byte b of value i lies at source[b · count + i]. */
export function byteStreamJoin(source: usize, width: u32, count: u32, out: usize): void {
  for (let byte: u32 = 0; byte < width; byte++) {
    let to = out + byte;
    for (let i: u32 = 0; i < count; i++) {
      store<u8>(to, load<u8>(source++));
      to += width;
    }
  }
}
