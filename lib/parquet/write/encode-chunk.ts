import type { Field } from "../../arrow/types.ts";
import { QueryError } from "../../errors.ts";
import { ByteSink } from "./byte-sink.ts";
import { chunkStatistics, pageStatistics } from "./chunk-statistics.ts";
import type { ColumnData } from "./column-data.ts";
import { type DenseColumn, toDense } from "./column-dictionary.ts";
import { compressPage } from "./compress-page.ts";
import { encodingPlain, encodingRle, encodingRleDictionary, pageHeader } from "./page-header.ts";
import { plainBytes, plainEncode } from "./plain-encode.ts";
import { bitWidthOf, rleEncode } from "./rle-encode.ts";
import type { ChunkStatistics, CodecName, EncodedChunk, EncodedPage, ParquetWriteOptions } from "./row-group.ts";

const pageRowsDefault = 20_000;
const pageBytesDefault = 1 << 20;
/** Compression that saves less than a twentieth costs readers more than it gives. */
const compressedShareMax = 0.95;

/** A page before it has an offset: rows [firstRow, endRow), values [firstValue, endValue). */
interface PageRange {
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstValue: number;
  readonly endValue: number;
}

interface PageBody {
  readonly header: (uncompressedBytes: number, compressedBytes: number) => Uint8Array;
  readonly plain: Uint8Array;
  readonly compressed: Uint8Array;
}

/** Appends one column chunk (dictionary page, then v1 data pages) to the row group in `sink`. */
export function encodeChunk(
  field: Field,
  column: ColumnData,
  rows: number,
  sink: ByteSink,
  options: ParquetWriteOptions,
): EncodedChunk {
  const present = presentRows(field, column, rows);
  const dense = toDense(field.type, column.values, rows, present);
  const levels = field.nullable ? definitionLevels(rows, present) : undefined;
  const ranges = splitPages(dense, levels, rows, options);
  const codec = options.codec ?? "snappy";
  const bodies = ranges.map((range) => dataPage(dense, levels, range, codec));
  if (dense.dictionary) bodies.unshift(dictionaryPage(dense, codec));
  const placed = placePages(bodies, codec, sink);
  const dataPages = placed.pages.slice(dense.dictionary ? 1 : 0);
  return {
    codec: placed.codec,
    encodings: dense.dictionary ? [encodingPlain, encodingRle, encodingRleDictionary] : [encodingPlain, encodingRle],
    rows,
    uncompressedBytes: placed.uncompressedBytes,
    compressedBytes: placed.compressedBytes,
    ...(dense.dictionary && { dictionaryPageOffset: placed.pages[0]?.offset as number }),
    dataPageOffset: dataPages[0]?.offset as number,
    statistics: chunkStatistics(dense, rows),
    pages: dataPages.map((page, i) => describePage(page, ranges[i] as PageRange, dense)),
  };
}

/** The rows that are not null, or null when all are valid. */
function presentRows(field: Field, { validity }: ColumnData, rows: number): Int32Array | null {
  if (!validity) return null;
  const present = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    if (((validity[row >> 3] as number) >> (row & 7)) & 1) present[count++] = row;
  }
  if (count === rows) return null;
  if (!field.nullable)
    throw new QueryError("internal", `null in the column "${field.name}", which has none by its type`);
  return present.subarray(0, count);
}

function definitionLevels(rows: number, present: Int32Array | null): Uint8Array {
  const levels = new Uint8Array(rows);
  if (present) for (const row of present) levels[row] = 1;
  else levels.fill(1);
  return levels;
}

