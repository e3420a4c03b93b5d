/** The record batches of a slice from one of its messages on, read a few megabytes at a time. */
import { corrupt, type IpcMessage, messagesOf, startsMessage, wholeMessagesBytes } from "../arrow/ipc-message.ts";
import { type ResultBatch, ResultDecoder } from "../arrow/result.ts";
import { QueryError } from "../errors.ts";
import type { ResultSlice } from "../service/query-service.ts";

export interface PlacedBatch extends ResultBatch {
  /** The byte of the slice where its message starts. */
  readonly at: number;
}

/** What a stream's schema takes, mostly. */
const schemaBytes = 4096;
const messageBytesMax = 256 << 20;

/** @param offset where a message starts. @throws QueryError not_found when none does */
export async function* batchesFrom(slice: ResultSlice, offset: number, readBytes: number): AsyncGenerator<PlacedBatch> {
  if (offset >= slice.bytes) throw noSuchPage();
  const decoder = new ResultDecoder();
  if (offset > 0) {
    for await (const [schema] of messagesFrom(slice, 0, schemaBytes)) {
      for (const _ of decoder.batches(schema.bytes)) throw noSuchPage();
      break;
    }
  }
  for await (const [message, at] of messagesFrom(slice, offset, readBytes)) {
    for (const { rows, columns } of decoder.batches(message.bytes)) yield { rows, columns, at };
  }
}

async function* messagesFrom(
  slice: ResultSlice,
  offset: number,
  readBytes: number,
): AsyncGenerator<readonly [message: IpcMessage, at: number]> {
  for (let at = offset, step = readBytes; at < slice.bytes; ) {
    const to = Math.min(slice.bytes, at + step);
    // As a whole it has a checksum.
    const bytes = at === 0 && to === slice.bytes ? await slice.read() : await slice.read({ from: at, to });
    // A client may say any offset, where there may be anything.
    if (at === offset && offset > 0 && !startsMessage(bytes)) throw noSuchPage();
    const end = wholeMessagesBytes(bytes);
    if (end === 0) {
      if (to === slice.bytes || step >= messageBytesMax) throw corrupt("a message is cut off");
      step *= 2;
      continue;
    }
    for (const message of messagesOf(bytes.subarray(0, end))) {
      yield [message, at];
      at += message.bytes.length;
    }
    // Behind the last message there is the stream's end marker.
    if (end === bytes.length && to === slice.bytes) return;
  }
}

function noSuchPage(): QueryError {
  return new QueryError("not_found", "there is no such page of the answer");
}
