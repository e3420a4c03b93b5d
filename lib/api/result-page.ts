/** Answers in pages: a page starts at a place in the answer's slices and ends where it has grown large enough. */
import { joinedStream } from "../arrow/result.ts";
import type { Schema } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { formatValue } from "../expr/format-value.ts";
import { csvCell, jsonValue } from "../output/text.ts";
import type { ResultColumnInfo, ResultSlice } from "../service/query-service.ts";
import { batchesFrom } from "./slice-batches.ts";

/** The next row to give, and where to read on for it: pages do not read again what pages before them had. */
export interface Place {
  readonly slice: number;
  /** In the slice. */
  readonly row: number;
  /** Byte of the slice where a message starts … */
  readonly offset: number;
  /** … behind which come so many rows of earlier pages. */
  readonly skip: number;
}

export const firstPlace: Place = { slice: 0, row: 0, offset: 0, skip: 0 };

/** As clients carry it from page to page. */
export const pagePattern = "^\\d{1,9}(\\.\\d{1,15}){1,3}$";

export function formatPlace({ slice, row, offset, skip }: Place): string {
  return `${slice}.${row}.${offset}.${skip}`;
}

/** Without the bytes, the slice is read from its start. */
export function parsePlace(page: string | undefined): Place {
  const [slice = 0, row = 0, offset = 0, skip = row] = page?.split(".").map(Number) ?? [];
  return { slice, row, offset, skip };
}

export interface Page {
  /** Texts of its rows. */
  readonly rows: readonly string[];
  /** Where the next page starts, unless this was the last. */
  readonly next?: Place;
}

export interface PageLimits {
  /** Of the texts; a page has one row at least. */
  readonly bytesMax: number;
  readonly rowsMax?: number;
}

const readBytesMin = 64 << 10;
const readBytesMax = 4 << 20;

/** Row by row, with the place of each. */
async function* rowsFrom(
  slices: readonly ResultSlice[],
  from: Place,
  readBytes: number,
): AsyncGenerator<readonly [Value[], Place]> {
  let { slice, row, offset, skip } = from;
  for (; slice < slices.length; slice++, row = 0, offset = 0, skip = 0) {
    for await (const { rows, columns, at } of batchesFrom(slices[slice]!, offset, readBytes)) {
      for (let i = Math.min(skip, rows); i < rows; i++) {
        yield [columns.map((column) => column[i]!), { slice, row: row++, offset: at, skip: i }];
      }
      skip = Math.max(0, skip - rows);
    }
  }
}

export async function pageOf(
  slices: readonly ResultSlice[],
  from: Place,
  format: (row: readonly Value[]) => string,
  { bytesMax, rowsMax = Number.POSITIVE_INFINITY }: PageLimits,
): Promise<Page> {
  const rows: string[] = [];
  let bytes = 0;
  const readBytes = Math.min(readBytesMax, Math.max(readBytesMin, bytesMax));
  for await (const [values, place] of rowsFrom(slices, from, readBytes)) {
    if (rows.length >= rowsMax) return { rows, next: place };
    const text = format(values);
    bytes += Buffer.byteLength(text) + 2;
    if (rows.length > 0 && bytes > bytesMax) return { rows, next: place };
    rows.push(text);
  }
  return { rows };
}

/** Rows of the answer before a place. */
export function rowsBefore(slices: readonly ResultSlice[], { slice, row }: Place): number {
  return slices.slice(0, slice).reduce((sum, { rows }) => sum + rows, row);
}

/** A row as a JSON array: integers beyond 2^53 and decimals are strings, so that no digit is lost. */
export function jsonRow(columns: readonly ResultColumnInfo[]): (row: readonly Value[]) => string {
  return (row) => `[${row.map((value, i) => jsonValue(value, columns[i]!.type)).join(",")}]`;
}

/** A line of CSV. NULL is nothing between the commas, an empty text is two quotes. */
export function csvRow(columns: readonly ResultColumnInfo[]): (row: readonly Value[]) => string {
  return (row) =>
    row.map((value, i) => (value === null ? "" : csvCell(formatValue(value, columns[i]!.type)))).join(",");
}

export function csvHeader(columns: readonly ResultColumnInfo[]): string {
  return columns.map(({ name }) => csvCell(name)).join(",");
}

/** The slices as one Arrow IPC stream, read as it is asked for. */
export function arrowStream(columns: readonly ResultColumnInfo[], slices: readonly ResultSlice[]) {
  const schema: Schema = { fields: columns };
  return joinedStream(schema, read(slices));
}

async function* read(slices: readonly ResultSlice[]): AsyncGenerator<Uint8Array> {
  for (const slice of slices) yield await slice.read();
}
