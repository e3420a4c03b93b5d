/**
 * A Parquet file's footer: schema, row groups, where each column chunk lies, and its statistics (decoded on demand).
 * Source: https://github.com/apache/parquet-format (README.md, parquet.thrift)
 */
import type { Schema } from "../arrow/types.ts";
import { QueryError } from "../errors.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { type FileColumn, fileSchema } from "./file-schema.ts";
import { readSchemaElements } from "./schema.ts";
import { ThriftError, ThriftReader } from "./thrift.ts";

/** Bytes of the file [from, to). */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Raw statistics, as stored; see statistics.ts for their meaning. */
export interface StoredStatistics {
  readonly min?: Uint8Array;
  readonly max?: Uint8Array;
  /** The old fields, whose order is only defined for signed numbers. */
  readonly oldMin?: Uint8Array;
  readonly oldMax?: Uint8Array;
  readonly nullCount?: number;
  readonly distinctCount?: number;
}

/** One column of one row group. */
export interface ColumnChunk {
  /** CompressionCodec number. */
  readonly codec: number;
  /** Bit set of Encoding numbers used. */
  readonly encodings: number;
  /** Values including nulls. */
  readonly values: number;
  /** All pages, the dictionary's included. */
  readonly pages: ByteRange;
  readonly uncompressedBytes: number;
  readonly dictionaryOffset?: number;
  readonly dataOffset: number;
  readonly statistics?: StoredStatistics;
  /** Bytes of the values of a BYTE_ARRAY chunk without dictionary or compression. */
  readonly plainBytes?: number;
  readonly columnIndex?: ByteRange;
  readonly offsetIndex?: ByteRange;
  /** A chunk in another file (never written in practice). */
  readonly elsewhere: boolean;
}

export interface RowGroup {
  readonly rows: number;
  readonly bytes: number;
  /** By leaf index. */
  readonly chunks: readonly ColumnChunk[];
}

export interface ParquetFooter {
  readonly path: string;
  readonly bytes: number;
  readonly etag: string;
  readonly rows: number;
  readonly createdBy: string;
  readonly schema: Schema;
  /** By index of the readable fields of `schema`; undefined where unsupported. */
  readonly columns: readonly (FileColumn | undefined)[];
  readonly rowGroups: readonly RowGroup[];
}

export interface FileVersion {
  readonly bytes: number;
  readonly etag: string;
}

const tailBytes = 64 << 10;
const magic = 0x31524150; // "PAR1"
const encryptedMagic = 0x45524150; // "PARE"

/**
 * Reads the footer with one request for the file's tail, and a second one when the footer is longer than that.
 * @throws QueryError corrupt_file when the bytes are no Parquet footer; unsupported when they are encrypted
 */
export async function readFooter(
  objects: ObjectStore,
  path: string,
  file: FileVersion,
  options: { readonly signal?: AbortSignal; readonly onRead?: (bytes: number) => void } = {},
): Promise<ParquetFooter> {
  const { signal, onRead } = options;
  const get = (from: number) => {
    onRead?.(file.bytes - from);
    return objects.get(path, { range: { from, to: file.bytes }, etag: file.etag, ...(signal && { signal }) });
  };
  if (file.bytes < 12) throw corruptFooter(path, `it has only ${file.bytes} bytes`);
  const tail = await get(Math.max(0, file.bytes - tailBytes));
  if (tail.length < 8) throw corruptFooter(path, "its end is missing");
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const last = view.getUint32(tail.length - 4, true);
  if (last === encryptedMagic) throw new QueryError("unsupported", `${path} is encrypted, which is not supported`);
  if (last !== magic) throw corruptFooter(path, "it does not end in PAR1");
  const length = view.getUint32(tail.length - 8, true);
  if (length > file.bytes - 12) throw corruptFooter(path, `a footer of ${length} bytes in a file of ${file.bytes}`);
  const whole = length + 8 <= tail.length ? tail : await get(file.bytes - length - 8);
  if (whole.length < length + 8) throw corruptFooter(path, "its end is missing");
  return parseFooter(whole.subarray(whole.length - length - 8, whole.length - 8), path, file);
}

/** Parses the bytes of FileMetaData. @throws QueryError corrupt_file */
export function parseFooter(metadata: Uint8Array, path: string, file: FileVersion): ParquetFooter {
  try {
    return readFileMetaData(new ThriftReader(metadata), path, file);
  } catch (error) {
    if (error instanceof ThriftError) throw corruptFooter(path, error.message);
    throw error;
  }
}

function corruptFooter(path: string, what: string): QueryError {
  return new QueryError("corrupt_file", `${path} is not a valid Parquet file: ${what}`);
}

function readFileMetaData(reader: ThriftReader, path: string, file: FileVersion): ParquetFooter {
  let schema: ReturnType<typeof fileSchema> | undefined;
  let rows = 0;
  let createdBy = "";
  let rowGroupsAt = -1;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) break;
    if (id === 2) schema = fileSchema(readSchemaElements(reader));
    else if (id === 3) rows = reader.i64();
    else if (id === 4) {
      rowGroupsAt = reader.position;
      reader.skip();
    } else if (id === 6) createdBy = reader.string();
    else reader.skip();
  }
  if (!schema) throw new ThriftError("there is no schema");
  // Row groups are read last: their meaning needs created_by, which is stored after them.
  const rowGroups = rowGroupsAt < 0 ? [] : readRowGroups(reader, rowGroupsAt, schema.leaves, file.bytes);
  const counted = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  if (counted !== rows) throw new ThriftError(`${rows} rows, but ${counted} in its row groups`);
  const { fields, nested, columns } = schema;
  const readable = nested.length > 0 ? { fields, nested } : { fields };
  return { path, bytes: file.bytes, etag: file.etag, rows, createdBy, schema: readable, columns, rowGroups };
}

