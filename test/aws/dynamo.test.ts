/** State, query records and catalog on DynamoDB. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { meterClients } from "../../lib/aws/clients.ts";
import { DynamoCatalogStore } from "../../lib/aws/dynamo-catalog-store.ts";
import { DynamoQueryStore } from "../../lib/aws/dynamo-query-store.ts";
import { DynamoStateStore } from "../../lib/aws/dynamo-state-store.ts";
import { UsageMeter } from "../../lib/aws/usage-meter.ts";
import { noUsage } from "../../lib/bill/usage.ts";
import { MemoryCatalogStore } from "../../lib/catalog/catalog-store.ts";
import { MemoryQueryStore } from "../../lib/service/memory-query-store.ts";
import { queuedProgress } from "../../lib/service/query-store.ts";
import { stateStoreConformance, winOf } from "../scheduler/state-store-conformance.ts";
import { catalogStoreConformance } from "../service/catalog-store-conformance.ts";
import { queryStoreConformance } from "../service/query-store-conformance.ts";
import { startDynamo } from "./emulators.ts";

const dynamo = await startDynamo();
const meter = new UsageMeter();
const ignored = { middlewareStack: { add: () => {} } } as never;
meterClients({ dynamo: dynamo.client, s3: ignored, lambda: ignored }, meter);
after(() => dynamo.close());

stateStoreConformance("DynamoStateStore", async () => new DynamoStateStore(dynamo.client, await dynamo.makeTable()));
queryStoreConformance("MemoryQueryStore", async () => ({ queries: new MemoryQueryStore() }));
queryStoreConformance("DynamoQueryStore", async () => {
  const table = await dynamo.makeTable();
  const queries = new DynamoQueryStore(dynamo.client, table);
  return { queries, state: new DynamoStateStore(dynamo.client, table) };
});
catalogStoreConformance("MemoryCatalogStore", async () => new MemoryCatalogStore());
catalogStoreConformance(
  "DynamoCatalogStore",
  async () => new DynamoCatalogStore(dynamo.client, await dynamo.makeTable()),
);

describe("DynamoStateStore", () => {
  const counted = () => {
    const all = [...dynamo.server.counts.values()];
    return {
      reads: all.reduce((sum, { readUnits }) => sum + readUnits, 0),
      writes: all.reduce((sum, { writeUnits }) => sum + writeUnits, 0),
    };
  };

  it("reports exactly what a commit takes, the commit itself included", async () => {
    const store = new DynamoStateStore(dynamo.client, await dynamo.makeTable());
    await store.createQuery("q");
    const lease = (await store.acquire("q", "a", 0, 1000))!;
    await store.openStage("q", lease, 0, 0, 4);
    for (const [task, partitions] of [1, 20, 400, 4000].entries()) {
      const before = counted().writes;
      const win = winOf("1-a", `k${Math.random()}`, partitions);
      const result = { ...win.result, usage: { ...noUsage, s3Gets: 3 } };
      const noise = result.partitions.map((slice, i) => ({ ...slice, checksum: (i * 2654435761) % 2 ** 32 }));
      await store.commitTask(
        { queryId: "q", stage: 0, generation: 0, task },
        { ...win, result: { ...result, partitions: noise } },
      );
      const used = counted().writes - before;
      const stored = (await store.listTasks("q", 0, 0))[task]!.win!.result.usage!;
      assert.deepEqual(stored, { ...noUsage, s3Gets: 3, dynamoWriteUnits: used });
    }
  });

  it("counts a failed condition by the size of the item that is there, as DynamoDB does", async () => {
    const store = new DynamoStateStore(dynamo.client, await dynamo.makeTable());
    const key = { queryId: "q", stage: 0, generation: 0, task: 0 };
    const { result, ...win } = winOf("1-a", `k${Math.random()}`, 4000);
    const noise = result.partitions.map((slice, i) => ({ ...slice, checksum: (i * 2654435761) % 2 ** 32 }));
    await store.commitTask(key, { ...win, result: { ...result, partitions: noise } });
    const before = counted();
    meter.take();
    assert.equal(await store.commitTask(key, winOf("2-b")), false);
    const used = meter.take();
    assert.ok(used.dynamoWriteUnits > 5, `${used.dynamoWriteUnits} units`);
    assert.equal(counted().writes - before.writes, used.dynamoWriteUnits);
    // The failure itself tells which attempt stands: nothing is read again.
    assert.deepEqual([used.dynamoReadUnits, counted().reads - before.reads], [0, 0]);
  });

  it("adds the use of late attempts to their query, and that of those whose twin won", async () => {
    const table = await dynamo.makeTable();
    const store = new DynamoStateStore(dynamo.client, table);
    const queries = new DynamoQueryStore(dynamo.client, table);
    await queries.create({ id: "q", tenant: "t", sql: "select 1", submittedMs: Date.now() }, queuedProgress);
    const key = { queryId: "q", stage: 0, generation: 0, task: 0 };
    const used = { ...noUsage, s3Gets: 3 };
    const strays = async () => (await queries.get("q"))!.strayUsage;
    assert.equal(await store.reportLate(key, "1-a", used), false);
    await store.commitTask(key, winOf("1-a"));
    assert.equal(await store.reportLate(key, "2-b", used), false, "its scheduler waits for the record of a loser");
    const before = counted();
    assert.equal(await store.reportLate(key, "1-a", used), true);
    const after = counted();
    const [dynamoReadUnits, dynamoWriteUnits] = [after.reads - before.reads, after.writes - before.writes];
    assert.deepEqual(await strays(), { ...used, lambdaInvocations: 1, dynamoReadUnits, dynamoWriteUnits });
    const lease = (await store.acquire("q", "o", 0, 10))!;
    await queries.update("q", lease, { ...queuedProgress, status: "finished", billed: true });
    assert.equal(await store.reportLate(key, "2-b", used), true);
    assert.equal((await strays()).s3Gets, 6);
    assert.equal(await store.reportLate({ ...key, queryId: "none" }, "1-a", used), false);
  });

  it("does not take another delivery of the same attempt for its own commit", async () => {
    const store = new DynamoStateStore(dynamo.client, await dynamo.makeTable());
    const key = { queryId: "q", stage: 0, generation: 0, task: 0 };
    assert.equal(await store.commitTask(key, winOf("1-a", "object-1")), true);
    assert.equal(await store.commitTask(key, winOf("1-a", "object-2")), false);
  });

  it("tells executors whether their task is still wanted", async () => {
    const table = await dynamo.makeTable();
    const store = new DynamoStateStore(dynamo.client, table);
    const queries = new DynamoQueryStore(dynamo.client, table);
    const key = { queryId: "q", stage: 0, generation: 0, task: 0 };
    assert.equal(await store.isWanted(key), false);
    await queries.create({ id: "q", tenant: "t", sql: "select 1", submittedMs: Date.now() }, queuedProgress);
    assert.equal(await store.isWanted(key), true);
    await store.commitTask({ ...key, task: 1 }, winOf("1-a"));
    assert.equal(await store.isWanted({ ...key, task: 1 }), false);
    const lease = (await store.acquire("q", "o", 0, 10))!;
    await queries.update("q", lease, { ...queuedProgress, status: "cancelled" });
    assert.equal(await store.isWanted(key), false);
  });

  it("reads complete shards once", async () => {
    const store = new DynamoStateStore(dynamo.client, await dynamo.makeTable());
    await store.createQuery("q");
    const lease = (await store.acquire("q", "a", 0, 1000))!;
    await store.openStage("q", lease, 0, 0, 500);
    const commit = (task: number) => store.commitTask({ queryId: "q", stage: 0, generation: 0, task }, winOf("1-a"));
    await Promise.all(Array.from({ length: 499 }, (_, task) => commit(task)));
    const queriesOf = async () => {
      const before = [...dynamo.server.counts.values()].reduce((sum, { requests }) => sum + requests, 0);
      await store.listTasks("q", 0, 0);
      return [...dynamo.server.counts.values()].reduce((sum, { requests }) => sum + requests, 0) - before;
    };
    assert.equal(await queriesOf(), 2);
    assert.equal(await queriesOf(), 1);
    await commit(499);
    assert.equal(await queriesOf(), 1);
    assert.equal(await queriesOf(), 0);
    // A scheduler function drives many queries in its life, and keeps nothing of those that are over.
    store.forget("q");
    assert.deepEqual(await store.listTasks("q", 0, 0), []);
    await store.openStage("q", lease, 0, 0, 500);
    assert.equal(await queriesOf(), 2);
    assert.equal((await store.listTasks("q", 0, 0)).filter(({ win }) => win).length, 500);
  });

  it("counts units as the server does", async () => {
    const before = counted();
    meter.take();
    const store = new DynamoStateStore(dynamo.client, await dynamo.makeTable());
    await store.createQuery("q");
    const lease = (await store.acquire("q", "a", 0, 1000))!;
    await store.openStage("q", lease, 0, 0, 30);
    for (let task = 0; task < 30; task++) {
      await store.commitTask({ queryId: "q", stage: 0, generation: 0, task }, winOf("1-a", "k", 100));
    }
    await store.listTasks("q", 0, 0);
    const { dynamoReadUnits, dynamoWriteUnits } = meter.take();
    const now = counted();
    assert.equal(dynamoReadUnits, now.reads - before.reads);
    assert.equal(dynamoWriteUnits, now.writes - before.writes);
  });
});
