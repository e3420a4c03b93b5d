/**
 * The 22 TPC-H queries on the same Parquet files with the same number of threads, beside other engines.
 *
 *   npm run bench -- --sf 1 [--threads 2] [--runs 5] [--queries 1,6] [--peers duckdb,polars,datafusion,ballista,spark] [--dir DIR]
 *     [--writer volley|duckdb] [--python PYTHON]
 *
 * Every engine is a process of its own that stays up; for each query the engines take turns, run after run, and the
 * least time of each counts. A warm-up run of each query is not counted. Times are whole: planning and reading included.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { generateTpch } from "../lib/tpch/generate.ts";
import { coldStart } from "./cold-start.ts";
import { Peer } from "./peers/peer.ts";
import { rewrittenByDuckDB } from "./rewrite.ts";

const { values: args } = parseArgs({
  options: {
    sf: { type: "string", default: "1" },
    threads: { type: "string", default: "2" },
    runs: { type: "string", default: "5" },
    queries: { type: "string" },
    peers: { type: "string", default: "duckdb" },
    dir: { type: "string" },
    memory: { type: "string", default: "8GB" },
    json: { type: "string" },
    /** Who writes the Parquet files. */
    writer: { type: "string", default: "volley" },
    /** Runs the peers that are Python packages. */
    python: { type: "string", default: "python3" },
  },
});

const numbers = args.queries?.split(",").map(Number) ?? Array.from({ length: 22 }, (_, i) => i + 1);
const generated = args.dir ?? join(import.meta.dirname, "data", `tpch-sf${args.sf}`);
if (!existsSync(join(generated, "lineitem.parquet"))) {
  mkdirSync(generated, { recursive: true });
  console.log(`generating scale ${args.sf} in ${generated} …`);
  await generateTpch({ scale: Number(args.sf), out: generated });
}
if (args.writer !== "volley" && args.writer !== "duckdb") throw new Error(`unknown writer ${args.writer}`);
const directory = args.writer === "duckdb" ? await rewrittenByDuckDB(generated) : generated;

const setup = { directory, threads: Number(args.threads), memory: args.memory };
const names = ["volley", ...args.peers.split(",").filter((name) => name !== "")];
const peers: Peer[] = [];
for (const name of names) {
  const peer = await Peer.start(name, setup, args.python);
  if (typeof peer !== "string") peers.push(peer);
  else console.log(`${name}: left out: ${peer}`);
}

interface Measured {
  readonly query: number;
  readonly ms: Map<string, number>;
  readonly rows: Map<string, number>;
}

const measured: Measured[] = [];
for (const query of numbers) {
  const sql = readFileSync(join(import.meta.dirname, "tpch", `q${String(query).padStart(2, "0")}.sql`), "utf8");
  const result: Measured = { query, ms: new Map(), rows: new Map() };
  for (let run = 0; run <= Number(args.runs); run++) {
    for (const peer of peers) {
      if (Number.isNaN(result.ms.get(peer.name))) continue;
      const answer = await peer.run(sql);
      if (answer.error !== undefined) {
        // (What fails once is not tried again.)
        if (run === 0) console.log(`q${query} ${peer.name}: ${answer.error}`);
        result.ms.set(peer.name, Number.NaN);
        continue;
      }
      result.rows.set(peer.name, answer.rows);
      if (run > 0) result.ms.set(peer.name, Math.min(result.ms.get(peer.name) ?? Infinity, answer.ms));
    }
  }
  measured.push(result);
  const times = [...result.ms].map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`).join(", ");
  console.log(`q${query}: ${times}, ratio ${ratio(result, peers[1]?.name).toFixed(2)}`);
  if (new Set(result.rows.values()).size > 1)
    console.log(`q${query}: ROW COUNTS DIFFER ${JSON.stringify([...result.rows])}`);
}

function ratio(result: Measured, peer: string | undefined): number {
  return peer === undefined ? Number.NaN : result.ms.get("volley")! / result.ms.get(peer)!;
}

/** Of the queries that both answer. */
function meanRatio(peer: string): string {
  const ratios = measured.map((result) => ratio(result, peer)).filter((x) => !Number.isNaN(x));
  const mean = geometricMean(ratios).toFixed(3);
  return ratios.length === measured.length ? mean : `${mean} (${ratios.length} queries)`;
}

function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, x) => sum + Math.log(x), 0) / numbers.length);
}

const others = peers.slice(1);
const table = new Table({
  head: ["query", ...peers.map((peer) => `${peer.name} ms`), ...others.map((peer) => `volley / ${peer.name}`)],
  colAligns: Array.from({ length: 1 + peers.length + others.length }, () => "right"),
  style: { head: [], border: [], compact: true },
});
for (const result of measured) {
  const times = peers.map((peer) => (result.ms.get(peer.name) ?? Number.NaN).toFixed(1));
  table.push([`q${result.query}`, ...times, ...others.map((peer) => ratio(result, peer.name).toFixed(2))]);
}
const totals = peers.map((peer) =>
  measured.reduce((sum, { ms }) => sum + (ms.get(peer.name) ?? Number.NaN), 0).toFixed(0),
);
table.push(["total", ...totals, ...others.map(() => "")]);
const means = others.map((peer) => meanRatio(peer.name));
table.push(["geometric mean", ...peers.map(() => ""), ...means]);
console.log(
  `\nTPC-H scale ${args.sf}, files written by ${args.writer}, ${args.threads} threads, least of ${args.runs} runs\n${table}`,
);

const memory: Record<string, string> = {};
for (const peer of peers) memory[peer.name] = `${Math.round((await peer.stop()) / 2 ** 20)} MiB`;
console.log(
  `peak memory (resident): ${Object.entries(memory)
    .map(([name, size]) => `${name} ${size}`)
    .join(", ")}`,
);
await coldStart();
if (args.json) {
  const rows = measured.map(({ query, ms }) => ({ query, ms: Object.fromEntries(ms) }));
  writeFileSync(args.json, JSON.stringify({ sf: args.sf, threads: args.threads, rows, memory }, null, 1));
}
