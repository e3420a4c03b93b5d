/** Queries through the HTTP API of the emulated cloud: the bundles that deploy, behind tokens, against DuckDB. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoCatalogStore } from "../../lib/aws/dynamo-catalog-store.ts";
import { accountNames } from "../../lib/dev/emulated-cloud.ts";
import { QueryError } from "../../lib/errors.ts";
import { CloudClient } from "./support/cloud-client.ts";
import { manyTasks, TpchCloud, tpchQuery, until } from "./support/tpch-cloud.ts";

let world: TpchCloud;

before(async () => {
  world = await TpchCloud.start({ auth: "jwt", executors: 3, variables: manyTasks });
});
after(() => world?.close());

const fails = (code: string) => (error: unknown) => {
  assert.ok(error instanceof QueryError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

describe("the emulated cloud", () => {
  for (let number = 1; number <= 22; number++) {
    it(`answers TPC-H query ${number}`, async () => {
      const sql = tpchQuery(number);
      assert.deepEqual(await world.rows(sql), await world.expected(sql));
    });
  }

  it("answers small queries inline", async () => {
    const response = await world.client.fetch("/v1/queries", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sql: "select n_name from nation where n_nationkey = $1", parameters: [7], wait: 20 }),
    });
    assert.equal(response.status, 200);
    const { rows, status } = (await response.json()) as { rows: unknown[][]; status: string };
    assert.deepEqual([status, rows], ["finished", [["GERMANY"]]]);
  });

  it("fails at once on what no retry can mend", async () => {
    const executors = () => world.cloud.executors.reduce((sum, each) => sum + each.counts.invocations, 0);
    const before = executors();
    await assert.rejects(
      world.client.query("select count(*) from region where 1 / (r_regionkey - 2) > 0"),
      fails("invalid_argument"),
    );
    assert.ok(executors() - before <= 2, `${executors() - before} tasks`);
    await assert.rejects(world.client.query("select nothing from region"), fails("unknown_column"));
    await assert.rejects(world.client.query("select * from nothing"), fails("unknown_table"));
    await assert.rejects(world.client.submit("selekt 1"), fails("syntax"));
  });

  it("lets nobody in without a good token, and shows no tenant another's queries", async () => {
    const { url, jwt } = world.cloud;
    const status = async (authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      return (await fetch(new URL("/v1/queries", url), { headers })).status;
    };
    const token = jwt.token("someone");
    assert.equal(await status(`Bearer ${token}`), 200);
    assert.equal(await status(), 401);
    assert.equal(await status("Bearer nonsense"), 401);
    assert.equal(await status(`Bearer ${token.slice(0, -4)}AAAA`), 401);
    assert.equal(await status(`Bearer ${jwt.token("someone", -1)}`), 401);
    assert.equal(await status(`Bearer ${jwt.token("someone", 60, { aud: "another" })}`), 401);
    const { id } = await world.client.query("select 1");
    const other = new CloudClient(url, { authorization: `Bearer ${token}` });
    await assert.rejects(other.get(id), fails("not_found"));
    await assert.rejects(other.results(id), fails("not_found"));
  });

  it("reads no bucket but those it was given", async () => {
    const { cloud } = world;
    cloud.s3.buckets.create("elsewhere");
    const client = new DynamoDBClient(cloud.clientOptions("dynamo"));
    const catalog = new DynamoCatalogStore(client, accountNames.table);
    await catalog.putTable(
      { schema: "default", name: "secrets", paths: ["s3://elsewhere/t/"], format: "parquet" },
      true,
    );
    await assert.rejects(world.client.query("select * from secrets"), fails("unauthorized"));
    client.destroy();
  });

  it("cancels", async () => {
    const sql = "select count(*) from lineitem a, lineitem b where a.l_comment < b.l_comment";
    const { id } = await world.client.submit(sql);
    await until(async () => (await world.client.get(id)).status === "running");
    await world.client.cancel(id);
    const ended = await world.client.ended(id);
    assert.equal(ended.status, "cancelled");
    await until(() => world.cloud.executors.every((each) => each.running === 0 && each.queued === 0));
  });
});
