/** Much at once: a stage of a thousand tasks, fifty queries, an answer that fits no response. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { registerTables } from "../../lib/dev/dev-tables.ts";
import { manyTasks, TpchCloud, tpchQuery } from "./support/tpch-cloud.ts";

const files = 1000;
let world: TpchCloud;
let directory: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "volley-many-"));
  world = await TpchCloud.start({
    executors: 4,
    schedulers: 6,
    data: { many: directory },
    variables: { ...manyTasks, VOLLEY_SLOTS: "1000" },
  });
  const { cloud, duckdb } = world;
  const folder = join(directory, "parts");
  mkdirSync(folder);
  for (let i = 0; i < files; i++) {
    const rows = `select (${i} * 100 + r)::int as k, (r * 7 + ${i})::bigint as v, 'text ' || r as t from range(100) x(r)`;
    await duckdb.run(`copy (${rows}) to '${join(folder, `${String(i).padStart(4, "0")}.parquet`)}' (format parquet)`);
  }
  cloud.s3.buckets.showFolder("many", "", directory);
  await registerTables(cloud, [{ name: "many", paths: ["s3://many/parts/"], format: "parquet" }]);
  await duckdb.run(`create view many as from read_parquet('${folder}/*.parquet')`);
});
after(async () => {
  await world?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("much at once", () => {
  it(`${files} tasks in a stage`, async () => {
    const sql = "select count(*), sum(v), min(k), max(t) from many";
    const { id, stages } = await world.client.query(sql);
    assert.equal(Math.max(...stages.map((stage) => stage.tasks)), files);
    assert.deepEqual(await world.rows(sql), await world.expected(sql));
    assert.ok(id);
  });

  it("50 queries", async () => {
    const numbers = Array.from({ length: 50 }, (_, i) => [1, 3, 6, 12, 14][i % 5]!);
    const queries = await Promise.all(numbers.map((number) => world.client.submit(tpchQuery(number))));
    for (const [i, { id }] of queries.entries()) {
      const { status, error } = await world.client.ended(id);
      assert.equal(status, "finished", error?.message);
      const rows = (await world.client.results(id)).map((row) => row.join("\t"));
      assert.equal(rows.length, (await world.expected(tpchQuery(numbers[i]!))).length);
    }
  });

  it("an answer of many objects, far beyond 6 MB", async () => {
    const sql =
      "select x, l_orderkey, l_linenumber, l_comment from lineitem, (values (1), (2), (3), (4), (5), (6), (7)) t(x)";
    const { id, resultBytes } = await world.client.query(sql);
    assert.ok(resultBytes! > 18 << 20, `${resultBytes}`);
    const response = await world.client.fetch(`/v1/queries/${id}/results?format=json`);
    assert.equal(response.status, 200);
    assert.deepEqual(await world.rows(sql), await world.expected(sql));
  });
});
