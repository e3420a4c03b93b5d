// Parquet's hybrid of run lengths and bit packing: dictionary codes, definition levels, booleans
// (https://github.com/apache/parquet-format/blob/master/Encodings.md). Sources and outputs have ≥ 64 bytes of slack.

// Bit unpacking by SIMD: a shuffle brings the bytes of each value into its lane, a multiplication by a power of two
// moves its bits to the lane's top, and one shift brings them down.
// Widths 1–8: eight values in 16-bit lanes. Per width: shuffle, factors.
const narrowTables: usize = memory.data(9 * 32, 16);
// Widths 9–25: four values in 32-bit lanes, twice. Per width: shuffle, factors, shuffle, factors.
const wideTables: usize = memory.data(26 * 64, 16);
for (let width: u32 = 1; width <= 8; width++) {
  const table = narrowTables + width * 32;
  for (let i: u32 = 0; i < 8; i++) {
    const bit = i * width;
    store<u8>(table + i * 2, <u8>(bit >> 3));
    store<u8>(table + i * 2 + 1, <u8>((bit >> 3) + 1));
    store<u16>(table + 16 + i * 2, <u16>((<u32>1) << (16 - width - (bit & 7))));
  }
}
for (let width: u32 = 9; width <= 25; width++) {
  const half = (4 * width) >> 3; // byte where value 4 starts
  for (let i: u32 = 0; i < 8; i++) {
    const table = wideTables + width * 64 + (i >> 2) * 32;
    const lane = i & 3;
    const bit = i < 4 ? i * width : i * width - half * 8;
    for (let j: u32 = 0; j < 4; j++) store<u8>(table + lane * 4 + j, <u8>((bit >> 3) + j));
    store<u32>(table + 16 + lane * 4, (<u32>1) << (32 - width - (bit & 7)));
  }
}

// Where readVarint stopped; 0 after a malformed number.
let cursor: usize = 0;

function readVarint(source: usize, end: usize): u32 {
  let value: u32 = 0;
  let shift: u32 = 0;
  while (source < end && shift < 35) {
    const byte: u32 = load<u8>(source++);
    value |= (byte & 127) << shift;
    if (byte < 128) {
      cursor = source;
      return value;
    }
    shift += 7;
  }
  cursor = 0;
  return 0;
}

/** Eight values of width 1–8 as u16 lanes. */
@inline
function unpackNarrow(source: usize, shuffle: v128, factors: v128, shift: i32): v128 {
  return i16x8.shr_u(i16x8.mul(v128.swizzle(v128.load(source), shuffle), factors), shift);
}

/** Four values of width 9–25 as u32 lanes. */
@inline
function unpackWide(source: usize, shuffle: v128, factors: v128, shift: i32): v128 {
  return i32x4.shr_u(i32x4.mul(v128.swizzle(v128.load(source), shuffle), factors), shift);
}

/** `groups` groups of eight values of width 1–8. */
function unpackNarrowGroups(source: usize, width: u32, groups: u32, outBytes: u32, out: usize): void {
  const shuffle = v128.load(narrowTables + width * 32);
  const factors = v128.load(narrowTables + width * 32 + 16);
  const shift: i32 = 16 - width;
  if (outBytes == 1) {
    let group: u32 = 0;
    for (; group + 2 <= groups; group += 2) {
      const first = unpackNarrow(source, shuffle, factors, shift);
      const second = unpackNarrow(source + width, shuffle, factors, shift);
      v128.store(out, i8x16.narrow_i16x8_u(first, second));
      source += 2 * width;
      out += 16;
    }
    if (group < groups) {
      const last = unpackNarrow(source, shuffle, factors, shift);
      v128.store(out, i8x16.narrow_i16x8_u(last, last));
    }
    return;
  }
  for (let group: u32 = 0; group < groups; group++) {
    const values = unpackNarrow(source, shuffle, factors, shift);
    source += width;
    if (outBytes == 2) {
      v128.store(out, values);
      out += 16;
    } else {
      v128.store(out, i32x4.extend_low_i16x8_u(values));
      v128.store(out, i32x4.extend_high_i16x8_u(values), 16);
      out += 32;
    }
  }
}

