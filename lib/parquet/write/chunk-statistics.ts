import type { PlainValues } from "./column-data.ts";
import type { DenseColumn } from "./column-dictionary.ts";
import { valueBytes } from "./plain-encode.ts";
import type { ChunkStatistics } from "./row-group.ts";
import { type Extremes, extremesOf, orderOf } from "./value-order.ts";

/** Longer minima and maxima are left out, since a truncated one would no longer be a value of the column. */
const statisticBytesMax = 256;

/** Statistics of a whole column chunk. */
export function chunkStatistics(dense: DenseColumn, rows: number): ChunkStatistics {
  const entries = dense.dictionary?.entries;
  const values = entries ?? dense.plain;
  return {
    nulls: rows - dense.count,
    ...(entries && { distinct: entries.count }),
    ...bounds(values, extremesOf(values, 0, values.count)),
  };
}

/** Statistics of values [start, end) of a chunk. */
export function pageStatistics(dense: DenseColumn, start: number, end: number, nulls: number): ChunkStatistics {
  if (!dense.dictionary) return { nulls, ...bounds(dense.plain, extremesOf(dense.plain, start, end)) };
  const { entries, codes } = dense.dictionary;
  return { nulls, ...bounds(entries, entriesInUse(entries, codes, start, end)) };
}

/** Extremes among the entries that codes[start, end) name. */
function entriesInUse(entries: PlainValues, codes: Int32Array, start: number, end: number): Extremes | undefined {
  const compare = orderOf(entries);
  if (!compare || start === end) return undefined;
  const used = new Uint8Array(entries.count);
  for (let i = start; i < end; i++) used[codes[i] as number] = 1;
  let found: Extremes | undefined;
  for (let entry = 0; entry < entries.count; entry++) {
    if (!used[entry]) continue;
    const alone = extremesOf(entries, entry, entry + 1);
    if (!alone) return undefined; // NaN
    if (!found) found = alone;
    else {
      const { min, max } = found;
      found = { min: compare(entry, min) < 0 ? entry : min, max: compare(entry, max) > 0 ? entry : max };
    }
  }
  return found;
}

function bounds(values: PlainValues, extremes: Extremes | undefined): { min?: Uint8Array; max?: Uint8Array } {
  if (!extremes) return {};
  const min = signedZero(values, valueBytes(values, extremes.min), 0x80);
  const max = signedZero(values, valueBytes(values, extremes.max), 0);
  if (min.length > statisticBytesMax || max.length > statisticBytesMax) return {};
  return { min, max };
}

/** Readers may order −0 before +0 or not: a zero minimum is stored as −0, a zero maximum as +0 (Parquet format). */
function signedZero(values: PlainValues, bytes: Uint8Array, sign: number): Uint8Array {
  if (values.kind !== "words" || (values.order !== "f32" && values.order !== "f64")) return bytes;
  const top = bytes.length - 1;
  const isZero = bytes.every((byte, i) => (i === top ? byte & 0x7f : byte) === 0);
  if (isZero) bytes[top] = sign;
  return bytes;
}
