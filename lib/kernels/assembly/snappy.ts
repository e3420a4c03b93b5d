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
