/** The bill where somebody dies: what nobody reported is an estimate, is said to be one, and is never too low. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { registerTables } from "../../lib/dev/dev-tables.ts";
import { accountNames } from "../../lib/dev/emulated-cloud.ts";
import { noFaults } from "../../lib/dev/faults.ts";
import { assertExact, type Billed, bill } from "./support/bill.ts";
import { manyTasks, TpchCloud, tpchQuery, until } from "./support/tpch-cloud.ts";

const files = 300;
let world: TpchCloud;
let directory: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "volley-wide-"));
  const variables = { ...manyTasks, VOLLEY_HEARTBEAT_S: "0.5", VOLLEY_SLOTS: "1000" };
  world = await TpchCloud.start({ executors: 3, parts: 6, data: { wide: directory }, variables });
  const folder = join(directory, "parts");
  mkdirSync(folder);
  for (let i = 0; i < files; i++) {
    await world.duckdb.run(`copy (select ${i} as k) to '${join(folder, `${i}.parquet`)}' (format parquet)`);
  }
  world.cloud.s3.buckets.showFolder("wide", "", directory);
  await registerTables(world.cloud, [{ name: "wide", paths: ["s3://wide/parts/"], format: "parquet" }]);
});
after(async () => {
  await world?.close();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => Object.assign(world.cloud.faults, noFaults));

const slow =
  "select count(*), sum(a.l_quantity) from lineitem a, lineitem b where a.l_suppkey = b.l_suppkey and a.l_comment < b.l_comment";
const executorsRun = () => until(() => world.cloud.executors.some((each) => each.running > 0));

describe("the bill", () => {
  it("of a stage that starts as a tree: executors that hand tasks on report, too", async () => {
    const billed = await bill(world, "select count(*), sum(k) from wide");
    assert.ok(billed.body.stages.some(({ tasks }) => tasks === files));
    assertCounts(billed);
    assert.ok(billed.usage.lambdaInvocations > files + 2, "no tree");
  });

  it("with a second scheduler that finds the query in other hands", async () => {
    const lambda = new LambdaClient(world.cloud.clientOptions("lambda"));
    const billed = await bill(world, tpchQuery(1), async ({ id }) => {
      await until(() => world.cloud.scheduler.running > 0);
      const Payload = JSON.stringify({ queryId: id });
      const FunctionName = accountNames.schedulerFunction;
      await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload }));
    });
    lambda.destroy();
    assertExact(billed);
  });

  it("with executors that are killed", async () => {
    const { usage, counted, body } = await bill(world, slow, async () => {
      await executorsRun();
      await new Promise((resolve) => setTimeout(resolve, 1200));
      for (const each of world.cloud.executors) each.killRunning();
    });
    assert.equal(body.status, "finished", body.error?.message);
    assert.ok(body.bill.unreported > 0);
    assert.equal(usage.lambdaInvocations, counted.lambdaInvocations);
    for (const field of ["s3Gets", "s3Puts", "dynamoReadUnits", "dynamoWriteUnits"] as const) {
      assert.ok(usage[field] <= counted[field], `${field}: ${usage[field]} of ${counted[field]}`);
    }
    // What the dead did since they last said something is at most what they ask the store in a heartbeat.
    assert.ok(usage.s3Gets > counted.s3Gets * 0.8, `${usage.s3Gets} of ${counted.s3Gets} GET`);
    assert.ok(body.bill.estimated.lambdaGbSeconds > 0);
    const share = usage.lambdaGbSeconds / counted.lambdaGbSeconds;
    assert.ok(share > 0.8, `${usage.lambdaGbSeconds} of ${counted.lambdaGbSeconds} GB-s`);
  });

  it("with a scheduler that is killed", async () => {
    const { usage, counted, body } = await bill(world, slow, async () => {
      await executorsRun();
      world.cloud.scheduler.killRunning();
    });
    assert.equal(body.status, "finished", body.error?.message);
    assert.ok(body.bill.unreported >= 1);
    assert.ok(usage.lambdaInvocations <= counted.lambdaInvocations);
    const share = usage.lambdaGbSeconds / counted.lambdaGbSeconds;
    assert.ok(share > 0.7, `${usage.lambdaGbSeconds} of ${counted.lambdaGbSeconds} GB-s`);
  });

  it("with an executor that stands still and comes back: two attempts, both billed", async () => {
    const { cloud } = world;
    const billed = await bill(world, slow, async () => {
      await executorsRun();
      const [pid] = cloud.executors[0]!.processes;
      process.kill(pid!, "SIGSTOP");
      // Long enough to be taken for lost.
      await new Promise((resolve) => setTimeout(resolve, 5000));
      process.kill(pid!, "SIGCONT");
    });
    assert.equal(billed.body.status, "finished", billed.body.error?.message);
    assertCounts(billed);
  });
});

/** Of many at once some requests are given up before they have left, hedges above all: billed all the same, as nobody can tell. */
function assertCounts({ body, usage, counted }: Billed): void {
  assert.equal(usage.lambdaInvocations, counted.lambdaInvocations);
  assert.equal(usage.s3Puts, counted.s3Puts);
  assert.equal(usage.dynamoWriteUnits, counted.dynamoWriteUnits);
  assert.ok(usage.s3Gets >= counted.s3Gets && usage.s3Gets < counted.s3Gets + 20, `${usage.s3Gets}, ${counted.s3Gets}`);
  assert.equal(body.bill.unreported, 0);
}
