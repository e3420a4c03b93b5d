// Snappy's raw format (https://github.com/google/snappy/blob/main/format_description.txt), hardened: corrupt input
// gives an error code. Source and destination have ≥ 64 bytes of slack, so copies move whole vectors past their ends.

// Row `offset` holds i % offset: the shuffle that repeats the last `offset` bytes over a vector.
const repeatShuffles: usize = memory.data(16 * 16, 16);
for (let offset: u32 = 1; offset < 16; offset++) {
  for (let i: u32 = 0; i < 16; i++) store<u8>(repeatShuffles + offset * 16 + i, <u8>(i % offset));
}

/** Copies `length` bytes from `offset` back, the two ranges overlapping when offset < length; writes ≤ 31 bytes more. */
@inline
export function copyBack(to: usize, offset: usize, length: usize): void {
  let from = to - offset;
  const end = to + length;
  if (offset >= 16) {
    v128.store(to, v128.load(from));
    if (length <= 16) return;
    do {
      to += 16;
      from += 16;
      v128.store(to, v128.load(from));
    } while (to + 16 < end);
    return;
  }
  const pattern = v128.swizzle(v128.load(from), v128.load(repeatShuffles + offset * 16));
  const step: usize = 16 - (16 % offset);
  do {
    v128.store(to, pattern);
    to += step;
  } while (to < end);
}

// What a copy's tag says: its length, and above it the high bits of a one-byte offset.
const copyTags: usize = memory.data(256 * 2, 16);
for (let tag: u32 = 0; tag < 256; tag++) {
  const oneByte = (tag & 3) == 1;
  store<u16>(copyTags + tag * 2, <u16>(oneByte ? (4 + ((tag >> 2) & 7)) | ((tag >> 5) << 8) : 1 + (tag >> 2)));
}

// Where the short steps stopped reading; 0 after a copy from before the start.
let cursor: usize = 0;

/**
 * Decompresses short literals and copies with an offset of at most 2 bytes. A literal of at most 4 bytes and the copy
 * behind it, which columns of numbers are full of, come with one load and without a branch on lengths: those cannot be
 * predicted. Stops at anything else, and near the ends. Returns where it stopped writing.
 */
function shortSteps(source: usize, sourceEnd: usize, out: usize, outStart: usize, outEnd: usize): usize {
  const sourceLast = sourceEnd - 17;
  const outLast = outEnd - 68;
  while (source <= sourceLast && out <= outLast) {
    let word = load<u64>(source);
    if ((word & 3) == 0) {
      const bits = <usize>(word & 0xfc) << 1; // of the literal's bytes but one
      if (bits > 24) {
        if (bits > 120) break;
        v128.store(out, v128.load(source + 1));
        source += (bits >> 3) + 2;
        out += (bits >> 3) + 1;
        continue;
      }
      store<u32>(out, <u32>(word >> 8));
      word >>= bits + 16;
      source += (bits >> 3) + 2;
      out += (bits >> 3) + 1;
      if ((word & 3) == 0) continue;
    }
    const kind = <usize>word & 3;
    if (kind == 3) break;
    const tag: usize = load<u16>(copyTags + ((<usize>word & 255) << 1));
    const bytes = tag & 255;
    const offset = (tag & 0x700) + ((<usize>word >> 8) & ((<usize>1 << (kind << 3)) - 1));
    // One comparison refuses offset 0 too.
    if (offset - 1 >= out - outStart) {
      cursor = 0;
      return out;
    }
    source += kind + 1;
    if (bytes <= 16 && offset >= bytes) v128.store(out, v128.load(out - offset));
    else copyBack(out, offset, bytes);
    out += bytes;
  }
  cursor = source;
  return out;
}

/** Decompresses into exactly `length` bytes at `out`. Returns 0, or −1 when the input is corrupt. */
export function snappyDecompress(source: usize, sourceBytes: u32, out: usize, length: u32): i32 {
  const sourceEnd = source + sourceBytes;
  let declared: u32 = 0;
  let shift: u32 = 0;
  while (true) {
    if (source >= sourceEnd || shift > 28) return -1;
    const byte: u32 = load<u8>(source++);
    declared |= (byte & 127) << shift;
    if (byte < 128) break;
    shift += 7;
  }
  if (declared != length) return -1;
  const outStart = out;
  const outEnd = out + length;
  while (source < sourceEnd) {
    out = shortSteps(source, sourceEnd, out, outStart, outEnd);
    if (cursor == 0) return -1;
    source = cursor;
    if (source >= sourceEnd) break;
    const tag: u32 = load<u8>(source);
    const kind = tag & 3;
    if (kind == 0) {
      let bytes: usize = (tag >> 2) + 1;
      source++;
      if (bytes > 60) {
        const lengthBytes: u32 = <u32>bytes - 60;
        bytes = <usize>(load<u32>(source) & (<u32>0xffffffff >> (32 - 8 * lengthBytes))) + 1;
        source += lengthBytes;
        if (source > sourceEnd) return -1;
      }
      if (bytes > sourceEnd - source || bytes > outEnd - out) return -1;
      v128.store(out, v128.load(source));
      if (bytes > 16) {
        if (bytes <= 128) {
          let i: usize = 16;
          do {
            v128.store(out + i, v128.load(source + i));
            i += 16;
          } while (i < bytes);
        } else memory.copy(out, source, bytes);
      }
      source += bytes;
      out += bytes;
      continue;
    }
    let bytes: usize;
    let offset: usize;
    if (kind == 1) {
      bytes = 4 + ((tag >> 2) & 7);
      offset = ((tag >> 5) << 8) | <u32>load<u8>(source, 1);
      source += 2;
    } else if (kind == 2) {
      bytes = 1 + (tag >> 2);
      offset = load<u16>(source, 1);
      source += 3;
    } else {
      bytes = 1 + (tag >> 2);
      offset = load<u32>(source, 1);
      source += 5;
    }
    // One comparison refuses offset 0 too.
    if (offset - 1 >= out - outStart || bytes > outEnd - out) return -1;
    copyBack(out, offset, bytes);
    out += bytes;
  }
  return out == outEnd && source == sourceEnd ? 0 : -1;
}
