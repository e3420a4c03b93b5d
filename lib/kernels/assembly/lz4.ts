// LZ4's block format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): Parquet's LZ4_RAW, and the blocks in Hadoop's LZ4, hardened.
import { copyBack } from "./snappy";

/** Decompresses into at most `length` bytes at `out`. Returns how many they are, or −1 when the input is corrupt. */
export function lz4Decompress(source: usize, sourceBytes: u32, out: usize, length: u32): i32 {
  const sourceEnd = source + sourceBytes;
  const outStart = out;
  const outEnd = out + length;
  while (source < sourceEnd) {
    const token: u32 = load<u8>(source++);
    let bytes: usize = token >> 4;
    if (bytes == 15) {
      let more: u32;
      do {
        if (source >= sourceEnd) return -1;
        more = load<u8>(source++);
        bytes += more;
        if (bytes > length) return -1;
      } while (more == 255);
    }
    if (bytes > sourceEnd - source || bytes > outEnd - out) return -1;
    if (bytes <= 16) v128.store(out, v128.load(source));
    else memory.copy(out, source, bytes);
    source += bytes;
    out += bytes;
    if (source == sourceEnd) break; // the last sequence is literals alone
    if (sourceEnd - source < 2) return -1;
    const offset: usize = load<u16>(source);
    source += 2;
    bytes = (token & 15) + 4;
    if (bytes == 19) {
      let more: u32;
      do {
        if (source >= sourceEnd) return -1;
        more = load<u8>(source++);
        bytes += more;
        if (bytes > length) return -1;
      } while (more == 255);
    }
    if (offset - 1 >= out - outStart || bytes > outEnd - out) return -1;
    copyBack(out, offset, bytes);
    out += bytes;
  }
  return <i32>(out - outStart);
}