/** `groups` groups of eight values of width 9–25 as u16 (width ≤ 16) or u32. */
function unpackWideGroups(source: usize, width: u32, groups: u32, outBytes: u32, out: usize): void {
  const table = wideTables + width * 64;
  const shuffleLow = v128.load(table);
  const factorsLow = v128.load(table, 16);
  const shuffleHigh = v128.load(table, 32);
  const factorsHigh = v128.load(table, 48);
  const shift: i32 = 32 - width;
  const half = (4 * width) >> 3;
  for (let group: u32 = 0; group < groups; group++) {
    const low = unpackWide(source, shuffleLow, factorsLow, shift);
    const high = unpackWide(source + half, shuffleHigh, factorsHigh, shift);
    source += width;
    if (outBytes == 2) {
      v128.store(out, i16x8.narrow_i32x4_u(low, high));
      out += 16;
    } else {
      v128.store(out, low);
      v128.store(out, high, 16);
      out += 32;
    }
  }
}

@inline
function storeCode(out: usize, index: u32, outBytes: u32, value: u32): void {
  if (outBytes == 1) store<u8>(out + index, <u8>value);
  else if (outBytes == 2) store<u16>(out + (index << 1), <u16>value);
  else store<u32>(out + (index << 2), value);
}

/** Any width to any output, one value at a time; false when a value is not below the limit. */
function unpackSlow(source: usize, width: u32, count: u32, limit: u32, outBytes: u32, out: usize): bool {
  const mask: u64 = width == 0 ? 0 : (~(<u64>0)) >> (64 - <u64>width);
  let bit: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const value = <u32>((load<u64>(source + <usize>(bit >> 3)) >> (bit & 7)) & mask);
    if (value >= limit) return false;
    storeCode(out, i, outBytes, value);
    bit += width;
  }
  return true;
}

function fillCodes(out: usize, count: u32, value: u32, outBytes: u32): void {
  if (outBytes == 1) {
    memory.fill(out, <u8>value, count);
    return;
  }
  const vector = outBytes == 2 ? i16x8.splat(<i16>value) : i32x4.splat(value);
  const end = out + (<usize>count) * outBytes;
  for (; out < end; out += 16) v128.store(out, vector);
}

/** Whether all codes are below the limit (1 ≤ limit). */
function belowLimit(codes: usize, count: u32, outBytes: u32, limit: u32): bool {
  const end = codes + (<usize>count) * outBytes;
  const whole = codes + ((<usize>count * outBytes) & ~15);
  let most = i32x4.splat(0);
  let greatest: u32 = 0;
  if (outBytes == 1) {
    if (limit > 255) return true;
    for (; codes < whole; codes += 16) most = i8x16.max_u(most, v128.load(codes));
    for (; codes < end; codes++) greatest = max(greatest, <u32>load<u8>(codes));
    if (greatest >= limit) return false;
    return !v128.any_true(i8x16.gt_u(most, i8x16.splat(<i8>(limit - 1))));
  }
  if (outBytes == 2) {
    if (limit > 65535) return true;
    for (; codes < whole; codes += 16) most = i16x8.max_u(most, v128.load(codes));
    for (; codes < end; codes += 2) greatest = max(greatest, <u32>load<u16>(codes));
    if (greatest >= limit) return false;
    return !v128.any_true(i16x8.gt_u(most, i16x8.splat(<i16>(limit - 1))));
  }
  for (; codes < whole; codes += 16) most = i32x4.max_u(most, v128.load(codes));
  for (; codes < end; codes += 4) greatest = max(greatest, load<u32>(codes));
  if (greatest >= limit) return false;
  return !v128.any_true(i32x4.gt_u(most, i32x4.splat(limit - 1)));
}

/**
 * `count` codes of `width` bits (0–32), each below `limit`, into `out` at outBytes (1, 2, 4) each, where limit fits.
 * Returns 0, or −1 when the input is corrupt.
 */
