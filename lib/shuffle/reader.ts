/**
 * Reads slices of shuffle objects, in order: ranges are fetched a few at a time ahead of their use, checked against the
 * slice's checksum where it has one, and given on as complete IPC messages.
 */
import { crc32 } from "node:zlib";
import { wholeMessagesBytes } from "../arrow/ipc-message.ts";
import { QueryError } from "../errors.ts";
import type { PartitionSlice } from "../stages/graph.ts";
import { giveBytes, takeBytes } from "../storage/byte-buffers.ts";
import type { ObjectStore } from "../storage/object-store.ts";

const rangeBytesMax = 8 << 20;
/** Ranges under way or waiting to be used. */
const rangesMax = 6;
const aheadBytesMax = 24 << 20;

export interface ShuffleCounters {
  requests: number;
  bytes: number;
}

export interface SliceReaderOptions {
  readonly signal?: AbortSignal;
  readonly counters?: ShuffleCounters;
}

interface Range {
  readonly slice: PartitionSlice;
  readonly from: number;
  readonly to: number;
}

/** The bytes of each slice in turn, in chunks of at most 8 MiB. `last` marks the end of a slice, whose checksum is right. */
export async function* sliceChunks(
  store: ObjectStore,
  slices: readonly PartitionSlice[],
  options: SliceReaderOptions = {},
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly last: boolean }> {
  const ranges = slices.flatMap(rangesOf);
  const fetched: { range: Range; bytes: Promise<Uint8Array> }[] = [];
  let aheadBytes = 0;
  let next = 0;
  let checksum = 0;
  try {
    while (next < ranges.length || fetched.length > 0) {
      while (
        next < ranges.length &&
        fetched.length < rangesMax &&
        (fetched.length === 0 || aheadBytes < aheadBytesMax)
      ) {
        const range = ranges[next++]!;
        aheadBytes += range.to - range.from;
        const bytes = fetch(store, range, options);
        bytes.catch(() => {}); // reported when it is awaited
        fetched.push({ range, bytes });
      }
      const { range, bytes: promise } = fetched.shift()!;
      const bytes = await promise;
      aheadBytes -= range.to - range.from;
      const wanted = range.slice.checksum;
      if (wanted !== undefined) checksum = crc32(bytes, checksum);
      const last = range.to === range.slice.length;
      if (last && wanted !== undefined && checksum !== wanted) throw damaged(range.slice, "its checksum is wrong");
      if (last) checksum = 0;
      yield { bytes, last };
    }
  } finally {
    for (const { bytes } of fetched) giveBytes(await bytes.catch(() => new Uint8Array(0)));
  }
}

function rangesOf(slice: PartitionSlice): Range[] {
  const ranges: Range[] = [];
  const step = slice.inline === undefined ? rangeBytesMax : slice.length;
  for (let from = 0; from < slice.length; from += step) {
    ranges.push({ slice, from, to: Math.min(slice.length, from + step) });
  }
  return ranges;
}

async function fetch(store: ObjectStore, { slice, from, to }: Range, options: SliceReaderOptions): Promise<Uint8Array> {
  if (slice.inline !== undefined) {
    const bytes = new Uint8Array(Buffer.from(slice.inline, "base64"));
    if (bytes.length !== slice.length) throw damaged(slice, `it has ${bytes.length} bytes instead of ${slice.length}`);
    return bytes;
  }
  if (options.counters) {
    options.counters.requests++;
    options.counters.bytes += to - from;
  }
  const range = { from: slice.offset + from, to: slice.offset + to };
  return store.get(slice.key, { range, into: takeBytes, ...(options.signal && { signal: options.signal }) });
}

/** A whole small slice: results on their way to the client. */
export async function readSlice(
  store: ObjectStore,
  slice: PartitionSlice,
  options: SliceReaderOptions = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of sliceChunks(store, [slice], options)) chunks.push(bytes);
  const whole = new Uint8Array(Buffer.concat(chunks));
  for (const bytes of chunks) giveBytes(bytes);
  return whole;
}

/** Some bytes of a slice, unchecked: only the whole has a checksum. */
export async function readSlicePart(
  store: ObjectStore,
  slice: PartitionSlice,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Uint8Array> {
  if (slice.inline !== undefined)
    return (await fetch(store, { slice, from: 0, to: slice.length }, {})).subarray(from, to);
  return store.get(slice.key, { range: { from: slice.offset + from, to: slice.offset + Math.min(to, slice.length) } });
}

/** Whole IPC messages: each item is a part of one slice's stream that was cut between messages, valid until the next. */
export async function* sliceMessages(
  store: ObjectStore,
  slices: readonly PartitionSlice[],
  options: SliceReaderOptions = {},
): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const { bytes, last } of sliceChunks(store, slices, options)) {
    const joined = rest.length === 0 ? bytes : new Uint8Array(Buffer.concat([rest, bytes]));
    if (joined !== bytes) giveBytes(bytes);
    const end = last ? joined.length : wholeMessagesBytes(joined);
    if (end > 0) yield joined.subarray(0, end);
    rest = joined.slice(end);
    giveBytes(joined);
  }
}

function damaged(slice: PartitionSlice, why: string): QueryError {
  return new QueryError(
    "corrupt_file",
    `the shuffle partition at byte ${slice.offset} of ${slice.key} is damaged: ${why}`,
    {
      retryable: true,
    },
  );
}
