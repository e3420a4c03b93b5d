/** What goes wrong in a cloud: lost schedulers and executors, throttles, slow-downs. The answers stay right. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { accountNames } from "../../lib/dev/emulated-cloud.ts";
import { noFaults } from "../../lib/dev/faults.ts";
import { manyTasks, TpchCloud, tpchQuery, until } from "./support/tpch-cloud.ts";

let world: TpchCloud;

before(async () => {
  // Many small tasks: faults find something to strike.
  world = await TpchCloud.start({
    executors: 3,
    parts: 6,
    executorTimeout: 20,
    freeze: true,
    variables: { ...manyTasks, VOLLEY_HEARTBEAT_S: "0.5" },
  });
});
after(() => world?.close());
afterEach(() => Object.assign(world.cloud.faults, noFaults));

/** Runs long enough to be interrupted. */
const slow =
  "select count(*), sum(a.l_quantity) from lineitem a, lineitem b where a.l_suppkey = b.l_suppkey and a.l_comment < b.l_comment";

async function right(sql: string): Promise<void> {
  assert.deepEqual(await world.rows(sql), await world.expected(sql));
}

describe("with faults", () => {
  for (const [name, faults] of Object.entries({
    "S3 slows down": { s3SlowDown: 0.05 },
    "DynamoDB throttles": { dynamoThrottle: 0.05 },
    "invokes are throttled": { invokeThrottle: 0.3 },
    "executors are killed": { executorKill: 0.15 },
    "everything is late": { latencyMs: 50 },
    "all at once": { s3SlowDown: 0.02, dynamoThrottle: 0.02, invokeThrottle: 0.1, executorKill: 0.05, latencyMs: 5 },
  })) {
    it(name, async () => {
      Object.assign(world.cloud.faults, faults);
      for (const number of [3, 9, 18, 21]) await right(tpchQuery(number));
    });
  }

  it("a scheduler is killed: the next takes over when the lease is over", async () => {
    const { cloud, client } = world;
    const { id } = await client.submit(slow);
    await until(() => cloud.executors.some((each) => each.running > 0));
    const before = cloud.scheduler.counts.invocations;
    assert.equal(cloud.scheduler.killRunning(), 1);
    const ended = await client.ended(id);
    assert.equal(ended.status, "finished", ended.error?.message);
    assert.deepEqual(await client.results(id), await world.client.rows(slow));
    assert.ok(cloud.scheduler.counts.invocations > before);
  });

  it("all executors are killed at once", async () => {
    const { cloud, client } = world;
    const { id } = await client.submit(slow);
    await until(() => cloud.executors.some((each) => each.running > 0));
    for (const each of cloud.executors) each.killRunning();
    const ended = await client.ended(id);
    assert.equal(ended.status, "finished", ended.error?.message);
  });

  it("a scheduler that stood still finds its lease taken over, and does no harm", {
    skip: process.platform === "win32",
  }, async () => {
    const { cloud, client } = world;
    const { id } = await client.submit(slow);
    await until(() => cloud.executors.some((each) => each.running > 0));
    const stopped = cloud.scheduler.processes;
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    const lambda = new LambdaClient(cloud.clientOptions("lambda"));
    const Payload = JSON.stringify({ queryId: id });
    // Its own event would be tried again only when it failed; someone else notices first.
    await until(async () => {
      await lambda.send(
        new InvokeCommand({ FunctionName: accountNames.schedulerFunction, InvocationType: "Event", Payload }),
      );
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return (await client.get(id)).status === "finished";
    });
    const rows = await client.results(id);
    for (const pid of stopped) process.kill(pid, "SIGCONT");
    await until(() => cloud.scheduler.running === 0);
    assert.deepEqual(await client.results(id), rows);
    assert.equal((await client.get(id)).status, "finished");
    lambda.destroy();
  });
});
