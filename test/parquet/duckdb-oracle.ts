/** DuckDB as writer and oracle of Parquet files; our reader beside it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { isDeepStrictEqual } from "node:util";
import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBIntervalValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUUIDValue,
} from "@duckdb/node-api";
import type { Value } from "../../lib/arrow/value.ts";
import { readValue } from "../../lib/arrow/value-access.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { isNested } from "../../lib/parquet/file-schema.ts";
import { type ParquetFooter, readFooter } from "../../lib/parquet/footer.ts";
import { RowGroupReader } from "../../lib/parquet/row-group-reader.ts";
import { LocalFiles } from "../../lib/storage/local-files.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";

let shared: Promise<DuckDBConnection> | undefined;

export function duckdb(): Promise<DuckDBConnection> {
  shared ??= DuckDBInstance.create().then((instance) => instance.connect());
  return shared;
}

/** A folder that is removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "volley-parquet-"));
  after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** COPY (select) TO path. */
export async function writeWithDuckDB(path: string, select: string, options = ""): Promise<void> {
  const connection = await duckdb();
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet ${options && `, ${options}`})`);
}

/** All columns of a query, in our form of values. */
export async function readWithDuckDB(sql: string): Promise<Value[][]> {
  const connection = await duckdb();
  const reader = await connection.runAndReadAll(sql);
  return reader.getColumns().map((column) => column.map(fromDuckDB));
}

export function fromDuckDB(value: unknown): Value {
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBTimestampMillisecondsValue) return value.millis * 1000n;
  if (value instanceof DuckDBTimestampNanosecondsValue) {
    return value.nanos < 0n ? -((-value.nanos + 999n) / 1000n) : value.nanos / 1000n;
  }
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes);
  if (value instanceof DuckDBUUIDValue) return value.toString();
  if (value instanceof DuckDBIntervalValue) {
    return { months: value.months, days: value.days, micros: value.micros };
  }
  return value as Value;
}

export async function openFooter(objects: ObjectStore, path: string): Promise<ParquetFooter> {
  const info = await objects.head(path);
  if (!info) throw new Error(`no ${path}`);
  return readFooter(objects, path, info);
}

/** All columns that our decoder can read. */
export async function readWithVolley(path: string, objects: ObjectStore = new LocalFiles()): Promise<Value[][]> {
  const footer = await openFooter(objects, path);
  const memory = new LinearMemory();
  const columns = footer.columns.map((): Value[] => []);
  const count = () => {};
  const signal = new AbortController().signal;
  for (let rowGroup = 0; rowGroup < footer.rowGroups.length; rowGroup++) {
    const reader = new RowGroupReader({ memory, objects, footer, rowGroup, signal, count });
    for (const [i, column] of footer.columns.entries()) {
      if (!column || isNested(column)) continue;
      const vector = (await reader.column(column)).slice(0, reader.rows);
      for (let row = 0; row < reader.rows; row++) columns[i]!.push(readValue(memory, vector, row));
    }
    reader.free();
  }
  if (memory.usedBytes !== 0) throw new Error(`${memory.usedBytes} bytes are not given back`);
  return columns;
}

/** Fails at the first difference (a whole-array diff of thousands of rows takes seconds). */
export function assertColumns(actual: readonly Value[][], expected: readonly Value[][], name: string): void {
  if (expected.length > 0) assert.equal(actual.length, expected.length, `${name}: columns`);
  for (const [i, column] of expected.entries()) {
    assert.equal(actual[i]!.length, column.length, `${name}: rows of column ${i}`);
    for (const [row, value] of column.entries()) {
      if (!sameValue(actual[i]![row]!, value)) {
        assert.deepEqual(actual[i]![row], value, `${name}: column ${i}, row ${row}`);
      }
    }
  }
}

/** Whether two values are the same; DuckDB gives UINTEGER as number where ours is int64, a bigint. */
function sameValue(actual: Value, expected: Value): boolean {
  if (typeof actual === "bigint" && typeof expected === "number") return actual === BigInt(expected);
  if (typeof actual !== "object" || actual === null) return Object.is(actual, expected);
  return isDeepStrictEqual(actual, expected);
}
