/** Bytes of an object or a part: small ones in memory, others in files, joined without copying. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";

export interface Segment {
  readonly bytes: number;
  readonly at: Buffer | string;
  /** Whether its file goes with it. */
  readonly owned: boolean;
}

export interface StoredBody {
  readonly segments: readonly Segment[];
  readonly bytes: number;
  /** Hex. */
  readonly md5: string;
  readonly crc32: number;
}

const memoryBytesMax = 256 << 10;

/** Takes a stream in. `newPath` names a file that is written when the stream is too long for memory. */
export async function storeBody(source: AsyncIterable<Buffer>, newPath: () => string): Promise<StoredBody> {
  const hash = createHash("md5");
  let crc = 0;
  let bytes = 0;
  const head: Buffer[] = [];
  const measured = (async function* () {
    for await (const chunk of source) {
      hash.update(chunk);
      crc = crc32(chunk, crc);
      bytes += chunk.length;
      yield chunk;
    }
  })();
  for (;;) {
    const { value, done } = await measured.next();
    if (done)
      return {
        segments: [{ bytes, at: Buffer.concat(head), owned: false }],
        bytes,
        md5: hash.digest("hex"),
        crc32: crc,
      };
    head.push(value);
    if (bytes > memoryBytesMax) break;
  }
  const path = newPath();
  const all = (async function* () {
    yield* head;
    yield* measured;
  })();
  await pipeline(all, createWriteStream(path));
  return { segments: [{ bytes, at: path, owned: true }], bytes, md5: hash.digest("hex"), crc32: crc };
}

/** The bytes [from, to). */
export function readBodyRange(segments: readonly Segment[], from: number, to: number): Readable | Buffer {
  const wanted: (Buffer | { path: string; from: number; to: number })[] = [];
  let start = 0;
  for (const { bytes, at } of segments) {
    const [a, b] = [Math.max(from, start) - start, Math.min(to, start + bytes) - start];
    start += bytes;
    if (a >= b) continue;
    wanted.push(typeof at === "string" ? { path: at, from: a, to: b } : at.subarray(a, b));
  }
  if (wanted.every((each) => Buffer.isBuffer(each))) return wanted.length === 1 ? wanted[0]! : Buffer.concat(wanted);
  return Readable.from(
    (async function* () {
      for (const each of wanted) {
        if (Buffer.isBuffer(each)) yield each;
        else yield* createReadStream(each.path, { start: each.from, end: each.to - 1, highWaterMark: 1 << 20 });
      }
    })(),
    { objectMode: false },
  );
}

/** Removes the files that are gone with it. */
export async function dropBody(segments: readonly Segment[]): Promise<void> {
  for (const { at, owned } of segments) if (owned && typeof at === "string") await rm(at, { force: true });
}
