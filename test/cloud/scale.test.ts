/** Much at once: a stage of a thousand tasks, fifty queries, an answer that fits no response. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { registerTables } from "../../lib/dev/dev-tables.ts";
import { comparableRows, quiet, TpchCloud } from "./support/tpch-cloud.ts";

/** Of one file: as many tasks. */
const rowGroups = 1000;
let world: TpchCloud;
let directory: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "volley-many-"));
  world = await TpchCloud.start({
    executors: 3,
    schedulers: 3,
    apis: 3,
    data: { many: directory },
    variables: {
      VOLLEY_SLOTS: "1000",
      VOLLEY_INLINE_BYTES: "20000",
      VOLLEY_SIZING: JSON.stringify({ taskBytesMin: 1, partitionRowsMin: 1000, replicateBytesMax: 0 }),
    },
  });
  const { cloud, duckdb } = world;
  // DuckDB writes no smaller row groups.
  await duckdb.run(`create view many as select (r // 2048)::int as k from range(${rowGroups * 2048}) x(r)`);
  await duckdb.run(`copy many to '${join(directory, "many.parquet")}' (format parquet, row_group_size 2048)`);
  cloud.s3.buckets.showFolder("many", "", directory);
  await registerTables(cloud, [{ name: "many", paths: ["s3://many/many.parquet"], format: "parquet" }]);
});
after(async () => {
  await world?.close();
  rmSync(directory, { recursive: true, force: true });
});

const executors = () => world.cloud.executors.reduce((sum, each) => sum + each.counts.invocations, 0);

describe("much at once", () => {
  it(`${rowGroups} tasks in a stage, handed on as a tree`, async () => {
    const sql = "select count(*), sum(k), min(k), max(k) from many";
    const before = executors();
    const { id, stages } = await world.client.query(sql);
    assert.equal(Math.max(...stages.map((stage) => stage.tasks)), rowGroups);
    assert.deepEqual(await world.client.results(id), [[String(rowGroups * 2048), "1022976000", "0", "999"]]);
    await quiet(world.cloud);
    // Groups of 32, their tasks, and the task that adds up; attempts that were not needed come on top.
    const retries = stages.reduce((sum, stage) => sum + stage.retries, 0);
    assert.equal(executors() - before, Math.ceil(rowGroups / 32) + rowGroups + 1 + retries);
    const [small] = world.cloud.executors;
    assert.ok(small!.counts.eventBytesMax <= 200 << 10, `${small!.counts.eventBytesMax}`);
  });

  it("50 queries", async () => {
    const sqls = [
      "select n_regionkey, count(*), min(n_name) from nation group by 1",
      "select r_name, count(*) from region join nation on r_regionkey = n_regionkey group by 1",
      "select s_nationkey, sum(s_acctbal) from supplier group by 1",
      "select 6 * 7, 'inline'",
      "select o_orderpriority, count(*), sum(o_totalprice) from orders where o_orderkey < 5000 group by 1",
    ];
    const asked = Array.from({ length: 50 }, (_, i) => sqls[i % sqls.length]!);
    const expected = new Map<string, string[]>();
    for (const sql of sqls) expected.set(sql, await world.expected(sql));
    const got = await Promise.all(asked.map((sql) => world.rows(sql)));
    assert.deepEqual(
      got,
      asked.map((sql) => expected.get(sql)),
    );
  });

  it("an answer beyond 6 MB: by links, and in pages", async () => {
    const sql = "select * from lineitem";
    const { id, resultBytes } = await world.client.query(sql);
    assert.ok(resultBytes! > 6 << 20, `${resultBytes}`);
    const expected = await world.expected(sql);
    assert.deepEqual(comparableRows(await world.client.results(id)), expected);
    let page = "";
    let pages = 0;
    let paged = 0;
    do {
      const response = await world.client.fetch(`/v1/queries/${id}/results?format=json${page && `&page=${page}`}`);
      assert.equal(response.status, 200);
      const text = await response.text();
      assert.ok(text.length < 6_291_556, `${text.length}`);
      const body = JSON.parse(text) as { rows: unknown[]; next?: string };
      paged += body.rows.length;
      pages++;
      page = body.next ?? "";
    } while (page);
    assert.equal(paged, expected.length);
    assert.ok(pages > 1);
  });
});
