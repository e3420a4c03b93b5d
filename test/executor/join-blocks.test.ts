/** Joins whose build side fits neither in memory nor in partitions: no key, one key, or three-valued with a condition. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import { seeded } from "./generated.ts";
import { type Case, check, joinTypes, runner, totals } from "./join-check.ts";
import { columnsOf, type Row } from "./task.ts";

const shape = [types.int32, types.int32, types.varchar];
const sides = { buildColumns: columnsOf(shape, 1), probeColumns: columnsOf(shape, 101) };
const tiny = { batchRows: 4, memoryBytes: 1 };

function rows(below: (n: number) => number, count: number, keys: number): Row[] {
  return Array.from({ length: count }, (_, i) => [
    below(12) === 0 ? null : below(keys),
    below(15) === 0 ? null : below(40),
    `t${i % 9}`,
  ]);
}

for (const joinType of joinTypes) {
  test(`${joinType} by nested loops`, async () => {
    const below = seeded(joinType.length);
    for (const probe of [rows(below, 50, 6), []]) {
      const c: Case = { ...sides, build: rows(below, 90, 6), probe, joinType, keys: [] };
      await check(c, tiny, true);
      await check({ ...c, less: [1, 1] }, tiny, true);
      await check({ ...c, keys: [0], less: [1, 1] }, tiny, true);
    }
  });

  test(`${joinType} of one large key`, async () => {
    const below = seeded(joinType.length + 20);
    const c: Case = { ...sides, build: rows(below, 120, 1), probe: rows(below, 40, 2), joinType, keys: [0] };
    for (const options of [tiny, { ...tiny, hashBits: 0 }]) {
      await check(c, options);
      await check({ ...c, less: [1, 1] }, options);
      await check({ ...c, build: [...c.build, ...rows(below, 60, 30)], nullSafe: true, less: [1, 1] }, options);
    }
  });
}

for (const joinType of ["probe_anti", "probe_mark"] as const) {
  test(`three-valued ${joinType}`, async () => {
    const below = seeded(joinType.length + 40);
    for (const keys of [4, 60]) {
      const c: Case = { ...sides, build: rows(below, 90, keys), probe: rows(below, 60, keys), joinType, keys: [0] };
      for (const build of [c.build, c.build.filter(([key]) => key !== null)]) {
        const aware = { ...c, build, nullAware: true };
        await check(aware, tiny);
        await check({ ...aware, less: [1, 1] }, tiny);
        await check(aware, tiny, true);
        await check({ ...aware, less: [1, 1] }, tiny, true);
      }
    }
  });
}

test("a probe row that matches in two blocks is an error where one value is wanted", async () => {
  const build = Array.from({ length: 60 }, (_, i): Row => [i % 30 === 0 ? 1 : 100 + i, i, "x"]);
  const c: Case = { ...sides, build, probe: [[1, 2, "y"]], joinType: "probe_single", keys: [0] };
  await assert.rejects(check(c, tiny, true), { code: "cardinality" });
  await check({ ...c, build: build.slice(1) }, tiny, true);
});

test("these were many blocks", () => {
  assert.ok(totals.blocks > 1000, `${totals.blocks} blocks`);
  assert.ok(totals.spilled > 100_000, `${totals.spilled} bytes`);
});

test("memory stays near the limit", async () => {
  const memoryBytes = 512 << 10;
  const build = Array.from({ length: 40_000 }, (_, i): Row => [7, i, `build ${i % 1000}`]);
  const probe = Array.from({ length: 3 }, (_, i): Row => [7 + (i % 2), i * 15_000, "probe"]);
  const c: Case = { ...sides, build, probe, joinType: "probe_mark", keys: [0], less: [1, 1] };
  for (const loop of [false, true]) {
    const before = runner.memory.usedBytes;
    const result = await check(c, { batchRows: 1024, memoryBytes }, loop);
    const peak = result.memoryPeakBytes - before;
    assert.ok((result.metrics.counters.blocks ?? 0) > 1);
    assert.ok(peak < memoryBytes + (2 << 20), `${peak} bytes of memory`);
  }
});