function readRowGroups(reader: ThriftReader, position: number, leaves: number, fileBytes: number): RowGroup[] {
  reader.position = position;
  reader.type = 9;
  const count = reader.list();
  const groups: RowGroup[] = [];
  for (let i = 0; i < count; i++) groups.push(readRowGroup(reader, leaves, fileBytes));
  return groups;
}

function readRowGroup(reader: ThriftReader, leaves: number, fileBytes: number): RowGroup {
  const chunks: ColumnChunk[] = [];
  let bytes = 0;
  let rows = -1;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) break;
    if (id === 1) {
      const count = reader.list();
      for (let i = 0; i < count; i++) chunks.push(readChunk(reader, fileBytes));
    } else if (id === 2) bytes = reader.i64();
    else if (id === 3) rows = reader.i64();
    else reader.skip();
  }
  if (rows < 0) throw new ThriftError(`a row group of ${rows} rows`);
  if (chunks.length !== leaves) throw new ThriftError(`${chunks.length} column chunks for ${leaves} columns`);
  return { rows, bytes, chunks };
}

/** Field values of ColumnMetaData while it is read. */
interface ChunkFields {
  codec: number;
  encodings: number;
  values: number;
  compressedBytes: number;
  uncompressedBytes: number;
  dataOffset: number;
  dictionaryOffset: number | undefined;
  statistics: StoredStatistics | undefined;
  plainBytes: number | undefined;
}

function readChunk(reader: ThriftReader, fileBytes: number): ColumnChunk {
  const fields: ChunkFields = {
    codec: -1,
    encodings: 0,
    values: -1,
    compressedBytes: -1,
    uncompressedBytes: 0,
    dataOffset: -1,
    dictionaryOffset: undefined,
    statistics: undefined,
    plainBytes: undefined,
  };
  let elsewhere = false;
  let offsetIndexFrom = 0;
  let offsetIndexBytes = 0;
  let columnIndexFrom = 0;
  let columnIndexBytes = 0;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) break;
    if (id === 1) {
      elsewhere = true;
      reader.skip();
    } else if (id === 3) readChunkMetaData(reader, fields);
    else if (id === 4) offsetIndexFrom = reader.i64();
    else if (id === 5) offsetIndexBytes = reader.i32();
    else if (id === 6) columnIndexFrom = reader.i64();
    else if (id === 7) columnIndexBytes = reader.i32();
    else reader.skip();
  }
  const { codec, encodings, values, uncompressedBytes, dataOffset, dictionaryOffset, statistics, plainBytes } = fields;
  if (values < 0 || fields.compressedBytes < 0) throw new ThriftError("a column chunk without metadata");
  // Some writers leave dictionary_page_offset 0 when there is none.
  const hasDictionary = dictionaryOffset !== undefined && dictionaryOffset >= 4 && dictionaryOffset < dataOffset;
  const from = hasDictionary ? dictionaryOffset : dataOffset;
  const pages = { from, to: from + fields.compressedBytes };
  if (!elsewhere && !inFile(pages, fileBytes)) throw new ThriftError("a column chunk outside of the file");
  const columnIndex = { from: columnIndexFrom, to: columnIndexFrom + columnIndexBytes };
  const offsetIndex = { from: offsetIndexFrom, to: offsetIndexFrom + offsetIndexBytes };
  return {
    codec,
    encodings,
    values,
    pages,
    uncompressedBytes,
    dataOffset,
    elsewhere,
    ...(hasDictionary && { dictionaryOffset }),
    ...(statistics && { statistics }),
    ...(plainBytes !== undefined && { plainBytes }),
    ...(columnIndexBytes > 0 && inFile(columnIndex, fileBytes) && { columnIndex }),
    ...(offsetIndexBytes > 0 && inFile(offsetIndex, fileBytes) && { offsetIndex }),
  };
}

function inFile(range: ByteRange, fileBytes: number): boolean {
  return range.from >= 0 && range.to >= range.from && range.to <= fileBytes;
}

function readChunkMetaData(reader: ThriftReader, into: ChunkFields): void {
  reader.struct();
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return;
    if (id === 2) {
      const count = reader.list();
      for (let i = 0; i < count; i++) into.encodings |= 1 << (reader.i32() & 31);
    } else if (id === 4) into.codec = reader.i32();
    else if (id === 5) into.values = reader.i64();
    else if (id === 6) into.uncompressedBytes = reader.i64();
    else if (id === 7) into.compressedBytes = reader.i64();
    else if (id === 9) into.dataOffset = reader.i64();
    else if (id === 11) into.dictionaryOffset = reader.i64();
    else if (id === 12) into.statistics = readStatistics(reader);
    else if (id === 16) into.plainBytes = readPlainBytes(reader);
    else reader.skip();
  }
}

/** Reads a Statistics struct at the cursor. */
export function readStatistics(reader: ThriftReader): StoredStatistics {
  reader.struct();
  const result: { -readonly [K in keyof StoredStatistics]: StoredStatistics[K] } = {};
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return result;
    if (id === 1) result.oldMax = reader.bytesField();
    else if (id === 2) result.oldMin = reader.bytesField();
    else if (id === 3) result.nullCount = reader.i64();
    else if (id === 4) result.distinctCount = reader.i64();
    else if (id === 5) result.max = reader.bytesField();
    else if (id === 6) result.min = reader.bytesField();
    else reader.skip();
  }
}

/** SizeStatistics.unencoded_byte_array_data_bytes. */
function readPlainBytes(reader: ThriftReader): number | undefined {
  reader.struct();
  let bytes: number | undefined;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return bytes;
    if (id === 1) bytes = reader.i64();
    else reader.skip();
  }
}
