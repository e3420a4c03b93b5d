/** Trino clients and the catalog of the emulated cloud: large answers go through S3, and the API reads no table. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { manyTasks, TpchCloud } from "./support/tpch-cloud.ts";

type Json = Record<string, unknown>;

let world: TpchCloud;

before(async () => {
  world = await TpchCloud.start({ executors: 2, variables: manyTasks });
});
after(() => world?.close());

/** A statement to its first page with data, or its end. */
async function statement(sql: string, headers: Record<string, string> = {}): Promise<Json> {
  const all = { "x-trino-user": "ann", ...headers };
  let response = await world.client.fetch("/v1/statement", { method: "POST", body: sql, headers: all });
  let body = (await response.json()) as Json;
  while (body.nextUri && !body.data) {
    response = await fetch(body.nextUri as string, { headers: all });
    body = (await response.json()) as Json;
  }
  assert.equal(body.error, undefined, JSON.stringify(body.error));
  return body;
}

describe("Trino clients in the cloud", () => {
  it("see tables with their columns", async () => {
    const { tables } = (await (await world.client.fetch("/v1/tables")).json()) as { tables: Json[] };
    assert.deepEqual(tables.map(({ name }) => name).sort(), [
      ...["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"],
    ]);
    const nation = tables.find(({ name }) => name === "nation")!;
    assert.deepEqual((nation.columns as Json[])[0], { name: "n_nationkey", type: "BIGINT", nullable: false });
    assert.deepEqual((await statement("SHOW TABLES LIKE 'p%'")).data, [["part"], ["partsupp"]]);
    const columns = "select count(*) as n from information_schema.columns where table_name = 'lineitem'";
    assert.deepEqual((await statement(columns)).data, [[16]]);
  });

  it("see what CREATE EXTERNAL TABLE made, in place of what was there", async () => {
    const create =
      "create or replace external table places stored as parquet location 's3://volley-tpch/region.parquet'";
    await statement(create);
    assert.deepEqual((await statement("DESCRIBE places")).data, [
      ["r_regionkey", "bigint", "", ""],
      ["r_name", "varchar", "", ""],
      ["r_comment", "varchar", "", ""],
    ]);
    await statement(create.replace("region", "nation"));
    assert.equal(((await statement("DESCRIBE places")).data as unknown[]).length, 4);
    await statement("drop table places");
  });

  it("fetch large answers from S3 by links, and have their parts deleted", async () => {
    const sql = "select l_orderkey, l_linenumber, l_comment from lineitem order by 1, 2";
    const headers = { "x-trino-query-data-encoding": "json+zstd" };
    const rows: unknown[][] = [];
    const uris: string[] = [];
    for (let body = await statement(sql, headers); ; ) {
      for (const segment of (body.data as { segments: Json[] }).segments) {
        assert.equal((segment.metadata as Json).rowOffset, rows.length);
        let bytes = Buffer.from((segment.data as string) ?? "", "base64");
        if (segment.type === "spooled") {
          const uri = segment.uri as string;
          uris.push(uri);
          assert.ok(uri.startsWith(world.cloud.endpoints.s3), uri);
          bytes = Buffer.from(await (await fetch(uri)).arrayBuffer());
          assert.equal((await fetch(segment.ackUri as string)).status, 200);
          assert.equal((await fetch(uri)).status, 404);
          const token = (segment.ackUri as string).split("/").at(-1)!;
          assert.equal((await world.client.fetch(`/v1/spooled/download/${token}`)).status, 404);
        }
        rows.push(...(JSON.parse(zstdDecompressSync(bytes).toString()) as unknown[][]));
      }
      if (!body.nextUri) break;
      body = (await (await fetch(body.nextUri as string, { headers })).json()) as Json;
    }
    assert.ok(uris.length > 0);
    const expected = await world.duckdb.runAndReadAll(sql);
    assert.deepEqual(
      rows.map((row) => row.map(String)),
      expected.getRows().map((row) => row.map(String)),
    );
  });
});
