import { corrupt, type IpcMessage, recordBatchHeader } from "../../arrow/ipc-message.ts";
import type { IpcField } from "../../arrow/ipc-schema.ts";
import { QueryError } from "../../errors.ts";
import type { ColumnData, ColumnValues } from "./column-data.ts";

/** Columns that are to become a row group, or part of one. */
export interface ColumnBatch {
  readonly rows: number;
  readonly columns: readonly ColumnData[];
}

/** An Arrow record batch in the writer's layout, copying only what lies otherwise there. @throws QueryError corrupt_file */
export function columnsOfRecordBatch(fields: readonly IpcField[], message: IpcMessage): ColumnBatch {
  const { rows, nodes, buffers } = recordBatchHeader(message);
  let next = 0;
  const buffer = (bytes: number): Uint8Array => {
    const [offset, length] = [buffers[next], buffers[next + 1]];
    next += 2;
    if (offset === undefined || length === undefined || length < bytes || offset + length > message.body.length) {
      throw corrupt("a buffer is too short");
    }
    return message.body.subarray(offset, offset + length);
  };
  const columns = fields.map((field, i): ColumnData => {
    if (field.type.kind === "null") return allNull(rows);
    const nulls = nodes[2 * i + 1] ?? 0;
    const bitmap = buffer(nulls === 0 ? 0 : Math.ceil(rows / 8));
    const values = columnValues(field, rows, buffer);
    return nulls === 0 ? { values } : { values, validity: bitmap };
  });
  return { rows, columns };
}

function allNull(rows: number): ColumnData {
  return { values: { kind: "i32", values: new Int32Array(rows) }, validity: new Uint8Array(Math.ceil(rows / 8)) };
}

function columnValues(field: IpcField, rows: number, buffer: (bytes: number) => Uint8Array): ColumnValues {
  switch (field.type.kind) {
    case "null":
      throw new QueryError("internal", "a column of nulls has no buffers");
    case "boolean":
      return { kind: "bits", bits: buffer(Math.ceil(rows / 8)) };
    case "int8": {
      const bytes = buffer(rows);
      return { kind: "i32", values: new Int8Array(bytes.buffer, bytes.byteOffset, rows) };
    }
    case "int16":
      return { kind: "i32", values: new Int16Array(aligned(buffer(rows * 2)), 0, rows) };
    case "int32":
    case "date":
      return { kind: "i32", values: words(buffer, rows) };
    case "float32":
      return { kind: "words", words: words(buffer, rows) };
    case "int64":
    case "timestamp":
    case "float64":
      return { kind: "words", words: words(buffer, rows * 2) };
    case "decimal": {
      const wide = words(buffer, rows * 4);
      return { kind: "words", words: field.type.precision <= 18 ? lowHalves(wide, rows) : wide };
    }
    case "interval":
      return { kind: "words", words: nanosToMicros(words(buffer, rows * 4), rows) };
    case "varchar":
    case "binary":
      return byteValues(field, rows, buffer);
  }
}

function aligned(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer;
}

function words(buffer: (bytes: number) => Uint8Array, count: number): Int32Array {
  const bytes = buffer(count * 4);
  return bytes.byteOffset % 8 === 0
    ? new Int32Array(bytes.buffer, bytes.byteOffset, count)
    : new Int32Array(aligned(bytes), 0, count);
}

/** Arrow's decimals have 128 bits; those of few digits need the lower 64 only. */
function lowHalves(wide: Int32Array, rows: number): Int32Array {
  const low = new Int32Array(rows * 2);
  for (let i = 0; i < rows; i++) {
    low[2 * i] = wide[4 * i] as number;
    low[2 * i + 1] = wide[4 * i + 1] as number;
  }
  return low;
}

function nanosToMicros(intervals: Int32Array, rows: number): Int32Array {
  const converted = intervals.slice();
  const wide = new BigInt64Array(converted.buffer);
  for (let i = 0; i < rows; i++) wide[2 * i + 1] = (wide[2 * i + 1] as bigint) / 1000n;
  return converted;
}

function byteValues(field: IpcField, rows: number, buffer: (bytes: number) => Uint8Array): ColumnValues {
  // An empty column may have no offsets at all.
  const count = rows === 0 ? 0 : rows + 1;
  const offsets = field.offsets === 32 ? words(buffer, count) : lowOffsets(words(buffer, count * 2), count);
  const bytes = buffer(rows === 0 ? 0 : (offsets[rows] as number));
  if (rows > 0 && (offsets[0] as number) < 0) throw corrupt(`the offsets of column ${field.name} leave its data`);
  for (let row = 0; row < rows; row++) {
    if ((offsets[row] as number) > (offsets[row + 1] as number))
      throw corrupt(`the offsets of column ${field.name} fall`);
  }
  return { kind: "bytes", offsets: rows === 0 ? new Int32Array(1) : offsets, bytes };
}

function lowOffsets(wide: Int32Array, count: number): Int32Array {
  const offsets = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    offsets[i] = wide[2 * i] as number;
    if (wide[2 * i + 1] !== 0 || (offsets[i] as number) < 0) throw corrupt("an offset is beyond 2 GiB");
  }
  return offsets;
}
