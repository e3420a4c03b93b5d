/**
 * Your own queries over your own Parquet, in Volley and in DuckDB: whether the answers agree, and the time of each.
 *
 *   node bench/compare.ts --tables DIR --queries DIR [--only PATTERN] [--threads 2] [--runs 1]
 *
 * Every file or folder in the first DIR is a table of its name, every .sql file in the second one query. Rows are compared
 * without their order; floats to ten digits. Times are the least of the runs, which alternate between the engines.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { SessionContext } from "../lib/index.ts";
import { comparable, duckdbRows, type Row, volleyRows } from "../test/support/cells.ts";

const { values: args } = parseArgs({
  options: {
    tables: { type: "string" },
    queries: { type: "string" },
    only: { type: "string", default: "" },
    threads: { type: "string", default: "2" },
    runs: { type: "string", default: "1" },
  },
});
if (!args.tables || !args.queries) {
  console.error("usage: node bench/compare.ts --tables DIR --queries DIR [--only PATTERN] [--threads 2] [--runs 1]");
  process.exit(2);
}
const session = await SessionContext.standalone({ threads: Number(args.threads) });
const duckdb = await (await DuckDBInstance.create(":memory:", { threads: args.threads })).connect();
for (const name of readdirSync(args.tables)) {
  const path = join(args.tables, name);
  const table = basename(name, ".parquet");
  await session.registerParquet(table, path);
  const pattern = statSync(path).isDirectory() ? join(path, "**/*.parquet") : path;
  await duckdb.run(`create view "${table}" as from read_parquet('${pattern.replaceAll("'", "''")}')`);
}

let failures = 0;
const ratios: number[] = [];
const files = readdirSync(args.queries).filter((file) => file.endsWith(".sql") && new RegExp(args.only).test(file));
for (const file of files.sort()) {
  const sql = readFileSync(join(args.queries, file), "utf8").replace(/;\s*$/, "");
  console.log(`${file}: ${await measure(sql).catch(failed)}`);
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
console.log(`${files.length - failures} of ${files.length} agree; geometric mean of the ratios ${mean.toFixed(2)}`);
await session.close();
process.exitCode = failures === 0 ? 0 : 1;

async function measure(sql: string): Promise<string> {
  const times = { volley: Number.POSITIVE_INFINITY, duckdb: Number.POSITIVE_INFINITY };
  let answers: { readonly volley: readonly Row[]; readonly duckdb: readonly Row[] } | undefined;
  const timed = async (engine: keyof typeof times, run: () => Promise<Row[]>) => {
    const start = performance.now();
    const rows = await run();
    times[engine] = Math.min(times[engine], performance.now() - start);
    return rows;
  };
  for (let run = 0; run < Number(args.runs); run++) {
    const volley = await timed("volley", () => volleyRows(session, sql));
    answers = { volley, duckdb: await timed("duckdb", () => duckdbRows(duckdb, sql)) };
  }
  const ratio = times.volley / times.duckdb;
  ratios.push(ratio);
  const [got, want] = [comparable(answers!.volley, false), comparable(answers!.duckdb, false)];
  const wrong = got.findIndex((row, i) => row !== want[i]);
  const differs = got.length !== want.length || wrong >= 0;
  if (differs) failures++;
  const rows = differs ? `DIFFERS: ${got.length} rows, not ${want.length}; ${got[wrong]} ≠ ${want[wrong]}` : "same";
  const ms = `${times.volley.toFixed(0)} ms, DuckDB ${times.duckdb.toFixed(0)} ms, ratio ${ratio.toFixed(2)}`;
  return `${rows}, ${got.length} rows, ${ms}`;
}

function failed(error: unknown): string {
  failures++;
  return `FAILED: ${(error as Error).message}`;
}
