import type { Schema } from "../../arrow/types.ts";
import type { ChunkStatistics, CodecName, EncodedChunk, EncodedPage } from "./row-group.ts";
import { physicalTypeOf, writeSchemaElement } from "./schema-elements.ts";
import { ThriftWriter } from "./thrift-writer.ts";

const createdBy = "volley";
const codecNumber: Readonly<Record<CodecName, number>> = { uncompressed: 0, snappy: 1, gzip: 2, zstd: 6 };

/** A row group that lies in the file at `offset`. */
export interface PlacedRowGroup {
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
  readonly chunks: readonly EncodedChunk[];
  /** where each chunk's page index lies */
  readonly indexes: readonly PlacedIndex[];
}

/** Where the page index of a chunk lies in the file. */
export interface PlacedIndex {
  readonly offsetIndex: { readonly offset: number; readonly bytes: number };
  readonly columnIndex?: { readonly offset: number; readonly bytes: number };
}

/** FileMetaData of parquet.thrift. */
export function fileMetadata(schema: Schema, rowGroups: readonly PlacedRowGroup[]): Uint8Array {
  const thrift = new ThriftWriter();
  thrift.i32(1, 1);
  writeSchema(thrift, schema);
  thrift.i64(
    3,
    rowGroups.reduce((sum, group) => sum + group.rows, 0),
  );
  let ordinal = 0;
  thrift.structs(4, rowGroups, (group) => writeRowGroup(thrift, schema, group, ordinal++));
  thrift.text(6, createdBy);
  thrift.structs(7, schema.fields, () => thrift.struct(1, () => {})); // type-defined order
  return thrift.finish();
}

/** The page index's first half: page extremes. Undefined when some page has no extremes to give. */
export function columnIndex(pages: readonly EncodedPage[]): Uint8Array | undefined {
  if (!pages.every((page) => page.allNull || (page.min && page.max))) return undefined;
  const thrift = new ThriftWriter();
  const none = new Uint8Array(0);
  thrift.bools(
    1,
    pages.map((page) => page.allNull),
  );
  thrift.binaries(
    2,
    pages.map((page) => page.min ?? none),
  );
  thrift.binaries(
    3,
    pages.map((page) => page.max ?? none),
  );
  thrift.i32(4, 0); // unordered
  thrift.i64s(
    5,
    pages.map((page) => page.nulls),
  );
  return thrift.finish();
}

/** The page index's second half: where the pages of a chunk lie in the file. */
export function offsetIndex(rowGroupOffset: number, pages: readonly EncodedPage[]): Uint8Array {
  const thrift = new ThriftWriter();
  thrift.structs(1, pages, (page) => {
    thrift.i64(1, rowGroupOffset + page.offset);
    thrift.i32(2, page.bytes);
    thrift.i64(3, page.firstRow);
  });
  return thrift.finish();
}

function writeSchema(thrift: ThriftWriter, schema: Schema): void {
  const root = undefined;
  thrift.structs(2, [root, ...schema.fields], (field) => {
    if (field) return writeSchemaElement(thrift, field);
    thrift.text(4, "schema");
    thrift.i32(5, schema.fields.length);
  });
}

function writeRowGroup(thrift: ThriftWriter, schema: Schema, group: PlacedRowGroup, ordinal: number): void {
  let column = 0;
  thrift.structs(1, group.chunks, (chunk) => writeChunk(thrift, schema, group, chunk, column++));
  thrift.i64(
    2,
    group.chunks.reduce((sum, chunk) => sum + chunk.uncompressedBytes, 0),
  );
  thrift.i64(3, group.rows);
  thrift.i64(5, group.offset);
  thrift.i64(6, group.bytes);
  if (ordinal < 32768) thrift.i16(7, ordinal);
}

function writeChunk(
  thrift: ThriftWriter,
  schema: Schema,
  group: PlacedRowGroup,
  chunk: EncodedChunk,
  column: number,
): void {
  const index = group.indexes[column];
  const field = schema.fields[column] as Schema["fields"][number];
  thrift.i64(2, 0); // file_offset: deprecated
  thrift.struct(3, () => {
    thrift.i32(1, physicalTypeOf(field.type));
    thrift.i32s(2, chunk.encodings);
    thrift.texts(3, [field.name]);
    thrift.i32(4, codecNumber[chunk.codec]);
    thrift.i64(5, chunk.rows);
    thrift.i64(6, chunk.uncompressedBytes);
    thrift.i64(7, chunk.compressedBytes);
    thrift.i64(9, group.offset + chunk.dataPageOffset);
    if (chunk.dictionaryPageOffset !== undefined) thrift.i64(11, group.offset + chunk.dictionaryPageOffset);
    thrift.struct(12, () => writeStatistics(thrift, chunk.statistics));
  });
  if (!index) return;
  thrift.i64(4, index.offsetIndex.offset);
  thrift.i32(5, index.offsetIndex.bytes);
  thrift.i64(6, index.columnIndex?.offset);
  thrift.i32(7, index.columnIndex?.bytes);
}

function writeStatistics(thrift: ThriftWriter, { nulls, distinct, min, max }: ChunkStatistics): void {
  thrift.i64(3, nulls);
  thrift.i64(4, distinct);
  thrift.binary(5, max);
  thrift.binary(6, min);
}
