/** Final results outside an executor: Arrow IPC streams as one stream, and as JavaScript values, without linear memory. */
import { unsupported } from "../errors.ts";
import { corrupt, endOfStream, framed, type IpcMessage, messagesOf, recordBatchHeader } from "./ipc-message.ts";
import { decodeSchema, encodeSchema, type IpcField, messageHeader } from "./ipc-schema.ts";
import type { Schema } from "./types.ts";
import type { Value } from "./value.ts";

/** Rows of a result, column by column. */
export interface ResultBatch {
  readonly rows: number;
  readonly columns: readonly (readonly Value[])[];
}

/**
 * One valid IPC stream, in pieces, of streams whose columns have the schema's types; column names are the schema's.
 * The streams may come in parts, each of whole messages; a piece is valid as long as the part that it comes from.
 */
export async function* joinedStream(
  schema: Schema,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield framed(encodeSchema(schema));
  for await (const part of parts) {
    for (const message of messagesOf(part)) {
      if (message.kind === messageHeader.dictionaryBatch) throw unsupported("joining Arrow streams with dictionaries");
      if (message.kind === messageHeader.recordBatch) yield message.bytes;
    }
  }
  yield endOfStream;
}

/** Decodes streams that come in parts, one after another: a part holds whole messages. */
export class ResultDecoder {
  #fields: readonly IpcField[] | undefined;

  /** The values of a part, batch by batch. @throws QueryError corrupt_file */
  *batches(part: Uint8Array): Generator<ResultBatch> {
    for (const message of messagesOf(part)) {
      if (message.kind === messageHeader.schema) this.#fields = decodeSchema(message.header);
      else if (message.kind !== messageHeader.recordBatch) {
        throw unsupported("an Arrow stream with dictionary batches");
      } else if (this.#fields === undefined) throw corrupt("it does not start with a schema");
      else yield decodeBatch(this.#fields, message);
    }
  }
}

/** The rows of a stream as arrays in column order. */
export function* resultRows(stream: Uint8Array): Generator<Value[]> {
  for (const { rows, columns } of new ResultDecoder().batches(stream)) {
    for (let row = 0; row < rows; row++) yield columns.map((column) => column[row]!);
  }
}

function decodeBatch(fields: readonly IpcField[], message: IpcMessage): ResultBatch {
  const { rows, nodes, buffers } = recordBatchHeader(message);
  let next = 0;
  const buffer = (): DataView => {
    const [offset, length] = [buffers[next], buffers[next + 1]];
    next += 2;
    if (offset === undefined || length === undefined || offset + length > message.body.length) {
      throw corrupt("a buffer leaves its message");
    }
    return new DataView(message.body.buffer, message.body.byteOffset + offset, length);
  };
  const columns = fields.map((field, index) => decodeColumn(field, rows, nodes[index * 2 + 1] ?? 0, buffer));
  return { rows, columns };
}

function decodeColumn(field: IpcField, rows: number, nulls: number, buffer: () => DataView): Value[] {
  if (field.type.kind === "null") return new Array<Value>(rows).fill(null);
  const bitmap = buffer();
  const read = valueReader(field, buffer);
  const values = new Array<Value>(rows);
  try {
    for (let row = 0; row < rows; row++) values[row] = nulls === 0 || bit(bitmap, row) ? read(row) : null;
  } catch (error) {
    if (error instanceof RangeError) throw corrupt(`a buffer of column ${field.name} is too short`);
    throw error;
  }
  return values;
}

function bit(view: DataView, row: number): boolean {
  return ((view.getUint8(row >> 3) >> (row & 7)) & 1) === 1;
}

/** Takes the column's value buffers and gives a function from row to value. */
function valueReader(field: IpcField, buffer: () => DataView): (row: number) => Value {
  const data = buffer();
  switch (field.type.kind) {
    case "null":
      return () => null;
    case "boolean":
      return (row) => bit(data, row);
    case "int8":
      return (row) => data.getInt8(row);
    case "int16":
      return (row) => data.getInt16(row * 2, true);
    case "int32":
    case "date":
      return (row) => data.getInt32(row * 4, true);
    case "int64":
    case "timestamp":
      return (row) => data.getBigInt64(row * 8, true);
    case "float32":
      return (row) => data.getFloat32(row * 4, true);
    case "float64":
      return (row) => data.getFloat64(row * 8, true);
    case "decimal":
      return (row) => (data.getBigInt64(row * 16 + 8, true) << 64n) | data.getBigUint64(row * 16, true);
    case "interval":
      return (row) => ({
        months: data.getInt32(row * 16, true),
        days: data.getInt32(row * 16 + 4, true),
        micros: data.getBigInt64(row * 16 + 8, true) / 1000n,
      });
    case "varchar":
    case "binary":
      return bytesReader(field, data, buffer());
  }
}

function bytesReader(field: IpcField, offsets: DataView, data: DataView): (row: number) => Value {
  const offset =
    field.offsets === 32
      ? (row: number) => offsets.getUint32(row * 4, true)
      : (row: number) => Number(offsets.getBigUint64(row * 8, true));
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return (row) => {
    const [from, to] = [offset(row), offset(row + 1)];
    if (from > to || to > bytes.length) throw corrupt(`the offsets of column ${field.name} leave its data`);
    return field.type.kind === "varchar" ? bytes.toString("utf8", from, to) : new Uint8Array(bytes.subarray(from, to));
  };
}
