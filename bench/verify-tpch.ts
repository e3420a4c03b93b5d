/**
 * The answers of the 22 TPC-H queries against DuckDB's over the same files, and against published ones when given:
 *
 *   node bench/verify-tpch.ts --sf 1 [--dir DIR] [--answers DIR] [--threads 2]
 *
 * DIR of --answers holds q1.out … q22.out as the TPC publishes them for scale 1 (fields separated by |, one header line).
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { SessionContext } from "../lib/index.ts";
import { generateTpch } from "../lib/tpch/generate.ts";
import { duckdbRows, type Row, volleyRows } from "../test/support/cells.ts";

const { values: args } = parseArgs({
  options: {
    sf: { type: "string", default: "1" },
    dir: { type: "string" },
    answers: { type: "string" },
    threads: { type: "string", default: "2" },
  },
});

const directory = args.dir ?? join(import.meta.dirname, "data", `tpch-sf${args.sf}`);
if (!existsSync(join(directory, "lineitem.parquet"))) {
  mkdirSync(directory, { recursive: true });
  await generateTpch({ scale: Number(args.sf), out: directory });
}
const session = await SessionContext.standalone({ threads: Number(args.threads) });
const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
for (const table of ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]) {
  const path = join(directory, `${table}.parquet`);
  await session.registerParquet(table, path);
  await duckdb.run(`create view ${table} as from read_parquet('${path}')`);
}

let wrong = 0;
for (let query = 1; query <= 22; query++) {
  const sql = readFileSync(join(import.meta.dirname, "tpch", `q${String(query).padStart(2, "0")}.sql`), "utf8");
  const got = await volleyRows(session, sql);
  const verdicts = [`DuckDB: ${compare(got, await duckdbRows(duckdb, sql))}`];
  if (args.answers) verdicts.push(`published: ${compare(got, published(query), true)}`);
  if (verdicts.some((verdict) => !verdict.includes(": same"))) wrong++;
  console.log(`q${query}: ${got.length} rows; ${verdicts.join("; ")}`);
}
await session.close();
console.log(wrong === 0 ? "all 22 queries agree" : `${wrong} queries differ`);
process.exitCode = wrong === 0 ? 0 : 1;

function published(query: number): Row[] {
  const lines = readFileSync(join(args.answers!, `q${query}.out`), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1);
  return lines.map((line) => line.split("|").map((cell) => cell.trim()));
}

/** Rows in order; ties of the sort order may come either way, so rows are sorted before they are compared. */
function compare(got: readonly Row[], want: readonly Row[], rounded = false): string {
  if (got.length !== want.length) return `${want.length} rows`;
  const sorted = (rows: readonly Row[]) => rows.map((row) => [...row]).sort(byText);
  const [a, b] = [sorted(got), sorted(want)];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < a[i]!.length; j++) {
      if (!sameCell(a[i]![j]!, b[i]![j]!, rounded)) return `row ${i}: ${a[i]!.join("|")} ≠ ${b[i]!.join("|")}`;
    }
  }
  return "same";
}

/** Numbers are left out of the sort key where the two sides round differently. */
function byText(a: Row, b: Row): number {
  const [x, y] = [a, b].map((row) => row.filter((cell) => !/^-?\d+\.\d+$/.test(cell)).join("|"));
  if (x !== y) return x! < y! ? -1 : 1;
  return Number(a.find((cell) => /\./.test(cell)) ?? 0) - Number(b.find((cell) => /\./.test(cell)) ?? 0);
}

/** Published answers are rounded to cents; averages of them the specification lets differ further (clause 2.1.3.5). */
function sameCell(a: string, b: string, rounded: boolean): boolean {
  if (a.trim() === b.trim()) return true;
  const [x, y] = [Number(a), Number(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return false;
  return Math.abs(x - y) <= (rounded ? Math.max(0.0051, Math.abs(y) * 1e-6) : Math.abs(y) * 1e-9);
}
