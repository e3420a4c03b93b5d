/**
 * Queries in an emulated cloud where things go wrong by a seed. The seed draws what goes wrong and how often; when it
 * strikes depends on the machine too, so a seed is a mixture to try again, not a recording.
 */
import assert from "node:assert/strict";
import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { type Item, unpacked } from "../../../lib/aws/dynamo-item.ts";
import { queryKey, shardKey, shardOf, winKey } from "../../../lib/aws/dynamo-keys.ts";
import { accountNames } from "../../../lib/dev/emulated-cloud.ts";
import { type Faults, luck, noFaults } from "../../../lib/dev/faults.ts";
import { type Manifest, manifestKey } from "../../../lib/scheduler/make-task.ts";
import type { Rng, Win } from "../../../lib/scheduler/ports.ts";
import { seededRng } from "../../scheduler/simulated-world.ts";
import type { QueryBody } from "./cloud-client.ts";
import { comparableRows, quiet, type TpchCloud, tpchQuery } from "./tpch-cloud.ts";

/** What a query may fail with when so much goes wrong; anything else is a mistake of ours. */
const allowed: ReadonlySet<string> = new Set(["throttled", "executor_lost", "timeout"]);
const numbers = [1, 3, 4, 6, 9, 11, 12, 13, 16, 18, 21, 22];
const hangMs = 240_000;

export interface SeedOutcome {
  readonly finished: number;
  readonly failed: readonly string[];
  readonly cancelled: number;
}

export function faultsOf(rng: Rng): Partial<Faults> {
  const some = (chance: number, most: number) => (rng.next() < chance ? rng.next() * most : 0);
  return {
    s3SlowDown: some(0.5, 0.2),
    s3Slow: some(0.3, 0.05),
    dynamoThrottle: some(0.5, 0.15),
    invokeThrottle: some(0.5, 0.5),
    executorKill: some(0.5, 0.2),
    schedulerKill: some(0.4, 0.3),
    eventTwice: some(0.5, 1),
    eventDelayMs: some(0.5, 1500),
    latencyMs: some(0.3, 20),
  };
}

/** @throws AssertionError with the seed when an answer is wrong, a query hangs, or something stays behind */
export async function runSeed(world: TpchCloud, seed: number): Promise<SeedOutcome> {
  const rng = seededRng(seed);
  const { cloud, client } = world;
  const faults = faultsOf(rng);
  luck.next = seededRng(seed + 1_000_000).next;
  const named = (problem: string) => `seed ${seed}: ${problem}; ${JSON.stringify(faults)}`;
  const asked = Array.from({ length: 2 + Math.floor(rng.next() * 3) }, () => {
    const number = numbers[Math.floor(rng.next() * numbers.length)]!;
    return { number, cancelAfterMs: rng.next() < 0.15 ? rng.next() * 1500 : undefined };
  });
  const freeze = rng.next() < 0.3 ? rng.next() * 2000 : undefined;
  Object.assign(cloud.faults, faults);
  const stood = freeze === undefined ? undefined : standStill(world, freeze);
  const run = asked.map(async ({ number, cancelAfterMs }) => {
    const { id } = await client.submit(tpchQuery(number));
    if (cancelAfterMs !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, cancelAfterMs));
      await client.cancel(id);
    }
    return client.ended(id);
  });
  const ended = await inTime(Promise.all(run), () => named("a query hangs"));
  await stood;
  Object.assign(cloud.faults, noFaults);
  await inTime(quiet(cloud), () => named("something goes on running"));
  const failed: string[] = [];
  for (const [i, body] of ended.entries()) {
    const { number, cancelAfterMs } = asked[i]!;
    // What was said once is what is said ever after, and what the records say.
    const again = await client.get(body.id);
    assert.deepEqual([again.status, again.error], [body.status, body.error], named(`query ${number} changed`));
    if (body.status === "finished") {
      const rows = comparableRows(await client.results(body.id));
      assert.deepEqual(rows, await world.expected(tpchQuery(number)), named(`query ${number} is wrong`));
      await checkRecords(world, body, named(`query ${number}`));
    } else if (body.status === "failed") {
      assert.ok(allowed.has(body.error!.code), named(`query ${number}: ${body.error!.code}: ${body.error!.message}`));
      failed.push(`${seed}/${number}: ${body.error!.code}: ${body.error!.message.slice(0, 120)}`);
    } else assert.ok(cancelAfterMs !== undefined, named(`query ${number} was cancelled by nobody`));
  }
  assert.equal(cloud.s3.buckets.uploads, 0, named("uploads are left"));
  const count = (status: string) => ended.filter((body) => body.status === status).length;
  return { finished: count("finished"), failed, cancelled: count("cancelled") };
}

/** The winners of each sealed stage are those of its records, one a task, and the answer's objects are there. */
async function checkRecords({ cloud }: TpchCloud, { id, stages }: QueryBody, name: string): Promise<void> {
  const client = new DynamoDBClient(cloud.clientOptions("dynamo"));
  try {
    const items = async (pk: string): Promise<Item[]> => {
      const values = { ":pk": { S: pk } };
      const input = {
        TableName: accountNames.table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: values,
      };
      return (await client.send(new QueryCommand({ ...input, ConsistentRead: true }))).Items ?? [];
    };
    const meta = (await items(queryKey(id))).find(({ sk }) => sk!.S === "META");
    assert.equal(meta?.ended?.BOOL, true, `${name}: its record has not ended`);
    for (const { stage, tasks } of stages) {
      const stored = cloud.s3.buckets.get(accountNames.bucket, manifestKey(id, stage, 0));
      assert.ok(stored, `${name}: stage ${stage} has no manifest`);
      const text = Buffer.concat(stored.segments.map(({ at }) => at as Buffer)).toString();
      const { winners } = JSON.parse(text) as Manifest;
      assert.equal(winners.length, tasks, name);
      for (const [task, winner] of winners.entries()) {
        const record = (await items(shardKey(id, stage, 0, shardOf(task)))).find(({ sk }) => sk!.S === winKey(task));
        // Stages that ran in the scheduler itself have no records.
        if (!record) continue;
        const win = unpacked<Win>(record, "win");
        assert.deepEqual([winner.attemptId, winner.result.key], [win.attemptId, win.result.key], name);
        if (winner.result.partitions.every(({ inline, rows }) => inline !== undefined || rows === 0)) continue;
        assert.ok(
          cloud.s3.buckets.get(accountNames.bucket, winner.result.key),
          `${name}: ${winner.result.key} is gone`,
        );
      }
    }
  } finally {
    client.destroy();
  }
}

/** A scheduler at work stands still for longer than its lease, and goes on. */
async function standStill({ cloud }: TpchCloud, afterMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const pids = cloud.scheduler.busyProcesses.slice(0, 1);
  const send = (signal: NodeJS.Signals) => {
    for (const pid of pids) if (cloud.scheduler.processes.includes(pid)) process.kill(pid, signal);
  };
  send("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 5000));
  send("SIGCONT");
}

async function inTime<T>(work: Promise<T>, problem: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: problem() })), hangMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
