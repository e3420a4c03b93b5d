/** A table from CSV files: how they are written and typed is told from the start of the first one that has rows. */
import type { DataType } from "../arrow/types.ts";
import { QueryError } from "../errors.ts";
import type { ObjectInfo, ObjectStore } from "../storage/object-store.ts";
import { type CsvInference, inferCsv } from "./csv.ts";
import type { DivisibleText } from "./divisible-text.ts";
import type { CsvOptions, Table } from "./table.ts";

export interface CsvTableOptions extends Partial<CsvOptions> {
  /** Column types that are not to be guessed. */
  readonly types?: Readonly<Record<string, DataType>>;
  /** Names for the columns in their order, unless the header has these very names. */
  readonly names?: readonly string[];
}

const sampleBytes = 256 << 10;

/**
 * @param texts tells which files may be read in pieces; without it none is
 * @throws QueryError invalid_argument when no file has a line, or an option or a type fits no column
 */
export async function csvTable(
  name: string,
  files: readonly ObjectInfo[],
  objects: ObjectStore,
  options: CsvTableOptions,
  texts?: DivisibleText,
): Promise<Table> {
  const first = files.find((file) => file.bytes > 0);
  if (!first) throw new QueryError("invalid_argument", `${files[0]?.key ?? name} is empty: it has no columns`);
  const complete = first.bytes <= sampleBytes;
  const range = { from: 0, to: Math.min(first.bytes, sampleBytes) };
  const sample = await objects.get(first.key, { range, etag: first.etag });
  const { schema, options: csv } = infer(first.key, sample, { ...options, complete });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const divisible: boolean[] = [];
  for (const file of files) divisible.push((await texts?.isDivisible(file, csv.quote)) ?? false);
  return {
    name,
    format: "csv",
    schema,
    files: files.map(({ key, bytes: size, etag }, i) => ({
      path: key,
      bytes: size,
      etag,
      ...(divisible[i] && { divisible: true }),
    })),
    statistics: {
      rows: estimateRows(sample, bytes),
      bytes,
      exact: false,
      columns: schema.fields.map(() => ({})),
    },
    csv,
  };
}

function infer(path: string, sample: Uint8Array, hints: Parameters<typeof inferCsv>[1]): CsvInference {
  const inferred = inferCsv(sample, hints);
  if (inferred.schema.fields.length > 0) return inferred;
  throw new QueryError("invalid_argument", `${path} has no columns`);
}

/** Lines of the sample, scaled to all bytes. */
function estimateRows(sample: Uint8Array, bytes: number): number {
  const newline = 10;
  let lines = 1;
  for (let at = sample.indexOf(newline); at >= 0; at = sample.indexOf(newline, at + 1)) lines++;
  return Math.max(1, Math.round((lines / Math.max(1, sample.length)) * bytes));
}
