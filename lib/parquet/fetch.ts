/** Reads byte ranges of one file: near ones in one request, all requests at once. */
import { giveBytes, takeBytes } from "../storage/byte-buffers.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { ByteRange, ParquetFooter } from "./footer.ts";

/** Ranges closer than this are read together: the bytes between cost less than another round trip. */
const gapBytesMax = 128 << 10;
/** Requests are merged up to this size, so that decoding can start before everything has arrived. */
const mergedBytesMax = 16 << 20;

/** Is told of every request. */
export type CountFetch = (name: "requests" | "bytesRead", amount: number) => void;

/** Requests under way. */
export interface FetchedBytes {
  /** The bytes of any range within one of those asked for. Valid until release. */
  bytes(range: ByteRange): Promise<Uint8Array>;
  /** Lets the memory of the bytes be used again, once they have arrived. */
  release(): void;
}

/** Starts reading the ranges. A failed request rejects only those who ask for its bytes. */
export function fetchRanges(
  objects: ObjectStore,
  file: Pick<ParquetFooter, "path" | "etag">,
  ranges: readonly ByteRange[],
  signal: AbortSignal,
  count: CountFetch,
): FetchedBytes {
  const requests = mergeRanges(ranges).map((range) => {
    count("requests", 1);
    count("bytesRead", range.to - range.from);
    let buffer: Uint8Array | undefined;
    const into = (bytes: number): Uint8Array => {
      buffer = takeBytes(bytes);
      return buffer;
    };
    const bytes = objects.get(file.path, { range, etag: file.etag, signal, into });
    bytes.catch(() => {}); // rejections are seen by those who await them
    const release = () => {
      if (buffer) giveBytes(buffer);
      buffer = undefined;
    };
    return { ...range, bytes, release: () => void bytes.then(release, release) };
  });
  return {
    async bytes({ from, to }) {
      if (from === to) return new Uint8Array(0);
      const request = requests.find((candidate) => candidate.from <= from && to <= candidate.to);
      if (!request) throw new RangeError(`bytes ${from}–${to} were not requested`);
      return (await request.bytes).subarray(from - request.from, to - request.from);
    },
    release() {
      for (const request of requests) request.release();
    },
  };
}

/** Joins ranges that touch or nearly touch. */
export function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const sorted = ranges.filter((range) => range.to > range.from).sort((a, b) => a.from - b.from);
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of sorted) {
    const last = merged.at(-1);
    const joins = last && from - last.to <= gapBytesMax && Math.max(to, last.to) - last.from <= mergedBytesMax;
    if (last && (joins || to <= last.to)) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}
