/** Page decompression into linear memory: snappy and both LZ4 by our kernels, the rest by Node's zlib. */
import * as zlib from "node:zlib";
import type { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";

/** CompressionCodec numbers of the format. */
export const codec = { uncompressed: 0, snappy: 1, gzip: 2, lzo: 3, brotli: 4, lz4: 5, zstd: 6, lz4Raw: 7 } as const;

/** Whether this process can decompress a codec. (LZO is left to the other reader.) */
export function canDecompress(number: number): boolean {
  if (number === codec.zstd) return typeof zlib.zstdDecompressSync === "function"; // Node 22.15 and later
  return number !== codec.lzo && number >= 0 && number <= codec.lz4Raw;
}

/**
 * Decompresses `source` to exactly `bytes` bytes at `out`; false when the data is corrupt.
 * `staging` holds the compressed bytes for the kernels.
 */
export function decompress(
  memory: LinearMemory,
  staging: GrowableBlock,
  number: number,
  source: Uint8Array,
  out: Ptr,
  bytes: number,
): boolean {
  if (number === codec.uncompressed) {
    if (source.length !== bytes) return false;
    memory.u8.set(source, out);
    return true;
  }
  if (number === codec.snappy || number === codec.lz4Raw || number === codec.lz4) {
    const from = staging.ensure(source.length);
    memory.u8.set(source, from);
    const { snappyDecompress, lz4Decompress } = memory.kernels;
    if (number === codec.snappy) return snappyDecompress(from, source.length, out, bytes) === 0;
    if (bytes === 0) return true; // framed or not, there is nothing in it
    if (number === codec.lz4 && hadoopLz4(memory, from, source.length, out, bytes)) return true;
    // Some writers called bare blocks LZ4 before there was a name for them.
    return lz4Decompress(from, source.length, out, bytes) === bytes;
  }
  const plain = inflate(number, source, bytes);
  if (plain?.length !== bytes) return false;
  memory.u8.set(plain, out);
  return true;
}

/**
 * LZ4 as Hadoop frames it: blocks, each the size of its content (u32, big-endian) and compressed chunks, each after its
 * own size, until the content is complete. Source: BlockCompressorStream of Hadoop.
 */
function hadoopLz4(memory: LinearMemory, from: Ptr, length: number, out: Ptr, bytes: number): boolean {
  const { view, kernels } = memory;
  const end = from + length;
  let at = from;
  let done = 0;
  while (end - at >= 4) {
    const blockEnd = done + view.getUint32(at);
    at += 4;
    if (blockEnd > bytes) return false;
    while (done < blockEnd) {
      if (end - at < 4) return false;
      const chunk = view.getUint32(at);
      at += 4;
      if (chunk > end - at) return false;
      const written = kernels.lz4Decompress(at, chunk, out + done, blockEnd - done);
      if (written <= 0) return false;
      at += chunk;
      done += written;
    }
  }
  return at === end && done === bytes;
}

function inflate(number: number, source: Uint8Array, bytes: number): Uint8Array | undefined {
  if (bytes === 0 && source.length === 0) return source;
  const options = { maxOutputLength: Math.max(bytes, 1) };
  try {
    if (number === codec.gzip) return zlib.gunzipSync(source, options);
    if (number === codec.brotli) return zlib.brotliDecompressSync(source, options);
    return zlib.zstdDecompressSync(source, options);
  } catch {
    return undefined; // not this format, or longer than it says
  }
}
