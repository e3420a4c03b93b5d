/** The encodings of Trino's spooling protocol: rows as JSON, compressed or not. */
import { promisify } from "node:util";
import * as zlib from "node:zlib";

export interface Encoding {
  readonly name: string;
  readonly compresses: boolean;
  encode(bytes: Buffer): Promise<Buffer>;
}

const encodings: readonly Encoding[] = [
  { name: "json", compresses: false, encode: async (bytes) => bytes },
  // Node.js before 22.15 has no zstd.
  ...("zstdCompress" in zlib ? [{ name: "json+zstd", compresses: true, encode: zstd }] : []),
];

/** Clients want the frame to say how long its content is. */
function zstd(bytes: Buffer): Promise<Buffer> {
  return promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)(bytes, { pledgedSrcSize: bytes.length });
}

/** The first that is known here of those that a client reads. */
export function encodingOf(wanted: readonly string[]): Encoding | undefined {
  return wanted.map(encodingNamed).find((each) => each !== undefined);
}

export function encodingNamed(name: string): Encoding | undefined {
  return encodings.find((each) => each.name === name);
}
