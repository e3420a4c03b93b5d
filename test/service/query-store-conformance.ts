/** What every query store must do. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noUsage } from "../../lib/bill/usage.ts";
import type { Lease, StateStore } from "../../lib/scheduler/ports.ts";
import type { QueryProgress, QueryRequest, QueryStore } from "../../lib/service/query-store.ts";

const queued: QueryProgress = {
  status: "queued",
  stages: [],
  usage: noUsage,
  ownUsage: noUsage,
  estimated: noUsage,
  unreported: 0,
};
const withoutUsage = ({ usage: _u, ownUsage: _o, ...rest }: QueryProgress) => rest;

interface Stores {
  readonly queries: QueryStore;
  /** Where leases of the same records come from; absent: any lease will do. */
  readonly state?: StateStore;
}

export function queryStoreConformance(name: string, make: () => Promise<Stores>): void {
  let ids = 0;
  const request = (more: Partial<QueryRequest> = {}): QueryRequest => {
    const id = `q${++ids}`;
    return { id, tenant: "tenant#1", sql: "select 1", submittedMs: 1_700_000_000_000 + ids, ...more };
  };
  const leaseOf = async ({ state }: Stores, id: string, epoch: number): Promise<Lease> => {
    if (!state) return { owner: "o", epoch, untilMs: 1 };
    return (await state.acquire(id, `owner ${epoch}`, epoch * 1000, 10))!;
  };

  describe(name, () => {
    it("gives back what was asked", async () => {
      const { queries } = await make();
      const asked = request({
        sql: `select 'ü' -- ${"x".repeat(20_000)}`,
        parameters: [{ kind: "literal", type: { kind: "int32" }, value: 5 }],
        maxBytes: 5,
      });
      const { record, created } = await queries.create(asked, queued);
      assert.equal(created, true);
      assert.deepEqual(record.request, asked);
      const found = (await queries.get(asked.id))!;
      assert.deepEqual(found.request, asked);
      assert.deepEqual(withoutUsage(found.progress), withoutUsage(queued));
      assert.equal(found.cancelRequested, false);
      assert.equal(found.lease, undefined);
      assert.equal(await queries.get("none"), undefined);
    });

    it("gives one query to one idempotency key of a tenant", async () => {
      const { queries } = await make();
      const first = request();
      await queries.create(first, queued, "key");
      const again = await queries.create(request(), queued, "key");
      assert.deepEqual([again.created, again.record.request.id], [false, first.id]);
      const other = await queries.create(request({ tenant: "other" }), queued, "key");
      assert.equal(other.created, true);
      await assert.rejects(queries.create(request({ sql: "select 2" }), queued, "key"), { code: "duplicate" });
      const races = await Promise.all(Array.from({ length: 5 }, () => queries.create(request(), queued, "race")));
      assert.equal(new Set(races.map(({ record }) => record.request.id)).size, 1);
    });

    it("lists a tenant's queries, newest first", async () => {
      const { queries, ...more } = await make();
      const own = [request(), request(), request()];
      for (const each of own) await queries.create(each, queued);
      await queries.create(request({ tenant: "other" }), queued);
      const listed = async (limit: number, status?: "queued" | "finished") =>
        (await queries.list("tenant#1", { limit, ...(status && { status }) })).map(({ request: { id } }) => id);
      assert.deepEqual(await listed(10), own.map(({ id }) => id).reverse());
      assert.deepEqual(
        await listed(2),
        own
          .map(({ id }) => id)
          .reverse()
          .slice(0, 2),
      );
      const lease = await leaseOf({ queries, ...more }, own[0]!.id, 1);
      await queries.update(own[0]!.id, lease, { ...queued, status: "finished" });
      assert.deepEqual(await listed(10, "finished"), [own[0]!.id]);
      assert.deepEqual(await listed(10, "queued"), [own[2]!.id, own[1]!.id]);
    });

    it("takes progress from the holder of the lease alone, and tells it of cancellation", async () => {
      const stores = await make();
      const { queries } = stores;
      const { id } = request();
      await queries.create(request({ id }), queued);
      const first = await leaseOf(stores, id, 1);
      const running: QueryProgress = { ...queued, status: "running", startedMs: 5, stages: [] };
      assert.deepEqual(await queries.update(id, first, running), { cancelRequested: false });
      await queries.requestCancel(id);
      assert.deepEqual(await queries.update(id, first, running), { cancelRequested: true });
      const second = await leaseOf(stores, id, 2);
      await queries.update(id, second, { ...running, status: "cancelled" });
      await assert.rejects(queries.update(id, first, running), { code: "cancelled" });
      const found = (await queries.get(id))!;
      assert.equal(found.progress.status, "cancelled");
      assert.equal(found.lease?.epoch, 2);
    });

    it("adds up what schedulers used that did not hold the query", async () => {
      const stores = await make();
      const { queries } = stores;
      const { id } = request();
      await queries.create(request({ id }), queued);
      const lease = await leaseOf(stores, id, 1);
      for (const s3Gets of [1, 2, 2]) await queries.addStrayUsage(id, { ...noUsage, s3Gets });
      await queries.update(id, lease, { ...queued, status: "finished" });
      await queries.addStrayUsage("none", { ...noUsage, s3Gets: 1 });
      assert.equal((await queries.get(id))!.strayUsage.s3Gets, 5);
      assert.equal((await queries.list("tenant#1", { limit: 1 }))[0]!.strayUsage.s3Gets, 5);
      assert.equal(await queries.get("none"), undefined);
    });

    it("does not mark queries that have ended, or that are not there", async () => {
      const stores = await make();
      const { id } = request();
      await stores.queries.create(request({ id }), queued);
      await stores.queries.update(id, await leaseOf(stores, id, 1), { ...queued, status: "finished" });
      await stores.queries.requestCancel(id);
      await stores.queries.requestCancel("none");
      assert.equal((await stores.queries.get(id))!.cancelRequested, false);
      assert.equal(await stores.queries.get("none"), undefined);
    });
  });
}
