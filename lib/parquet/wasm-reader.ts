/**
 * Column chunks that our decoder leaves to parquet-wasm: unknown encodings and codecs, zstd on a Node without it.
 * The chunk becomes a file of its own, parquet-wasm rewrites that file plainly, and our decoder reads the result: so
 * there is one way from Parquet to our layouts. parquet-wasm (megabytes) is only loaded when such a chunk is met.
 */
import { sameType } from "../arrow/types.ts";
import { QueryError } from "../errors.ts";
import type { Arena } from "../kernels/arena.ts";
import type { LinearMemory } from "../kernels/memory.ts";
import { type ChunkPlace, corruptChunk, type DecodedColumn, decodeChunk } from "./chunk-decoder.ts";
import { isNested } from "./file-schema.ts";
import { parseFooter } from "./footer.ts";
import { type ParquetColumn, physicalTypes } from "./schema.ts";
import { ThriftWriter } from "./write/thrift-writer.ts";

const magic = Uint8Array.of(0x50, 0x41, 0x52, 0x31); // PAR1

/**
 * Decodes a whole chunk through parquet-wasm.
 * @param rows of the row group
 * @param chunkBytes the bytes of place.chunk.pages
 * @param why what our decoder does not know, for the error when parquet-wasm does not either
 * @throws QueryError unsupported, corrupt_file
 */
export async function decodeWithParquetWasm(
  memory: LinearMemory,
  arena: Arena,
  place: ChunkPlace,
  rows: number,
  chunkBytes: Uint8Array,
  why: string,
): Promise<DecodedColumn> {
  const { column, path } = place;
  // parquet-wasm would drop the months of intervals and wrap dates that nanoseconds cannot hold.
  if (column.conversion === "interval" || column.conversion === "int96") throw unreadable(place, why);
  const { readParquet, writeParquet, WriterPropertiesBuilder } = await import("parquet-wasm");
  let rewritten: Uint8Array;
  try {
    const properties = new WriterPropertiesBuilder().setMaxRowGroupSize(Math.max(1, rows)).build();
    rewritten = writeParquet(readParquet(singleChunkFile(place, rows, chunkBytes)), properties);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/not.*(implemented|supported|enabled)|NYI/i.test(message)) throw unreadable(place, why);
    throw corruptChunk(place, place.chunk.pages.from, `parquet-wasm: ${message}`);
  }
  const bytes = rewritten.length;
  const length = new DataView(rewritten.buffer, rewritten.byteOffset).getUint32(bytes - 8, true);
  const footer = parseFooter(rewritten.subarray(bytes - 8 - length, bytes - 8), path, { bytes, etag: "" });
  const [group] = footer.rowGroups;
  const [only] = footer.columns;
  const leaf = only && isNested(only) ? only.leaves[0] : only;
  const plain = leaf && asColumn(leaf, column);
  if (!plain) throw unreadable(place, why);
  const chunk = group?.chunks[0];
  if (!chunk || footer.rows !== rows || chunk.values !== place.rows)
    throw corruptChunk(place, place.chunk.pages.from, "rows are missing");
  const run = {
    bytes: rewritten.subarray(chunk.pages.from, chunk.pages.to),
    offset: chunk.pages.from,
    firstRow: 0,
    endRow: place.rows,
  };
  return decodeChunk(memory, arena, { ...place, column: plain, chunk }, [run]);
}

function unreadable({ path, column }: ChunkPlace, why: string): QueryError {
  return new QueryError(
    "unsupported",
    `${path}: column "${column.name}" is stored with ${why}, which is not supported`,
  );
}

/** The rewritten column read as the original's type; undefined when they differ in more than a name for bytes. */
function asColumn(rewritten: ParquetColumn, original: ParquetColumn): ParquetColumn | undefined {
  const { definitionMax, repetitionMax } = rewritten;
  if (definitionMax !== original.definitionMax || repetitionMax !== original.repetitionMax) return undefined;
  if (sameType(rewritten.type, original.type)) return rewritten;
  if (original.conversion === "uuid" && rewritten.typeLength === 16) return { ...rewritten, ...typing(original) };
  const views = (column: ParquetColumn) => column.type.kind === "varchar" || column.type.kind === "binary";
  return views(original) && views(rewritten) ? { ...rewritten, type: original.type } : undefined;
}

function typing({ type, conversion }: ParquetColumn): Pick<ParquetColumn, "type" | "conversion"> {
  return { type, conversion };
}

/** A Parquet file of one column and one row group around the chunk's bytes. */
function singleChunkFile(place: ChunkPlace, rows: number, chunkBytes: Uint8Array): Uint8Array {
  const metadata = fileMetaData(place, rows);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, metadata.length, true);
  return Buffer.concat([magic, chunkBytes, metadata, length, magic]);
}

/**
 * The groups around the column are plain ones of a single field: annotations as lists and maps ask for more than one
 * leaf, and the levels are the same without.
 */
function fileMetaData({ column, chunk }: ChunkPlace, rows: number): Uint8Array {
  const thrift = new ThriftWriter();
  const moved = magic.length - chunk.pages.from;
  thrift.i32(1, 1);
  thrift.structs(2, [undefined, ...column.groups, column.element], (element) => {
    if (element instanceof Uint8Array) {
      thrift.sink.append(element.subarray(0, element.length - 1)); // structs() writes the end itself
      return;
    }
    if (element) thrift.i32(3, element.repetition);
    thrift.text(4, element?.name ?? "schema");
    thrift.i32(5, 1);
  });
  thrift.i64(3, rows);
  thrift.structs(4, [chunk], () => {
    thrift.structs(1, [chunk], () => {
      thrift.i64(2, 0);
      thrift.struct(3, () => {
        thrift.i32(1, physicalTypes.indexOf(column.physical));
        thrift.i32s(2, encodingsOf(chunk.encodings));
        thrift.texts(3, [...column.groups.map(({ name }) => name), leafName(column)]);
        thrift.i32(4, chunk.codec);
        thrift.i64(5, chunk.values);
        thrift.i64(6, chunk.uncompressedBytes);
        thrift.i64(7, chunk.pages.to - chunk.pages.from);
        thrift.i64(9, chunk.dataOffset + moved);
        if (chunk.dictionaryOffset !== undefined) thrift.i64(11, chunk.dictionaryOffset + moved);
      });
    });
    thrift.i64(2, chunk.uncompressedBytes);
    thrift.i64(3, rows);
  });
  return thrift.finish();
}

function leafName({ name, groups }: ParquetColumn): string {
  return name.slice(groups.reduce((length, group) => length + group.name.length + 1, 0));
}

function encodingsOf(bits: number): number[] {
  return Array.from({ length: 31 }, (_, i) => i).filter((i) => bits & (1 << i));
}
