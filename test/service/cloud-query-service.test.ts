/** Queries that nobody drives get a scheduler again, and not more of them than help. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloudQueryService, type CloudServicePorts } from "../../lib/service/cloud-query-service.ts";
import { MemoryQueryStore } from "../../lib/service/memory-query-store.ts";
import type { QueryRecord } from "../../lib/service/query-store.ts";

async function startsWhilePolled(seconds: number, leaseUntilMs?: number): Promise<number[]> {
  const queries = new MemoryQueryStore();
  const starts: number[] = [];
  let nowMs = 0;
  const get = queries.get.bind(queries);
  queries.get = async (id): Promise<QueryRecord | undefined> => {
    const record = await get(id);
    return record && leaseUntilMs !== undefined
      ? { ...record, lease: { owner: "a", epoch: 1, untilMs: leaseUntilMs } }
      : record;
  };
  const service = new CloudQueryService({
    queries,
    // Each look at the clock takes a millisecond: waits come to their end.
    now: () => ++nowMs,
    startScheduler: async () => void starts.push(Math.round(nowMs / 1000)),
  } as Partial<CloudServicePorts> as CloudServicePorts);
  const { id } = await service.submit({ tenant: "t", sql: "select 1" });
  for (; nowMs <= seconds * 1000; nowMs += 990) await service.get("t", id, { waitMs: 5 });
  return starts;
}

describe("the cloud's query service", () => {
  it("starts a scheduler once more when the first does not come, and waits twice as long each time", async () => {
    const [submitted, second, ...more] = await startsWhilePolled(100);
    assert.deepEqual([submitted, second! >= 5 && second! < 8, more.length], [0, true, 3]);
    for (const [i, at] of more.entries()) assert.ok(at >= 2 * (more[i - 1] ?? second!), `${at}`);
  });

  it("leaves a query alone while its lease lasts, and a while longer", async () => {
    assert.deepEqual(await startsWhilePolled(60, 60_000), [0]);
    const [, first, ...more] = await startsWhilePolled(90, 60_000);
    assert.ok(first! >= 65);
    assert.equal(more.length, 2);
  });
});
