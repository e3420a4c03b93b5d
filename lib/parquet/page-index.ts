/**
 * Where a chunk's pages lie and which rows they hold (OffsetIndex), and their bounds (ColumnIndex).
 * Source: https://github.com/apache/parquet-format/blob/master/PageIndex.md
 */
import type { ByteRange, ColumnChunk } from "./footer.ts";
import type { ParquetColumn } from "./schema.ts";
import { type Bounds, boundsOf } from "./statistics.ts";
import { ThriftError, ThriftReader } from "./thrift.ts";

/** One data page: its bytes with header, and its rows [firstRow, endRow). */
export interface PageLocation extends ByteRange {
  readonly firstRow: number;
  readonly endRow: number;
}

/** The pages in row order; undefined when the index does not add up: then it is as if there were none. */
export function readOffsetIndex(bytes: Uint8Array, chunk: ColumnChunk, rows: number): PageLocation[] | undefined {
  const raw = attempt(() => readLocations(new ThriftReader(bytes)));
  if (!raw || raw.length === 0 || raw[0]!.firstRow !== 0) return undefined;
  const pages: PageLocation[] = [];
  for (const [i, { from, bytes: length, firstRow }] of raw.entries()) {
    const endRow = raw[i + 1]?.firstRow ?? rows;
    const previous = pages.at(-1)?.to ?? chunk.pages.from;
    if (endRow <= firstRow || endRow > rows || from < previous || length <= 0 || from + length > chunk.pages.to) {
      return undefined;
    }
    pages.push({ from, to: from + length, firstRow, endRow });
  }
  return pages;
}

interface RawLocation {
  readonly from: number;
  readonly bytes: number;
  readonly firstRow: number;
}

function readLocations(reader: ThriftReader): RawLocation[] {
  const locations: RawLocation[] = [];
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return locations;
    if (id !== 1) {
      reader.skip();
      continue;
    }
    const count = reader.list();
    for (let i = 0; i < count; i++) locations.push(readLocation(reader));
  }
}

function readLocation(reader: ThriftReader): RawLocation {
  let from = -1;
  let bytes = -1;
  let firstRow = -1;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return { from, bytes, firstRow };
    if (id === 1) from = reader.i64();
    else if (id === 2) bytes = reader.i32();
    else if (id === 3) firstRow = reader.i64();
    else reader.skip();
  }
}

/** Bounds of each page; undefined when the index does not fit its pages. */
export function readColumnIndex(
  bytes: Uint8Array,
  column: ParquetColumn,
  pages: readonly PageLocation[],
): Bounds[] | undefined {
  const index = attempt(() => readColumnIndexFields(new ThriftReader(bytes)));
  const n = pages.length;
  if (!index || index.nullPages.length !== n || index.min.length !== n || index.max.length !== n) return undefined;
  return pages.map(({ firstRow, endRow }, i) => {
    if (index.nullPages[i]) return { nullCount: endRow - firstRow };
    const nullCount = index.nullCounts.length === n ? index.nullCounts[i]! : undefined;
    const stored = { min: index.min[i]!, max: index.max[i]!, ...(nullCount !== undefined && { nullCount }) };
    return boundsOf(column, stored, endRow - firstRow);
  });
}

interface ColumnIndexFields {
  nullPages: boolean[];
  min: Uint8Array[];
  max: Uint8Array[];
  nullCounts: number[];
}

function readColumnIndexFields(reader: ThriftReader): ColumnIndexFields {
  const fields: ColumnIndexFields = { nullPages: [], min: [], max: [], nullCounts: [] };
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return fields;
    if (id === 1) fields.nullPages = elements(reader, () => reader.boolElement());
    else if (id === 2) fields.min = elements(reader, () => reader.bytesField());
    else if (id === 3) fields.max = elements(reader, () => reader.bytesField());
    else if (id === 5) fields.nullCounts = elements(reader, () => reader.i64());
    else reader.skip();
  }
}

function elements<T>(reader: ThriftReader, read: () => T): T[] {
  const count = reader.list();
  const result: T[] = [];
  for (let i = 0; i < count; i++) result.push(read());
  return result;
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ThriftError) return undefined;
    throw error;
  }
}