function splitPages(
  dense: DenseColumn,
  levels: Uint8Array | undefined,
  rows: number,
  options: ParquetWriteOptions,
): PageRange[] {
  const bytesMax = options.pageBytesMax ?? pageBytesDefault;
  const averageBytes =
    dense.dictionary || dense.count === 0 ? 0 : plainBytes(dense.plain, 0, dense.count) / dense.count;
  const rowsByBytes = averageBytes === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(bytesMax / averageBytes));
  const pageRows = Math.max(1, Math.min(options.pageRowsMax ?? pageRowsDefault, rowsByBytes));
  const ranges: PageRange[] = [];
  let firstValue = 0;
  for (let firstRow = 0; firstRow < rows || firstRow === 0; firstRow += pageRows) {
    const endRow = Math.min(rows, firstRow + pageRows);
    let endValue = firstValue + endRow - firstRow;
    if (levels) for (let row = firstRow; row < endRow; row++) endValue -= 1 - (levels[row] as number);
    ranges.push({ firstRow, endRow, firstValue, endValue });
    firstValue = endValue;
  }
  return ranges;
}

function dictionaryPage({ dictionary }: DenseColumn, codec: CodecName): PageBody {
  const entries = (dictionary as NonNullable<typeof dictionary>).entries;
  const body = new ByteSink(plainBytes(entries, 0, entries.count));
  plainEncode(entries, 0, entries.count, body);
  return pageBody(body.view(), codec, (uncompressedBytes, compressedBytes) =>
    pageHeader({
      kind: "dictionary",
      values: entries.count,
      encoding: encodingPlain,
      uncompressedBytes,
      compressedBytes,
    }),
  );
}

function dataPage(dense: DenseColumn, levels: Uint8Array | undefined, range: PageRange, codec: CodecName): PageBody {
  const body = new ByteSink(1 << 12);
  if (levels) putLevels(levels, range, body);
  if (dense.dictionary) {
    const bitWidth = bitWidthOf(dense.dictionary.entries.count);
    body.byte(bitWidth);
    rleEncode(dense.dictionary.codes, range.firstValue, range.endValue, bitWidth, body);
  } else plainEncode(dense.plain, range.firstValue, range.endValue, body);
  const encoding = dense.dictionary ? encodingRleDictionary : encodingPlain;
  const values = range.endRow - range.firstRow;
  return pageBody(body.view(), codec, (uncompressedBytes, compressedBytes) =>
    pageHeader({ kind: "data", values, encoding, uncompressedBytes, compressedBytes }),
  );
}

/** Definition levels of a v1 page: their length in bytes, then the hybrid runs. */
function putLevels(levels: Uint8Array, range: PageRange, body: ByteSink): void {
  const runs = new ByteSink();
  rleEncode(levels, range.firstRow, range.endRow, 1, runs);
  body.u32(runs.length);
  body.append(runs.view());
}

function pageBody(plain: Uint8Array, codec: CodecName, header: PageBody["header"]): PageBody {
  return { header, plain, compressed: compressPage(codec, plain) };
}

interface PlacedPages {
  readonly codec: CodecName;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  readonly pages: readonly { readonly offset: number; readonly bytes: number }[];
}

/** Appends headers and bodies, compressed if that pays for the chunk as a whole: v1 pages of a chunk share one codec. */
function placePages(bodies: readonly PageBody[], codec: CodecName, sink: ByteSink): PlacedPages {
  const plainTotal = bodies.reduce((sum, body) => sum + body.plain.length, 0);
  const compressedTotal = bodies.reduce((sum, body) => sum + body.compressed.length, 0);
  const pays = compressedTotal < plainTotal * compressedShareMax;
  const start = sink.length;
  let headerBytes = 0;
  const pages = bodies.map((body) => {
    const stored = pays ? body.compressed : body.plain;
    const header = body.header(body.plain.length, stored.length);
    const offset = sink.length;
    sink.append(header);
    sink.append(stored);
    headerBytes += header.length;
    return { offset, bytes: sink.length - offset };
  });
  return {
    codec: pays ? codec : "uncompressed",
    uncompressedBytes: plainTotal + headerBytes,
    compressedBytes: sink.length - start,
    pages,
  };
}

function describePage(page: { offset: number; bytes: number }, range: PageRange, dense: DenseColumn): EncodedPage {
  const nulls = range.endRow - range.firstRow - (range.endValue - range.firstValue);
  const statistics: ChunkStatistics = pageStatistics(dense, range.firstValue, range.endValue, nulls);
  return { ...page, firstRow: range.firstRow, allNull: range.firstValue === range.endValue, ...statistics };
}
