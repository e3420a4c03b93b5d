/** Answers in the encodings of Trino's spooling protocol, as inline segments (https://trino.io/docs/current/client/client-protocol.html). */
import * as zlib from "node:zlib";

interface Encoding {
  readonly name: string;
  encode(bytes: Buffer): Buffer;
}

const encodings: readonly Encoding[] = [
  { name: "json", encode: (bytes) => bytes },
  // Node.js before 22.15 has no zstd.
  ...(zlib.zstdCompressSync ? [{ name: "json+zstd", encode: (bytes: Buffer) => zlib.zstdCompressSync(bytes) }] : []),
];

/** Undefined when the client asks for none that is known here: rows go directly then. */
export function encodedData(wanted: readonly string[], rows: readonly string[]): string | undefined {
  const encoding = wanted
    .map((name) => encodings.find((each) => each.name === name))
    .find((each) => each !== undefined);
  if (!encoding) return undefined;
  const plain = Buffer.from(`[${rows.join(",")}]`);
  const bytes = encoding.encode(plain);
  const compressed = encoding.name === "json" ? {} : { uncompressedSize: plain.length };
  const metadata = { rowOffset: 0, rowsCount: rows.length, segmentSize: bytes.length, ...compressed };
  const segment = { type: "inline", data: bytes.toString("base64"), metadata };
  return JSON.stringify({ encoding: encoding.name, metadata: {}, segments: [segment] });
}
