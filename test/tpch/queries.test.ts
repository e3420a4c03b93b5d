/** The 22 TPC-H queries over generated data, in one task and in many stages, against DuckDB. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { SessionContext, type StandaloneOptions } from "../../lib/index.ts";
import { generateTpch } from "../../lib/tpch/generate.ts";
import { comparable, duckdbRows, volleyRows } from "../support/cells.ts";

const scale = 0.01;
const parts = 3;
const tables = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"];

const modes: Readonly<Record<string, StandaloneOptions>> = {
  "as configured": { threads: 2 },
  "partitioned joins in seven partitions, small batches": {
    threads: 2,
    batchRows: 500,
    testing: {
      inline: false,
      partitions: 7,
      taskBytesMin: 1,
      partitionRowsMin: 0,
      replicateBytesMax: 0,
      broadcastRowsMax: 0,
    },
  },
  "so little memory that operators spill": {
    threads: 2,
    testing: { inline: false, taskBytesMin: 1, partitionRowsMin: 0, taskMemoryBytes: 1 << 20 },
  },
};

describe(`TPC-H at scale ${scale}`, () => {
  const directory = mkdtempSync(join(tmpdir(), "volley-tpch-"));
  const paths = tables.map((table) => {
    const single = table === "nation" || table === "region";
    return [table, join(directory, single ? `${table}.parquet` : table)] as const;
  });
  let duckdb: DuckDBConnection;
  const expected = new Map<number, readonly string[]>();

  before(async () => {
    await generateTpch({ scale, out: directory, parts, threads: 2 });
    duckdb = await (await DuckDBInstance.create(":memory:", { threads: "2" })).connect();
    for (const [table, path] of paths) {
      const files = path.endsWith(".parquet") ? path : `${path}/*.parquet`;
      await duckdb.run(`create view ${table} as from read_parquet('${files}')`);
    }
    for (const query of queries()) expected.set(query, comparable(await duckdbRows(duckdb, textOf(query)), false));
  });
  after(() => {
    duckdb.closeSync();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const [mode, options] of Object.entries(modes)) {
    it(mode, async () => {
      await using session = await SessionContext.standalone(options);
      for (const [table, path] of paths) await session.registerParquet(table, path);
      for (const query of queries()) {
        const got = comparable(await volleyRows(session, textOf(query)), false);
        assert.deepEqual(got, expected.get(query), `q${query}`);
      }
    });
  }
});

function queries(): readonly number[] {
  return Array.from({ length: 22 }, (_, i) => i + 1);
}

function textOf(query: number): string {
  return readFileSync(join(import.meta.dirname, "../../bench/tpch", `q${String(query).padStart(2, "0")}.sql`), "utf8");
}
