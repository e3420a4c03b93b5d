/** Answers in pages: a page starts at a place in the answer's slices and ends where it has grown large enough. */
import { joinedStream, resultRows } from "../arrow/result.ts";
import type { Schema } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { formatValue } from "../expr/format-value.ts";
import { csvCell, jsonValue } from "../output/text.ts";
import type { ResultColumnInfo, ResultSlice } from "../service/query-service.ts";

/** The next row to give. */
export interface Place {
  readonly slice: number;
  readonly row: number;
}

export const firstPlace: Place = { slice: 0, row: 0 };

/** As clients carry it from page to page. */
export const pagePattern = "^\\d{1,9}\\.\\d{1,15}$";

export function formatPlace({ slice, row }: Place): string {
  return `${slice}.${row}`;
}

export function parsePlace(page: string | undefined): Place {
  const [slice = 0, row = 0] = page?.split(".").map(Number) ?? [];
  return { slice, row };
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

/** Row by row, with the place behind each. */
async function* rowsFrom(slices: readonly ResultSlice[], from: Place): AsyncGenerator<readonly [Value[], Place]> {
  let { slice, row: skip } = from;
  for (; slice < slices.length; slice++, skip = 0) {
    let row = 0;
    for (const values of resultRows(await slices[slice]!.read())) {
      if (++row <= skip) continue;
      yield [values, row < slices[slice]!.rows ? { slice, row } : { slice: slice + 1, row: 0 }];
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
  let last = from;
  for await (const [values, behind] of rowsFrom(slices, from)) {
    const text = format(values);
    bytes += Buffer.byteLength(text) + 2;
    if (rows.length > 0 && (bytes > bytesMax || rows.length >= rowsMax)) return { rows, next: last };
    rows.push(text);
    last = behind;
  }
  return { rows };
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
