import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import type { TaskOptions } from "../../lib/stages/graph.ts";
import { extremes, randomValue, seeded } from "./generated.ts";
import { type Case, check, joinTypes, totals } from "./join-check.ts";
import { columnsOf, exchangeOf, type Row, TaskRunner } from "./task.ts";

const settings: readonly Partial<TaskOptions>[] = [
  {},
  { hashBits: 0, batchRows: 3 },
  { hashBits: 2, batchRows: 1 },
  { batchRows: 2048 },
  { batchRows: 4, memoryBytes: 1 },
  { batchRows: 16, memoryBytes: 1, hashBits: 2 },
];

/** Two of the settings, in turn, so that all meet all kinds of joins without trying every combination. */
let turn = 0;
function someSettings(): readonly Partial<TaskOptions>[] {
  turn += 2;
  return [settings[turn % settings.length]!, settings[(turn + 1 + Math.floor(turn / 6)) % settings.length]!];
}

for (const kind of Object.keys(extremes)) {
  test(`joins on ${kind}`, async () => {
    const below = seeded(kind.length * 3 + 1);
    const shape = [extremes[kind]![0], types.int32, types.varchar];
    const rows = (count: number, spread: number) =>
      Array.from(
        { length: count },
        (_, i): Row => [randomValue(kind, below, 8, spread), i, i % 7 ? `t${i % 5}` : null],
      );
    const sides = { buildColumns: columnsOf(shape, 1), probeColumns: columnsOf(shape, 101) };
    for (const joinType of joinTypes) {
      for (const options of someSettings()) {
        const c = { ...sides, build: rows(40, 30), probe: rows(60, 40), joinType, keys: [0] };
        await check(c, options);
        await check({ ...c, less: [1, 1] }, options);
        await check({ ...c, nullSafe: true }, options);
      }
    }
  });
}

test("joins on several keys", async () => {
  const below = seeded(77);
  const kinds = ["varchar", "int64", "date", "float64"];
  const shape = kinds.map((kind) => extremes[kind]![0]);
  const rows = (count: number) =>
    Array.from({ length: count }, (): Row => kinds.map((kind) => randomValue(kind, below, 5, 3)));
  const sides = { buildColumns: columnsOf(shape, 1), probeColumns: columnsOf(shape, 101) };
  for (const joinType of joinTypes) {
    for (const options of someSettings()) {
      for (const keys of [
        [0, 1],
        [1, 2],
        [0, 1, 2],
        [2, 3],
      ]) {
        await check({ ...sides, build: rows(60), probe: rows(60), joinType, keys }, options);
        await check({ ...sides, build: rows(40), probe: rows(60), joinType, keys, nullSafe: true }, options);
      }
    }
  }
});

test("unique build keys, dense and sparse", async () => {
  const shape = [types.int64, types.int32];
  const sides = { buildColumns: columnsOf(shape, 1), probeColumns: columnsOf(shape, 101) };
  for (const step of [1n, 1n << 40n]) {
    const build = Array.from({ length: 100 }, (_, i): Row => [BigInt(i - 50) * step, i]);
    const probe = Array.from({ length: 150 }, (_, i): Row => [i % 50 === 0 ? null : BigInt((i % 120) - 60) * step, i]);
    const withNull = [...build, [null, 1000], [null, 1001]] as Row[];
    for (const joinType of [...joinTypes, "probe_single"] as const) {
      for (const options of someSettings()) {
        await check({ ...sides, build, probe, joinType, keys: [0] }, options);
        await check({ ...sides, build: withNull, probe, joinType, keys: [0] }, options);
      }
    }
    // Every probe row matches once.
    const every = probe.map(([, i]): Row => [BigInt(((i as number) % 100) - 50) * step, i!]);
    await check({ ...sides, build, probe: every, joinType: "inner", keys: [0] });
  }
});

test("empty sides", async () => {
  const shape = [types.int32, types.varchar];
  const sides = { buildColumns: columnsOf(shape, 1), probeColumns: columnsOf(shape, 101) };
  const some: Row[] = [
    [1, "a"],
    [null, "b"],
  ];
  for (const joinType of joinTypes) {
    for (const [build, probe] of [
      [[], some],
      [some, []],
      [[], []],
    ] as const) {
      for (const nullAware of joinType === "probe_anti" || joinType === "probe_mark" ? [false, true] : [false]) {
        await check({ ...sides, build, probe, joinType, keys: [0], nullAware });
        await check({ ...sides, build, probe, joinType, keys: [0], nullAware, less: [0, 0] });
        await check({ ...sides, build, probe, joinType, keys: [], nullAware }, {}, true);
      }
    }
  }
});

