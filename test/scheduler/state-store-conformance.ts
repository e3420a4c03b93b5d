/** What every state store must do; each adapter's test runs it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noUsage } from "../../lib/bill/usage.ts";
import { QueryError } from "../../lib/errors.ts";
import type { StateStore, Win } from "../../lib/scheduler/ports.ts";

export function winOf(attemptId: string, key = `k/${attemptId}`, partitions = 1): Win {
  const slice = { offset: 0, length: 10, rows: 1, checksum: 7 };
  return {
    attempt: Number(attemptId.split("-")[0]),
    attemptId,
    result: {
      key,
      etag: "e",
      bytes: 10,
      rows: partitions,
      partitions: Array.from({ length: partitions }, () => slice),
      metrics: { operator: "scan", rows: 1, batches: 1, selfMs: 0.5, counters: { ü: 1 }, children: [] },
      elapsedMs: 1.25,
      memoryPeakBytes: 3,
    },
  };
}

const lost = { code: "executor_lost", message: "the executor died", retryable: true } as const;

export function stateStoreConformance(name: string, make: () => Promise<StateStore>): void {
  let queries = 0;
  /** A query with an open stage of some tasks. */
  const open = async (tasks: number) => {
    const store = await make();
    const queryId = `q${++queries}`;
    await store.createQuery(queryId);
    const lease = (await store.acquire(queryId, "first", 1000, 10_000))!;
    await store.openStage(queryId, lease, 0, 0, tasks);
    return { store, queryId, lease, key: (task: number) => ({ queryId, stage: 0, generation: 0, task }) };
  };

  describe(name, () => {
    it("creates a query once", async () => {
      const store = await make();
      await store.createQuery("once");
      await assert.rejects(store.createQuery("once"), { code: "duplicate" });
      await assert.rejects(store.acquire("never", "first", 0, 10), { code: "not_found" });
    });

    it("leases a query to one holder at a time, and each take-over raises the epoch", async () => {
      const { store, queryId, lease } = await open(1);
      assert.deepEqual(lease, { owner: "first", epoch: 1, untilMs: 11_000 });
      assert.equal(await store.acquire(queryId, "second", 10_999, 10_000), undefined);
      const renewed = await store.renew(queryId, lease, 5000, 10_000);
      assert.deepEqual(renewed, { owner: "first", epoch: 1, untilMs: 15_000 });
      assert.equal(await store.acquire(queryId, "second", 14_999, 10_000), undefined);
      const second = await store.acquire(queryId, "second", 15_000, 10_000);
      assert.equal(second?.epoch, 2);
      assert.equal(await store.renew(queryId, lease, 15_001, 10_000), undefined);
      await assert.rejects(store.openStage(queryId, lease, 1, 0, 3), { code: "cancelled" });
      await assert.rejects(store.finishQuery(queryId, lease, "finished"), { code: "cancelled" });
      await store.openStage(queryId, second!, 1, 0, 3);
      await store.finishQuery(queryId, second!, "finished");
    });

    it("gives the lease of a race to one", async () => {
      const store = await make();
      await store.createQuery("race");
      const got = await Promise.all(Array.from({ length: 6 }, (_, i) => store.acquire("race", `o${i}`, 0, 1000)));
      assert.equal(got.filter((lease) => lease).length, 1);
    });

    it("lets the first commit win, whoever else commits, and knows it again", async () => {
      const { store, key, queryId } = await open(3);
      assert.equal(await store.commitTask(key(1), winOf("1-a")), true);
      assert.equal(await store.commitTask(key(1), winOf("2-b")), false);
      assert.equal(await store.commitTask(key(1), winOf("1-a")), true);
      const races = await Promise.all(Array.from({ length: 6 }, (_, i) => store.commitTask(key(2), winOf(`${i}-r`))));
      assert.equal(races.filter(Boolean).length, 1);
      const records = await store.listTasks(queryId, 0, 0);
      assert.deepEqual(
        records.map(({ task }) => task),
        [0, 1, 2],
      );
      assert.equal(records[0]!.win, undefined);
      assert.deepEqual(records[1]!.win, winOf("1-a"));
      assert.equal(records[2]!.win!.attemptId, `${races.indexOf(true)}-r`);
    });

    it("keeps failures of every attempt", async () => {
      const { store, key, queryId } = await open(2);
      await store.failTask(key(0), { attempt: 1, attemptId: "1-a", error: lost });
      await store.failTask(key(0), { attempt: 2, attemptId: "2-b", error: { ...lost, code: "throttled" } });
      await store.commitTask(key(0), winOf("3-c"));
      const [first, second] = await store.listTasks(queryId, 0, 0);
      assert.deepEqual(
        first!.failures.map(({ attemptId, error }) => [attemptId, error.code]),
        [
          ["1-a", "executor_lost"],
          ["2-b", "throttled"],
        ],
      );
      assert.equal(first!.win!.attemptId, "3-c");
      assert.deepEqual(second!.failures, []);
    });

    it("keeps the last sign of life of each attempt", async () => {
      const { store, key, queryId } = await open(2);
      await store.beat!(key(1), "1-a", { atMs: 5 });
      await store.beat!(key(1), "1-a", { atMs: 7, usage: { ...noUsage, s3Gets: 3 } });
      await store.beat!(key(1), "2-b", { atMs: 6 });
      const [first, second] = await store.listTasks(queryId, 0, 0);
      assert.deepEqual([...first!.beats!], []);
      const beats = [...second!.beats!].map(([id, { atMs, usage }]) => [id, atMs, usage?.s3Gets]);
      assert.deepEqual(beats.sort(), [
        ["1-a", 7, 3],
        ["2-b", 6, undefined],
      ]);
    });

    it("keeps what handing on took, each delivery of a failed attempt, and both after all tasks are won", async () => {
      const { store, key, queryId } = await open(2);
      for (const task of [0, 1]) await store.commitTask(key(task), winOf("1-a"));
      await store.listTasks(queryId, 0, 0);
      const error = new QueryError("duplicate", "another attempt was first").toJSON();
      const usage = { ...noUsage, s3Gets: 2 };
      for (const delivery of ["x", "y"]) {
        await store.failTask(key(1), { attempt: 1, attemptId: "1-b", error, usage, delivery });
      }
      await store.recordHandOn!(key(0), "i", { ...noUsage, lambdaInvocations: 5 });
      const [first, second] = await store.listTasks(queryId, 0, 0, { late: true });
      assert.deepEqual(
        first!.handedOn!.map(({ lambdaInvocations }) => lambdaInvocations),
        [5],
      );
      assert.deepEqual(second!.failures.map(({ delivery, usage: used }) => [delivery, used!.s3Gets]).sort(), [
        ["x", 2],
        ["y", 2],
      ]);
    });

    it("keeps stages and generations apart, and opening again changes nothing", async () => {
      const { store, key, queryId, lease } = await open(2);
      await store.openStage(queryId, lease, 0, 1, 2);
      await store.openStage(queryId, lease, 1, 0, 2);
      await store.commitTask(key(1), winOf("1-a"));
      await store.commitTask({ ...key(1), generation: 1 }, winOf("1-b"));
      await store.openStage(queryId, lease, 0, 0, 2);
      const wins = async (stage: number, generation: number) =>
        (await store.listTasks(queryId, stage, generation)).map(({ win }) => win?.attemptId);
      assert.deepEqual(await wins(0, 0), [undefined, "1-a"]);
      assert.deepEqual(await wins(0, 1), [undefined, "1-b"]);
      assert.deepEqual(await wins(1, 0), [undefined, undefined]);
      assert.deepEqual(await wins(2, 0), []);
    });

    it("holds stages of many tasks with many partitions", async () => {
      const { store, key, queryId } = await open(600);
      const all = Array.from({ length: 600 }, (_, i) => i);
      await Promise.all(all.map((task) => store.commitTask(key(task), winOf("1-a", `k/${task}`, 64))));
      for (let look = 0; look < 2; look++) {
        const records = await store.listTasks(queryId, 0, 0);
        assert.deepEqual(
          records.map(({ task, win }) => [task, win!.result.key, win!.result.partitions.length]),
          all.map((task) => [task, `k/${task}`, 64]),
        );
      }
    });

    it("removes a query", async () => {
      const { store, queryId, key } = await open(2);
      await store.commitTask(key(0), winOf("1-a"));
      await store.removeQuery(queryId);
      assert.deepEqual(await store.listTasks(queryId, 0, 0), []);
      await store.createQuery(queryId);
    });
  });
}
