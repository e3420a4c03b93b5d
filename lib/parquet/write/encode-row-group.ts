import type { Schema } from "../../arrow/types.ts";
import { QueryError } from "../../errors.ts";
import { ByteSink } from "./byte-sink.ts";
import type { ColumnData } from "./column-data.ts";
import { encodeChunk } from "./encode-chunk.ts";
import type { EncodedChunk, EncodedRowGroup, ParquetWriteOptions } from "./row-group.ts";

/** Encodes one row group: the columns lie in the order of the schema, each with `rows` values. */
export function encodeRowGroup(
  schema: Schema,
  columns: readonly ColumnData[],
  rows: number,
  options: ParquetWriteOptions = {},
): EncodedRowGroup {
  if (columns.length !== schema.fields.length) throw new QueryError("internal", "columns do not match the schema");
  const sink = new ByteSink(1 << 16);
  const chunks: EncodedChunk[] = schema.fields.map((field, i) =>
    encodeChunk(field, columns[i] as ColumnData, rows, sink, options),
  );
  return { rows, bytes: sink.bytes.slice(0, sink.length), chunks };
}
