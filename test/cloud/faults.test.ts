/** What goes wrong in a cloud, one of each: the answers stay right, or the error says what happened. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { tpchBucket } from "../../lib/dev/dev-tables.ts";
import { accountNames } from "../../lib/dev/emulated-cloud.ts";
import { type Faults, noFaults } from "../../lib/dev/faults.ts";
import { manyTasks, quiet, TpchCloud, tpchQuery, until } from "./support/tpch-cloud.ts";

let world: TpchCloud;

before(async () => {
  world = await TpchCloud.start({
    executors: 3,
    schedulers: 3,
    apis: 2,
    freeze: process.platform !== "win32",
    variables: { ...manyTasks, VOLLEY_HEARTBEAT_S: "0.25", VOLLEY_LEASE_S: "2" },
  });
});
after(() => world?.close());
afterEach(async () => {
  Object.assign(world.cloud.faults, noFaults);
  await quiet(world.cloud);
});

/** Runs long enough to be interrupted, and a task for each supplier's share. */
const slow =
  "select count(*), sum(a.l_quantity) from lineitem a, lineitem b where a.l_suppkey = b.l_suppkey and a.l_comment < b.l_comment";

const executors = (count: "invocations" | "errors" | "throttles") =>
  world.cloud.executors.reduce((sum, each) => sum + each.counts[count], 0);

/** A query while something is wrong, and how often it struck. */
async function rightWith(number: number, faults: Partial<Faults>, struck: () => number): Promise<void> {
  Object.assign(world.cloud.faults, faults);
  const before = struck();
  const sql = tpchQuery(number);
  assert.deepEqual(await world.rows(sql), await world.expected(sql));
  assert.ok(struck() > before, "nothing went wrong");
}

describe("with faults", () => {
  const slowDowns = () => [...world.cloud.s3.counts.values()].reduce((sum, each) => sum + each.slowDowns, 0);
  const throttles = () => [...world.cloud.dynamo.counts.values()].reduce((sum, each) => sum + each.throttles, 0);

  it("S3 answers 503", () => rightWith(3, { s3SlowDown: 0.15 }, slowDowns));
  it("DynamoDB throttles", () => rightWith(18, { dynamoThrottle: 0.1 }, throttles));
  it("invokes are throttled", () => rightWith(9, { invokeThrottle: 0.4 }, () => executors("throttles")));
  it("executors are killed", () => rightWith(21, { executorKill: 0.15 }, () => executors("errors")));
  it("events are late and come twice", async () => {
    const duplicates = () => executors("invocations") + world.cloud.scheduler.counts.invocations;
    const before = duplicates();
    await rightWith(13, { eventTwice: 1, eventDelayMs: 100 }, duplicates);
    await quiet(world.cloud);
    // Each one ran twice, and each was taken once.
    assert.equal((duplicates() - before) % 2, 0);
  });

  it("a scheduler is killed: the next goes on with its query", async () => {
    const { cloud, client } = world;
    const { id } = await client.submit(slow);
    await until(() => cloud.executors.some((each) => each.running > 0));
    const before = cloud.scheduler.counts.invocations;
    assert.equal(cloud.scheduler.killRunning(), 1);
    const ended = await client.ended(id);
    assert.equal(ended.status, "finished", ended.error?.message);
    assert.equal(cloud.scheduler.counts.invocations, before + 1);
    assert.deepEqual(await client.results(id), await client.rows(slow));
  });

  it("all executors are killed at once", async () => {
    const { cloud, client } = world;
    const { id } = await client.submit(slow);
    await until(() => cloud.executors.some((each) => each.running > 0));
    const before = executors("errors");
    const killed = cloud.executors.reduce((sum, each) => sum + each.killRunning(), 0);
    assert.ok(killed > 0);
    const ended = await client.ended(id);
    assert.equal(ended.status, "finished", ended.error?.message);
    assert.equal(executors("errors") - before, killed);
    assert.deepEqual(await client.results(id), await client.rows(slow));
  });

  it("a scheduler that stands still loses its lease, and does no harm afterwards", {
    skip: process.platform === "win32",
  }, async () => {
    const { cloud, client } = world;
    const { id } = await client.submit(slow);
    await until(() => cloud.executors.some((each) => each.running > 0));
    const stopped = cloud.scheduler.busyProcesses;
    assert.equal(stopped.length, 1);
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    // Whoever asks for the query finds its lease over, and starts another.
    const ended = await client.ended(id);
    assert.equal(ended.status, "finished", ended.error?.message);
    const rows = await client.results(id);
    for (const pid of stopped) process.kill(pid, "SIGCONT");
    await quiet(cloud);
    const { status, resultBytes } = await client.get(id);
    assert.deepEqual([status, resultBytes], ["finished", ended.resultBytes]);
    assert.deepEqual(await client.results(id), rows);
  });

  it("a table's file is replaced after the query was planned", async () => {
    const { cloud, client } = world;
    const { buckets } = cloud.s3;
    const sql = "select count(*), max(l_comment) from lineitem";
    cloud.faults.latencyMs = 100;
    const { id } = await client.submit(sql);
    await until(() => buckets.get(accountNames.bucket, `q/${id}/plan.json.gz`) !== undefined, 1);
    const [file] = buckets.list(tpchBucket, "lineitem/");
    const { key, bytes, segments, headers } = file!;
    buckets.put(tpchBucket, key, { segments, bytes, md5: "another version", crc32: 0 }, headers, {});
    const ended = await client.ended(id);
    assert.equal(ended.status, "failed");
    assert.equal(ended.error?.code, "corrupt_file");
    assert.match(ended.error!.message, /changed while it was read/);
    // The next query pins what is there now.
    assert.deepEqual(await world.rows(sql), await world.expected(sql));
  });

  it("a task that kills every executor ends its query, after four attempts", async () => {
    const { cloud, client } = world;
    const before = { invocations: executors("invocations"), errors: executors("errors") };
    for (const each of cloud.executors) each.poison = () => true;
    const { id } = await client.submit("select count(*) from region where r_comment like '%a%'");
    const ended = await client.ended(id);
    for (const each of cloud.executors) each.poison = undefined;
    assert.equal(ended.status, "failed");
    assert.equal(ended.error?.code, "executor_lost");
    assert.match(ended.error!.message, /gave up after 4 attempts/);
    assert.equal(executors("errors") - before.errors, 4);
    assert.equal(executors("invocations") - before.invocations, 4);
  });
});
