/** Trino clients and remote sessions over the emulated cloud: large answers go through S3, and the API reads no table. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { type RemoteSession, SessionContext } from "../../lib/index.ts";
import { manyTasks, TpchCloud, until } from "./support/tpch-cloud.ts";

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

describe("a remote session with the cloud", () => {
  let session: RemoteSession;
  before(async () => {
    session = await SessionContext.remote(world.cloud.url);
  });
  after(() => session.close());

  it("has answers of every size", async () => {
    const small = await session.sql("select n_name from nation where n_nationkey = $1", { parameters: [7] });
    assert.deepEqual(await small.toRows(), [["GERMANY"]]);
    // Through links to S3.
    const all = await session.sql("select * from lineitem order by l_orderkey, l_linenumber");
    const rows = await all.toRows();
    const expected = await world.duckdb.runAndReadAll("select count(*), sum(l_orderkey) from lineitem");
    const [count, sum] = expected.getRows()[0]!;
    assert.deepEqual(
      [BigInt(rows.length), rows.reduce((total, [key]) => total + Number(key), 0)],
      [count, Number(sum)],
    );
  });

  it("draws without running, explains and measures", async () => {
    const sql = "select n_name, count(*) as n from nation, customer where n_nationkey = c_nationkey group by 1";
    const used = () => world.cloud.executors.reduce((sum, each) => sum + each.counts.invocations, 0);
    const before = used();
    const [drawing] = await Array.fromAsync(session.script(sql, { planOnly: true }));
    const dot = await drawing!.graph("dot");
    assert.match(dot, /^digraph stages/);
    assert.equal(used(), before);
    const handle = await session.sql(sql);
    assert.equal(await handle.graph("dot"), dot);
    assert.match(await handle.explain(), /stages:[\s\S]*Stage 0/);
    assert.match(await handle.summary(), /\d+ stages, \d+ tasks.*\$/);
    const [[, measured] = []] = await (await session.sql(`explain analyze ${sql}`)).toRows();
    assert.match(String(measured), /Total: /);
  });

  it("cancels, and limits what is read", async () => {
    const stop = new AbortController();
    const endless = "select count(*) as n from lineitem a, lineitem b where a.l_comment < b.l_comment";
    const asked = session.sql(endless, { signal: stop.signal, tags: ["endless"] });
    setTimeout(() => stop.abort(), 300);
    await assert.rejects(asked, { code: "cancelled" });
    await until(async () => {
      const { queries } = (await (await world.client.fetch("/v1/queries?limit=10")).json()) as { queries: Json[] };
      return queries.find(({ tags }) => (tags as string[] | undefined)?.[0] === "endless")?.status === "cancelled";
    });
    const limited = session.sql("select sum(l_quantity) as q from lineitem", { maxBytes: 100 });
    await assert.rejects(
      limited.then((handle) => handle.toRows()),
      { code: "limit_exceeded" },
    );
  });
});
