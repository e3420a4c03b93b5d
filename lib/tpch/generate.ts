import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { QueryError } from "../errors.ts";
import { ParquetFileWriter } from "../parquet/write/file-writer.ts";
import type { EncodedRowGroup } from "../parquet/write/row-group.ts";
import { expectedRows, type PlannedFile, planFiles, type RowRange } from "./generation-plan.ts";
import { GeneratorThreads } from "./generator-threads.ts";
import { exists, StagedDirectory } from "./staged-directory.ts";
import { type TableName, tableNames } from "./table.ts";
import { tpchTables } from "./tables.ts";

/** Above this a part key no longer fits the generator's 31-bit random streams. */
const scaleMax = 10_000;
const partsMax = 100_000;
/** Row groups that may be ready before their turn, beyond one a thread. */
const readyAheadMax = 2;

/** What to generate, where to, and how. */
export interface TpchOptions {
  /** 1 is about a gigabyte as text: 6,001,215 lines of 1,500,000 orders. Fractions such as 0.01 work. */
  readonly scale: number;
  /** The output directory, created if absent. */
  readonly out: string;
  /** Files of each table but region and nation; default 1. */
  readonly parts?: number;
  /** Default: all that the machine has. */
  readonly threads?: number;
  readonly onProgress?: (progress: TpchProgress) => void;
  /** Aborting removes everything that was written. */
  readonly signal?: AbortSignal;
}

/** How far the generation is, after every row group. */
export interface TpchProgress {
  readonly table: TableName;
  /** Rows written, of all tables. */
  readonly rows: number;
  /** Rows there will be in all, within a thousandth or so. */
  readonly rowsExpected: number;
  readonly bytes: number;
}

/** What was generated. */
export interface TpchResult {
  readonly tables: readonly TpchTableResult[];
}

/** One table as it was written. */
export interface TpchTableResult {
  readonly name: TableName;
  readonly rows: number;
  readonly bytes: number;
  /** Absolute or relative as `out` was. */
  readonly files: readonly string[];
}

/**
 * Generates the eight TPC-H tables as Parquet: `<out>/<table>.parquet`, or with several parts
 * `<out>/<table>/part-00000.parquet` and so on. Rows and their order are those of the specification's own generator.
 * All files appear at the end, or none: on an error or an abort nothing is left.
 *
 * Errors: invalid_argument for a bad scale, parts or threads; duplicate when a table is already there; cancelled.
 */
export async function generateTpch(options: TpchOptions): Promise<TpchResult> {
  const { scale, out, parts = 1, threads = availableParallelism(), signal } = options;
  checkNumber("scale", scale, scale > 0 && scale <= scaleMax, `above 0 and at most ${scaleMax}`);
  checkNumber("parts", parts, Number.isInteger(parts) && parts >= 1 && parts <= partsMax, "a whole number from 1");
  checkNumber("threads", threads, Number.isInteger(threads) && threads >= 1, "a whole number from 1");
  throwIfAborted(signal);
  await refuseExisting(out);
  const staged = await StagedDirectory.create(out);
  const generators = new GeneratorThreads(scale, threads);
  const stopEarly = () => void generators.stop(cancelled());
  signal?.addEventListener("abort", stopEarly);
  try {
    await generators.generateText();
    const files = planFiles(scale, parts);
    const written = await writeFiles(files, generators, threads, staged, options);
    throwIfAborted(signal);
    await staged.commit();
    return summarize(files, written, out);
  } catch (thrown) {
    await staged.discard();
    throw signal?.aborted ? cancelled() : QueryError.from(thrown, "resource");
  } finally {
    signal?.removeEventListener("abort", stopEarly);
    await generators.stop(cancelled());
  }
}

interface WrittenFile {
  readonly rows: number;
  readonly bytes: number;
}

/** Writes file after file, while the threads generate the row groups that come next. */
async function writeFiles(
  files: readonly PlannedFile[],
  generators: GeneratorThreads,
  threads: number,
  staged: StagedDirectory,
  { scale, onProgress, signal }: TpchOptions,
): Promise<WrittenFile[]> {
  const rowsExpected = tableNames.reduce((sum, name) => sum + expectedRows(name, scale), 0);
  const groups = generateAhead(
    files.flatMap((file) => file.ranges),
    generators,
    threads + readyAheadMax,
  );
  const written: WrittenFile[] = [];
  let rows = 0;
  let bytes = 0;
  for (const { table, path, ranges } of files) {
    const handle = await open(await staged.place(path), "wx");
    try {
      const writer = new ParquetFileWriter(
        tpchTables[table].schema,
        async (piece) => void (await handle.writeFile(piece)),
      );
      let fileRows = 0;
      for (let i = 0; i < ranges.length; i++) {
        const group = (await groups.next()).value as EncodedRowGroup;
        throwIfAborted(signal);
        await writer.append(group);
        fileRows += group.rows;
        rows += group.rows;
        bytes += group.bytes.length;
        onProgress?.({ table, rows, rowsExpected, bytes });
      }
      written.push({ rows: fileRows, bytes: await writer.finish() });
    } finally {
      await handle.close();
    }
  }
  return written;
}

/** Row groups in order, with up to `aheadMax` of them under way or waiting. */
async function* generateAhead(
  ranges: readonly RowRange[],
  generators: GeneratorThreads,
  aheadMax: number,
): AsyncGenerator<EncodedRowGroup> {
  const ahead: Promise<EncodedRowGroup>[] = [];
  for (const range of ranges) {
    const group = generators.generateRows(range);
    group.catch(() => {}); // reported when its turn comes, or by an earlier one
    ahead.push(group);
    if (ahead.length === aheadMax) yield ahead.shift() as Promise<EncodedRowGroup>;
  }
  yield* ahead;
}

function summarize(files: readonly PlannedFile[], written: readonly WrittenFile[], out: string): TpchResult {
  const tables = tableNames.map((name): TpchTableResult => {
    const mine = files.flatMap((file, i) => (file.table === name ? [{ ...file, ...(written[i] as WrittenFile) }] : []));
    return {
      name,
      rows: mine.reduce((sum, file) => sum + file.rows, 0),
      bytes: mine.reduce((sum, file) => sum + file.bytes, 0),
      files: mine.map((file) => join(out, file.path)),
    };
  });
  return { tables };
}

/** A table that is there already might be somebody's, and two forms of one table would both be read. */
async function refuseExisting(out: string): Promise<void> {
  for (const name of tableNames) {
    for (const path of [join(out, `${name}.parquet`), join(out, name)]) {
      if (await exists(path)) {
        throw new QueryError("duplicate", `${path} exists already`, {
          hint: "Choose an empty directory, or remove it.",
        });
      }
    }
  }
}

function checkNumber(name: string, value: number, valid: boolean, expected: string): void {
  if (!valid) throw new QueryError("invalid_argument", `${name} must be ${expected}, not ${value}`);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

function cancelled(): QueryError {
  return new QueryError("cancelled", "the generation was cancelled");
}
