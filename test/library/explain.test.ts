/** EXPLAIN and EXPLAIN ANALYZE: shapes, and that the counts are the true ones. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { SessionContext } from "../../lib/index.ts";

let folder: string;
let ctx: SessionContext;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "volley-test-"));
  const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  // Five row groups of 2,048 rows, in the order of i.
  await duckdb.run(`copy (select i, i % 10 as g, 'x' || i as t from range(10240) r(i)) to '${folder}/numbers.parquet'
    (format parquet, row_group_size 2048)`);
  duckdb.closeSync();
  ctx = await SessionContext.standalone({
    threads: 2,
    temporaryDirectory: folder,
    testing: { inline: false, taskBytesMin: 1, taskBytesMax: 1, partitionRowsMin: 0 },
  });
  await ctx.registerParquet("numbers", join(folder, "numbers.parquet"));
});
after(async () => {
  await ctx.close();
  rmSync(folder, { recursive: true, force: true });
});

async function plan(sql: string): Promise<string> {
  const rows = await (await ctx.sql(sql)).toRows();
  return rows.map(([, text]) => text).join("\n");
}

describe("account", () => {
  it("of a whole scan", async () => {
    const handle = await ctx.sql("select count(*), max(t) from numbers");
    const { rows, rowsRead, rowGroups, rowGroupsPruned, bytesRead, retries, spilledBytes } = await handle.account();
    assert.deepEqual(
      { rows, rowsRead, rowGroups, rowGroupsPruned, retries, spilledBytes },
      { rows: 1, rowsRead: 10240, rowGroups: 5, rowGroupsPruned: 0, retries: 0, spilledBytes: 0 },
    );
    assert.ok(bytesRead > 10_000);
  });
  it("of a scan that statistics cut short", async () => {
    const handle = await ctx.sql("select max(t) from numbers where i >= 5000 and i < 5010");
    const { rowsRead, rowGroups, rowGroupsPruned } = await handle.account();
    assert.equal(rowGroups - rowGroupsPruned <= 1, true);
    assert.ok(rowsRead <= 2048, `${rowsRead} rows read`);
  });
  it("of an exchange", async () => {
    const handle = await ctx.sql("select g, count(*) from numbers group by g");
    const { stages, tasks, rows, rowsExchanged, bytesExchanged } = await handle.account();
    assert.ok(stages >= 2 && tasks > stages);
    assert.equal(rows, 10);
    // Every scanning task hands on at most its ten groups.
    assert.ok(rowsExchanged >= 10 && rowsExchanged <= 10 * tasks, `${rowsExchanged} rows exchanged`);
    assert.ok(bytesExchanged > 0);
  });
});

describe("EXPLAIN ANALYZE", () => {
  it("gives each operator its own rows, summed over tasks", async () => {
    const text = await plan("explain analyze select g, count(*) from numbers where i % 2 = 0 group by g order by g");
    assert.match(text, /Scan numbers[^\n]*\n *\| 5,120 rows, [^\n]*row groups 5[^\n]*rows read 10,240/);
    assert.match(text, /Aggregate final[^\n]*\n *\| 5 rows/);
    assert.match(text, /Total: \d+ stages, \d+ tasks, .*; read 10,240 rows, /);
  });
  it("says which row groups were skipped", async () => {
    const text = await plan("explain analyze select max(t) from numbers where i = 77");
    assert.match(text, /Scan numbers[^\n]*\n *\| 1 row, /);
  });
  it("fails as the query does", async () => {
    await assert.rejects(ctx.sql("explain analyze select 1 / (i - i) from numbers"), /division by zero/);
  });
});

describe("EXPLAIN", () => {
  const query = "select g, count(*) from numbers group by g";
  it("prints every step", async () => {
    assert.match(await plan(`explain (logical) ${query}`), /Aggregate[\s\S]*Scan numbers/);
    assert.match(
      await plan(`explain (physical) ${query}`),
      /Aggregate final[\s\S]*Aggregate partial[\s\S]*Scan numbers/,
    );
    assert.match(
      await plan(`explain (stages) ${query}`),
      /Stage 0: \d+ tasks → hash\(g#\d+\)[\s\S]*Stage 1: .*→ result/,
    );
  });
  it("draws the stages", async () => {
    const handle = await ctx.sql(query);
    assert.match(await handle.graph("dot"), /^digraph stages \{[\s\S]*s0 -> s1 \[label="hash\(/);
    assert.match(await handle.graph("svg"), /<svg[\s\S]*Stage 0[\s\S]*<\/svg>/);
  });
  it("draws names that need escaping", async () => {
    const handle = await ctx.sql(`select '"\\<&>' as "a""b\\" from numbers limit 1`);
    assert.match(await handle.graph("svg"), /<\/svg>/);
  });
});
