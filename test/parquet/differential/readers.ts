/** The three readers, side by side: each gives the columns that it is asked for, or throws. */
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { DuckDBTimeNSValue, DuckDBTimeValue } from "@duckdb/node-api";
import { readParquet } from "parquet-wasm";
import type { Value } from "../../../lib/arrow/value.ts";
import { readValue } from "../../../lib/arrow/value-access.ts";
import { LinearMemory } from "../../../lib/kernels/memory.ts";
import { RowGroupReader } from "../../../lib/parquet/row-group-reader.ts";
import { LocalFiles } from "../../../lib/storage/local-files.ts";
import { duckdb, fromDuckDB, openFooter } from "../duckdb-oracle.ts";
import { fromIpc } from "./arrow-values.ts";

export const readerNames = ["volley", "parquet-wasm", "duckdb"] as const;
export type ReaderName = (typeof readerNames)[number];

/** Values by column. What a reader gives in units of its own is converted by `unify`. */
type Reader = (path: string, columns: readonly string[]) => Promise<ReadonlyMap<string, readonly Value[]>>;

export const readers: Readonly<Record<ReaderName, Reader>> = {
  volley: readWithVolley,
  "parquet-wasm": readWithParquetWasm,
  duckdb: readWithDuckDB,
};

const objects = new LocalFiles();

async function readWithVolley(path: string, names: readonly string[]): Promise<Map<string, Value[]>> {
  const footer = await openFooter(objects, path);
  const memory = new LinearMemory();
  const result = new Map(names.map((name) => [name, [] as Value[]]));
  const signal = new AbortController().signal;
  for (const name of names) {
    const field = footer.schema.fields.find((found) => found.name === name);
    if (!field || field.unsupported) throw new Error(`unsupported: ${field?.unsupported ?? name}`);
  }
  for (const rowGroup of footer.rowGroups.keys()) {
    const reader = new RowGroupReader({ memory, objects, footer, rowGroup, signal, count: () => {} });
    try {
      for (const name of names) {
        const column = footer.columns.find((found) => found?.name === name)!;
        const vector = (await reader.column(column)).slice(0, reader.rows);
        for (let row = 0; row < reader.rows; row++) result.get(name)!.push(readValue(memory, vector, row));
      }
    } finally {
      reader.free();
    }
  }
  if (memory.usedBytes !== 0) throw new Error(`${memory.usedBytes} bytes are not given back`);
  return result;
}

/** Every column is read, whatever is asked for: where one is refused, all are. */
async function readWithParquetWasm(path: string, columns: readonly string[]): Promise<Map<string, Value[]>> {
  return fromIpc(readParquet(readFileSync(path), { batchSize: 1 << 20 }).intoIPCStream(), columns);
}

async function readWithDuckDB(path: string, columns: readonly string[]): Promise<Map<string, Value[]>> {
  const connection = await duckdb();
  const list = columns.map((name) => `"${name.replaceAll('"', '""')}"`).join(", ");
  const answer = await connection.runAndReadAll(
    `SELECT ${list} FROM read_parquet('${path}', hive_partitioning = false)`,
  );
  const values = answer.getColumns().map((column) => column.map(unwrap));
  return new Map(columns.map((name, i) => [name, values[i] ?? []]));
}

function unwrap(value: unknown): Value {
  if (value instanceof DuckDBTimeValue) return value.micros;
  if (value instanceof DuckDBTimeNSValue) return value.nanos;
  return fromDuckDB(value);
}

/** Whether two values are the same, in whichever of number and bigint they are. */
export function sameValue(a: Value, b: Value): boolean {
  if (typeof a === "bigint" && typeof b === "number") return a === BigInt(b);
  if (typeof a === "number" && typeof b === "bigint") return BigInt(a) === b;
  if (typeof a !== "object" || a === null) return Object.is(a, b);
  return isDeepStrictEqual(a, b);
}