export function rleCodes(source: usize, end: usize, width: u32, count: u32, limit: u32, outBytes: u32, out: usize): i32 {
  if (width > 32) return -1;
  const runBytes = (width + 7) >> 3;
  const simdNarrow = width >= 1 && width <= 8;
  const simdWide = width >= 9 && width <= 25 && (outBytes == 4 || (outBytes == 2 && width <= 16));
  let done: u32 = 0;
  let unchecked = false;
  while (done < count) {
    const head = readVarint(source, end);
    if (cursor == 0) return -1;
    source = cursor;
    const left = count - done;
    const to = out + (<usize>done) * outBytes;
    if (head & 1) {
      const groups = head >> 1;
      const values = groups > left >> 3 ? left : groups << 3;
      if ((<u64>values * width + 7) >> 3 > <u64>(end - source)) return -1;
      const wanted = (values + 7) >> 3;
      if (simdNarrow) unpackNarrowGroups(source, width, wanted, outBytes, to);
      else if (simdWide) unpackWideGroups(source, width, wanted, outBytes, to);
      else if (!unpackSlow(source, width, values, limit, outBytes, to)) return -1;
      unchecked = true;
      done += values;
      const bytes = <u64>groups * width;
      source = bytes > <u64>(end - source) ? end : source + <usize>bytes;
    } else {
      const run = min(head >> 1, left);
      if (runBytes > <u32>(end - source)) return -1;
      const value: u32 = runBytes == 0 ? 0 : load<u32>(source) & (<u32>0xffffffff >> (32 - 8 * runBytes));
      source += runBytes;
      if (run > 0 && value >= limit) return -1;
      fillCodes(to, run, value, outBytes);
      done += run;
    }
  }
  return !unchecked || belowLimit(out, count, outBytes, limit) ? 0 : -1;
}

const bitMasks = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
const byteSpread = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);

/** `count` bits, least significant first, as bytes 0 or 1. Writes up to 15 bytes more. */
export function expandBits(source: usize, count: u32, out: usize): void {
  const end = out + count;
  const one = i8x16.splat(1);
  for (; out < end; out += 16, source += 2) {
    const bits = v128.swizzle(i16x8.splat(load<i16>(source)), byteSpread);
    v128.store(out, v128.and(i8x16.eq(v128.and(bits, bitMasks), bitMasks), one));
  }
}

/** Number of ones among `count` bytes that are 0 or 1. */
export function countOnes(bytes: usize, count: u32): u32 {
  const end = bytes + count;
  const whole = bytes + (count & ~7);
  let total: u64 = 0;
  for (; bytes < whole; bytes += 8) total += (load<u64>(bytes) * 0x0101010101010101) >> 56;
  for (; bytes < end; bytes++) total += load<u8>(bytes);
  return <u32>total;
}

/**
 * `count` values of one bit (definition levels of flat columns, booleans) as bytes 0 or 1.
 * Returns the number of ones, or −1 when the input is corrupt.
 */
export function rleBits(source: usize, end: usize, count: u32, out: usize): i32 {
  let done: u32 = 0;
  while (done < count) {
    const head = readVarint(source, end);
    if (cursor == 0) return -1;
    source = cursor;
    const left = count - done;
    if (head & 1) {
      const groups = head >> 1;
      const values = groups > left >> 3 ? left : groups << 3;
      if ((values + 7) >> 3 > <u32>(end - source)) return -1;
      expandBits(source, values, out + done);
      done += values;
      source = groups > <u32>(end - source) ? end : source + groups;
    } else {
      if (source >= end) return -1;
      const value: u32 = load<u8>(source++);
      if (value > 1) return -1;
      const run = min(head >> 1, left);
      memory.fill(out + done, <u8>value, run);
      done += run;
    }
  }
  return <i32>countOnes(out, count);
}

/** out[i] = 1 where a byte is `value`, else 0; how many are. */
export function markBytes(bytes: usize, count: u32, value: u32, out: usize): u32 {
  let equal: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const same: u32 = load<u8>(bytes + i) == <u8>value ? 1 : 0;
    store<u8>(out + i, <u8>same);
    equal += same;
  }
  return equal;
}
