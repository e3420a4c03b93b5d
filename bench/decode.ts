/**
 * Decoding speed: the seven columns of TPC-H q1, one thread, against DuckDB taking the maximum of each (its cheapest way
 * to look at every value). Usage: node bench/decode.ts --dir DIR [--runs N] [--columns a,b]
 */
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { LinearMemory } from "../lib/kernels/memory.ts";
import { readFooter } from "../lib/parquet/footer.ts";
import { RowGroupReader } from "../lib/parquet/row-group-reader.ts";
import { MemoryStore } from "../lib/storage/memory-store.ts";

const q1Columns = "l_returnflag,l_linestatus,l_quantity,l_extendedprice,l_discount,l_tax,l_shipdate";

const { values: args } = parseArgs({
  options: {
    dir: { type: "string", default: "bench/data" },
    runs: { type: "string", default: "7" },
    columns: { type: "string", default: q1Columns },
  },
});

const path = resolve(join(args.dir, "lineitem.parquet"));
const names = args.columns.split(",");
// Both read from memory: the file is in our store, and in the page cache for DuckDB.
const objects = new MemoryStore();
const info = await objects.put("lineitem", readFileSync(path));
const footer = await readFooter(objects, "lineitem", info);
const columns = names.map((name) => {
  const column = footer.columns.find((candidate) => candidate?.name === name);
  if (!column) throw new Error(`no column ${name} that can be read`);
  return column;
});
const memory = new LinearMemory();
const signal = new AbortController().signal;

/** Milliseconds per column. */
async function decode(): Promise<number[]> {
  const elapsed = columns.map(() => 0);
  for (let rowGroup = 0; rowGroup < footer.rowGroups.length; rowGroup++) {
    const reader = new RowGroupReader({ memory, objects, footer, rowGroup, signal, count: () => {} });
    reader.fetch(columns);
    for (const [i, column] of columns.entries()) {
      const start = performance.now();
      await reader.column(column);
      elapsed[i]! += performance.now() - start;
    }
    reader.free();
  }
  return elapsed;
}

const duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
const query = `SELECT ${names.map((name) => `max(${name})`).join(", ")} FROM '${path}'`;
const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!;
const ours: number[][] = [];
const theirs: number[] = [];
for (let run = 0; run < Number(args.runs); run++) {
  ours.push(await decode());
  const start = performance.now();
  await duckdb.runAndReadAll(query);
  theirs.push(performance.now() - start);
}

const total = median(ours.map((times) => times.reduce((sum, time) => sum + time, 0)));
console.log(`${footer.rows} rows, ${statSync(path).size} bytes, ${args.runs} runs, medians`);
for (const [i, name] of names.entries()) {
  console.log(
    `${name.padEnd(20)} ${median(ours.map((times) => times[i]!))
      .toFixed(1)
      .padStart(8)} ms`,
  );
}
console.log(
  `ours ${total.toFixed(1)} ms, DuckDB ${median(theirs).toFixed(1)} ms, ratio ${(total / median(theirs)).toFixed(2)}`,
);
console.log(`peak memory ${(memory.peakBytes / 2 ** 20).toFixed(1)} MiB`);