test("NOT IN and three-valued marks", async () => {
  const shape = [types.int32, types.int32];
  const sides = { buildColumns: columnsOf(shape, 1), probeColumns: columnsOf(shape, 101) };
  const below = seeded(9);
  for (const nulls of [0, 20]) {
    const rows = (count: number, nullsHere: number) =>
      Array.from({ length: count }, (): Row => [below(100) < nullsHere ? null : below(12), below(10)]);
    for (const joinType of ["probe_anti", "probe_mark"] as const) {
      for (const options of someSettings()) {
        for (const build of [rows(8, nulls), rows(30, nulls), [], [[null, 3]] as Row[], [[4, 9]] as Row[]]) {
          const c = { ...sides, build, probe: rows(40, 15), joinType, keys: [0], nullAware: true };
          await check(c, options);
          await check({ ...c, less: [1, 1] }, options);
          await check(c, options, true);
          await check({ ...c, less: [1, 1] }, options, true);
        }
      }
    }
  }
});

test("nested loops", async () => {
  const below = seeded(21);
  const shape = [types.int32, types.varchar];
  const sides = { buildColumns: columnsOf(shape, 1), probeColumns: columnsOf(shape, 101) };
  const rows = (count: number) =>
    Array.from(
      { length: count },
      (): Row => [randomValue("int32", below, 10, 9), randomValue("varchar", below, 10, 4)],
    );
  for (const joinType of joinTypes) {
    for (const options of someSettings()) {
      await check({ ...sides, build: rows(13), probe: rows(29), joinType, keys: [], less: [0, 0] }, options, true);
      await check({ ...sides, build: rows(5), probe: rows(9), joinType, keys: [] }, options, true);
      await check({ ...sides, build: rows(9), probe: rows(9), joinType, keys: [1], less: [0, 0] }, options, true);
    }
  }
});

test("a probe row that matches twice is an error where one value is wanted", async () => {
  const shape = [types.int32];
  const sides = { buildColumns: columnsOf(shape, 1), probeColumns: columnsOf(shape, 101) };
  const c = { ...sides, build: [[1], [2], [2]] as Row[], joinType: "probe_single" as const, keys: [0] };
  for (const options of settings) {
    await check({ ...c, probe: [[1], [3], [null]] }, options);
    await assert.rejects(check({ ...c, probe: [[1], [2]] }, options), { code: "cardinality" });
  }
  await assert.rejects(check({ ...c, probe: [[1], [2]] }, {}, true), { code: "cardinality" });
});

test("a key with many rows comes in pieces", async () => {
  const shape = [types.int32, types.int32];
  const buildColumns = columnsOf(shape, 1);
  const probeColumns = columnsOf(shape, 101);
  const rows = (count: number) => Array.from({ length: count }, (_, i): Row => [i % 2, i]);
  const c: Case = { buildColumns, probeColumns, build: rows(300), probe: rows(100), joinType: "inner", keys: [0] };
  await check(c, { batchRows: 64 });
  await check({ ...c, joinType: "full_outer", less: [1, 1] }, { batchRows: 64 });
});

test("some of these spilled", () => {
  assert.ok(totals.spilled > 100_000, `${totals.spilled} bytes`);
});

test("a single row", async () => {
  const columns = columnsOf([types.int32, types.varchar, types.decimal(38, 2)]);
  const run = async (rows: readonly Row[]) => {
    const runner = new TaskRunner();
    const input = exchangeOf(0, columns);
    await runner.produce(input, rows);
    return runner.collect({ kind: "single_row", input, columns });
  };
  assert.deepEqual(await run([]), [[null, null, null]]);
  assert.deepEqual(await run([[1, "ä", 5n]]), [[1, "ä", 5n]]);
  await assert.rejects(
    run([
      [1, "a", 1n],
      [2, "b", 2n],
    ]),
    { code: "cardinality" },
  );
});
