/** Definition levels where they are not simply the hybrid encoding of runs and bits. */
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { codec } from "./decompress.ts";

/**
 * A guess, from the start of a v1 page's compressed bytes, at the bytes in front of its values: so that a page can be
 * decompressed to where its values are aligned. Snappy keeps the first bytes of its input as they are.
 */
export function peekLevelBytes(number: number, bytes: Uint8Array): number {
  let at = 0;
  if (number === codec.snappy) {
    while (at < 5 && bytes[at]! >= 128) at++;
    const tag = bytes[++at] ?? 0;
    at += tag < 60 << 2 ? 1 : (tag >> 2) - 58;
  } else if (number !== codec.uncompressed) return 0;
  if (at + 4 > bytes.length) return 0;
  return 4 + (bytes[at]! | (bytes[at + 1]! << 8));
}

/**
 * Levels of the deprecated encoding BIT_PACKED, to a byte each: a bit a row, the first in the highest, no length in front.
 * Returns how many are 1. (Nobody writes them any more, but parquet-wasm would take the lowest bit first.)
 */
export function readBitPackedLevels({ u8 }: LinearMemory, source: Ptr, rows: number, out: Ptr): number {
  let ones = 0;
  for (let i = 0; i < rows; i++) {
    const bit = (u8[source + (i >> 3)]! >> (7 - (i & 7))) & 1;
    u8[out + i] = bit;
    ones += bit;
  }
  return ones;
}
