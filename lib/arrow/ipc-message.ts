/** The framing of Arrow's IPC streaming format (https://arrow.apache.org/docs/format/Columnar.html): messages in a row. */
import { QueryError, unsupported } from "../errors.ts";
import { FlatbufferTable } from "./flatbuffer-table.ts";

const continuation = 0xffffffff;

/** Ends a stream. */
export const endOfStream: Uint8Array = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);

/** Prefix (continuation marker and size) and header of a message; the body follows it. `header` is a multiple of 8 long. */
export function framed(header: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + header.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, continuation, true);
  view.setUint32(4, header.length, true);
  bytes.set(header, 8);
  return bytes;
}

export interface IpcMessage {
  /** See messageHeader in ipc-schema.ts. */
  readonly kind: number;
  readonly header: FlatbufferTable;
  readonly body: Uint8Array;
  /** The whole message, framing included. */
  readonly bytes: Uint8Array;
}

/** The messages of a stream, up to its end marker or the end of the bytes. @throws QueryError corrupt_file */
export function* messagesOf(stream: Uint8Array): Iterable<IpcMessage> {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  for (let at = 0; at + 8 <= stream.length; ) {
    if (view.getUint32(at, true) !== continuation) throw corrupt("a message does not start where it should");
    const headerBytes = view.getUint32(at + 4, true);
    if (headerBytes === 0) return;
    const bodyAt = at + 8 + headerBytes;
    if (bodyAt > stream.length) throw corrupt("a message header is cut off");
    const message = FlatbufferTable.root(stream.subarray(at + 8, bodyAt));
    const header = message.table(2);
    const end = bodyAt + message.int64(3);
    if (header === undefined || end > stream.length) throw corrupt("a message is cut off");
    yield { kind: message.int8(1), header, body: stream.subarray(bodyAt, end), bytes: stream.subarray(at, end) };
    at = end;
  }
}

export function startsMessage(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && bytes.subarray(0, 4).every((byte) => byte === 255);
}

/** How many bytes, from the start of a stream or of a message in it, are whole messages. */
export function wholeMessagesBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;
  while (end + 8 <= bytes.length) {
    const headerBytes = view.getUint32(end + 4, true);
    if (headerBytes === 0) return end + 8;
    const bodyAt = end + 8 + headerBytes;
    if (bodyAt > bytes.length) break;
    const next = bodyAt + FlatbufferTable.root(bytes.subarray(end + 8, bodyAt)).int64(3);
    if (next > bytes.length) break;
    end = next;
  }
  return end;
}

/** A record batch's parts. */
export interface RecordBatchHeader {
  readonly rows: number;
  /** By column: length, null count. */
  readonly nodes: readonly number[];
  /** By buffer: offset in the body, length. */
  readonly buffers: readonly number[];
}

export function recordBatchHeader({ header }: IpcMessage): RecordBatchHeader {
  if (header.table(3) !== undefined) throw unsupported("a compressed Arrow stream");
  return { rows: header.int64(0), nodes: header.pairs(1), buffers: header.pairs(2) };
}

export function corrupt(what: string): QueryError {
  return new QueryError("corrupt_file", `damaged Arrow stream: ${what}`);
}
