// DELTA_BINARY_PACKED and the byte array encodings built on it
// (https://github.com/apache/parquet-format/blob/master/Encodings.md). −1 stands for corrupt input.

let position: usize = 0; // 0 after a malformed number

function readVarint64(end: usize): u64 {
  let value: u64 = 0;
  let shift: u64 = 0;
  while (position < end && shift < 70) {
    const byte: u64 = load<u8>(position++);
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
    shift += 7;
  }
  position = 0;
  return 0;
}

@inline
function zigzag(value: u64): i64 {
  return <i64>(value >> 1) ^ -(<i64>(value & 1));
}

/** The `width` (≤ 64) bits at bit `bit` after `source`. */
@inline
function bitsAt(source: usize, bit: u64, width: u64, mask: u64): u64 {
  const from = source + <usize>(bit >> 3);
  const shift = bit & 7;
  let value = load<u64>(from) >> shift;
  if (shift + width > 64) value |= (<u64>load<u8>(from, 8)) << (64 - shift);
  return value & mask;
}

/** `count` integers of outBytes (4 or 8) each, wrapping as the encoding does. Returns the bytes read, or −1. */
export function deltaIntegers(source: usize, end: usize, count: u32, outBytes: u32, out: usize): i32 {
  position = source;
  const blockValues = readVarint64(end);
  if (position == 0) return -1;
  const miniblocks = readVarint64(end);
  if (position == 0) return -1;
  const total = readVarint64(end);
  if (position == 0) return -1;
  let value = zigzag(readVarint64(end));
  if (position == 0 || total != count) return -1;
  if (miniblocks == 0 || miniblocks > 4096 || blockValues > 1 << 24 || blockValues % miniblocks != 0) return -1;
  const miniblockValues = <u32>(blockValues / miniblocks);
  if (miniblockValues == 0 || miniblockValues % 8 != 0) return -1;
  if (count == 0) return <i32>(position - source);
  const wide = outBytes == 8;
  if (wide) store<i64>(out, value);
  else store<i32>(out, <i32>value);
  out += outBytes;
  let left = count - 1;
  while (left > 0) {
    const least = zigzag(readVarint64(end));
    if (position == 0 || <u64>(end - position) < miniblocks) return -1;
    const widths = position;
    position += <usize>miniblocks;
    for (let m: u32 = 0; m < <u32>miniblocks && left > 0; m++) {
      const width: u64 = load<u8>(widths + m);
      if (width > 64) return -1;
      const values = min(left, miniblockValues);
      if ((<u64>values * width + 7) >> 3 > <u64>(end - position)) return -1;
      const mask: u64 = width == 0 ? 0 : (~(<u64>0)) >> (64 - width);
      let bit: u64 = 0;
      for (let i: u32 = 0; i < values; i++) {
        value += least + <i64>bitsAt(position, bit, width, mask);
        bit += width;
        if (wide) store<i64>(out, value);
        else store<i32>(out, <i32>value);
        out += outBytes;
      }
      left -= values;
      const bytes = (<u64>miniblockValues * width) >> 3;
      position = bytes > <u64>(end - position) ? end : position + <usize>bytes;
    }
  }
  return <i32>(position - source);
}

/** Bytes of all strings of DELTA_BYTE_ARRAY given their i32 prefix and suffix lengths, or −1. */
export function deltaTextBytes(prefixes: usize, suffixes: usize, count: u32): f64 {
  let total: u64 = 0;
  let before: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const prefix: u64 = load<u32>(prefixes + (i << 2));
    const suffix: u64 = load<u32>(suffixes + (i << 2));
    if (prefix > before || suffix > 0x7fffffff) return -1;
    before = prefix + suffix;
    total += before;
  }
  return <f64>total;
}

/** Builds the strings at `text`, which has room for deltaTextBytes, with views of them at `out`. */
export function deltaText(
  prefixes: usize,
  suffixes: usize,
  count: u32,
  source: usize,
  end: usize,
  text: usize,
  out: usize,
): i32 {
  let before = text;
  for (let i: u32 = 0; i < count; i++) {
    const prefix = load<u32>(prefixes + (i << 2));
    const suffix = load<u32>(suffixes + (i << 2));
    if (suffix > <u32>(end - source)) return -1;
    memory.copy(text, before, prefix);
    memory.copy(text + prefix, source, suffix);
    store<u32>(out, text);
    store<u32>(out, prefix + suffix, 4);
    out += 8;
    before = text;
    text += prefix + suffix;
    source += suffix;
  }
  return 0;
}
