import assert from "node:assert/strict";
import { test } from "node:test";
import { typeName, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { call } from "../../lib/expr/build.ts";
import type { ColumnExpr } from "../../lib/expr/expr.ts";
import type { Partitioning, ValuesNode } from "../../lib/physical/plan.ts";
import { exchangeKey } from "../../lib/stages/graph.ts";
import { everyType, randomValues, seeded } from "../arrow/generate.ts";
import { columnsOf, exchangeOf, type Row, spillLeftovers, TaskRunner } from "../executor/task.ts";

const columns = columnsOf(everyType);
const node = exchangeOf(1, columns);
const key = (i: number): ColumnExpr => ({ kind: "column", ...columns[i]! });

function generatedRows(seed: number, count: number): Row[] {
  const random = seeded(seed);
  const values = everyType.map((type) => randomValues(random, type, count, 0.2));
  return Array.from({ length: count }, (_, row) => values.map((column) => column[row]!));
}

/** A form in which equal values are equal strings: -0 is 0, a NaN is a NaN, an interval is its length. */
function canonical(value: Value): string {
  if (typeof value === "number") return String(value);
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString("hex")}`;
  if (value !== null && typeof value === "object") {
    return String(BigInt(value.months * 30 + value.days) * 86_400_000_000n + value.micros);
  }
  return `${typeof value} ${value}`;
}

const sortedRows = (rows: readonly Row[]) =>
  rows.map((row) => row.map((value) => (Object.is(value, -0) ? "-0" : canonical(value))).join("|")).sort();

async function exchanged(rows: readonly Row[], output: Partitioning, options = {}, producers = 1) {
  const runner = new TaskRunner();
  for (let p = 0; p < producers; p++) {
    await runner.produce(
      node,
      rows.filter((_, i) => i % producers === p),
    );
  }
  const result = await runner.run(node, output, options);
  const partitions = await runner.rows(result);
  assert.deepEqual(sortedRows(partitions.flat()), sortedRows(rows));
  assert.deepEqual(
    partitions.map((partition) => partition.length),
    result.partitions.map((slice) => slice.rows),
  );
  assert.equal(result.rows, rows.length);
  assert.equal(runner.memory.usedBytes, 0);
  assert.deepEqual(spillLeftovers(), []);
  return { partitions, result };
}

for (const [index, type] of everyType.entries()) {
  test(`equal keys meet in one partition: ${typeName(type)}`, async () => {
    const { partitions } = await exchanged(generatedRows(index, 400), {
      kind: "hash",
      keys: [key(index)],
      partitions: 5,
    });
    const homes = new Map<string, number>();
    for (const [partition, rows] of partitions.entries()) {
      for (const row of rows) {
        const value = canonical(row[index]!);
        assert.equal(homes.get(value) ?? partition, partition, value);
        homes.set(value, partition);
      }
    }
    if (homes.size > 60)
      assert.ok(
        partitions.every((rows) => rows.length > 20),
        "rows are spread",
      );
  });
}

test("several keys, any number of partitions and batch sizes", async () => {
  const rows = generatedRows(77, 500);
  for (const [partitions, batchRows] of [
    [1, 3],
    [2, 1],
    [7, 3],
    [64, 1000],
  ] as const) {
    const { result } = await exchanged(rows, { kind: "hash", keys: [key(4), key(15)], partitions }, { batchRows }, 3);
    assert.equal(result.partitions.length, partitions);
  }
});

test("no hash bits: all rows collide", async () => {
  const output: Partitioning = { kind: "hash", keys: [key(4)], partitions: 4 };
  const { partitions } = await exchanged(generatedRows(5, 50), output, { hashBits: 0 });
  assert.deepEqual(
    partitions.map((rows) => rows.length),
    [50, 0, 0, 0],
  );
  await exchanged(generatedRows(5, 50), output, { hashBits: 1 });
});

test("round robin spreads rows evenly, single and broadcast keep their order", async () => {
  const rows = generatedRows(6, 100);
  const { partitions } = await exchanged(rows, { kind: "round_robin", partitions: 3 });
  assert.deepEqual(
    partitions.map((part) => part.length),
    [34, 33, 33],
  );
  for (const kind of ["single", "broadcast"] as const) {
    for (const batchRows of [1, 5, 14, 50, 1000]) {
      const { partitions } = await exchanged(rows, { kind }, { batchRows });
      assert.deepEqual(partitions, [rows]);
    }
  }
});

test("ranges: bounds belong to the partition that they start", async () => {
  const rows = generatedRows(21, 300);
  const bounds = [
    ["a", "5"],
    ["a", null],
    ["zebra", "-3"],
  ];
  const keys = [
    { expr: key(15), descending: false, nullsFirst: false },
    { expr: key(5), descending: false, nullsFirst: false },
  ];
  const { partitions } = await exchanged(rows, { kind: "range", keys, bounds }, {}, 2);
  const before = (a: Value, b: Value): number => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
    const [x, y] = [a as bigint, b as bigint];
    return x < y ? -1 : x > y ? 1 : 0;
  };
  for (const [partition, rowsOfIt] of partitions.entries()) {
    for (const row of rowsOfIt) {
      const reached = bounds.filter(([text, number]) => {
        const first = before(row[15]!, text!);
        return first > 0 || (first === 0 && before(row[5]!, number === null ? null : BigInt(number!)) >= 0);
      });
      assert.equal(partition, reached.length);
    }
  }
  assert.ok(partitions.every((part) => part.length > 0));
});

test("keys may be expressions", async () => {
  const sum = call("+", [key(4), { kind: "literal", type: types.int32, value: 0 }]);
  const random = seeded(3);
  const rows = generatedRows(5, 200).map((row) => row.map((value, i) => (i === 4 ? Math.floor(random() * 9) : value)));
  const { partitions } = await exchanged(rows, { kind: "hash", keys: [sum], partitions: 3 });
  for (let value = 0; value < 9; value++) {
    assert.equal(partitions.filter((part) => part.some((row) => row[4] === value)).length, 1);
  }
});

test("rows without columns are counted", async () => {
  const runner = new TaskRunner();
  const none: ValuesNode = { kind: "values", columns: [], rows: [[], [], []] };
  const result = await runner.run(none, { kind: "round_robin", partitions: 2 });
  assert.deepEqual(
    result.partitions.map(({ rows }) => rows),
    [2, 1],
  );
  const read = exchangeOf(1, []);
  await runner.produce(read, [[], [], [], []]);
  assert.equal((await runner.run(read)).rows, 4);
});

test("little output travels in the commit record, much of it in one object", async () => {
  const output: Partitioning = { kind: "hash", keys: [key(4)], partitions: 3 };
  const small = await exchanged(generatedRows(1, 3), output);
  assert.equal(small.result.etag, "");
  assert.ok(small.result.partitions.every((slice) => slice.inline !== undefined));
  const large = await exchanged(generatedRows(1, 3000), output);
  assert.notEqual(large.result.etag, "");
  assert.ok(large.result.partitions.every((slice) => slice.inline === undefined));
  assert.equal(
    large.result.partitions.reduce((sum, slice) => sum + slice.length, 0),
    large.result.bytes,
  );
  const empty = await exchanged([], output);
  assert.deepEqual(
    empty.result.partitions.map(({ rows, length }) => [rows, length]),
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  );
});

test("a short memory only makes record batches smaller", async () => {
  await exchanged(
    generatedRows(8, 3000),
    { kind: "hash", keys: [key(4)], partitions: 3 },
    { memoryBytes: 1, batchRows: 2000 },
    3,
  );
});

test("narrow and wide decimals of equal value meet", async () => {
  const type = types.decimal(38, 0);
  const [column] = columnsOf([type]);
  const read = exchangeOf(1, [column!]);
  const runner = new TaskRunner();
  // One producer's batches are narrow, the other's wide.
  const values = Array.from({ length: 40 }, (_, i) => BigInt(i));
  await runner.produce(
    read,
    values.map((v) => [v]),
  );
  await runner.produce(
    read,
    values.flatMap((v) => [[v], [10n ** 37n + v]]),
    1000,
  );
  const result = await runner.run(read, { kind: "hash", keys: [{ kind: "column", ...column! }], partitions: 4 });
  const partitions = await runner.rows(result);
  for (const value of values) {
    assert.deepEqual(
      partitions.map((rows) => rows.filter((row) => row[0] === value).length).filter((n) => n > 0),
      [2],
    );
  }
});

test("a damaged slice is a retryable error", async () => {
  const runner = new TaskRunner();
  await runner.produce(node, generatedRows(3, 2000));
  const object = await runner.shuffle.get("q/test/p1");
  object[object.length >> 1]! ^= 1;
  await runner.shuffle.put("q/test/p1", object);
  await assert.rejects(runner.run(node), { code: "corrupt_file", retryable: true });
  assert.equal(runner.memory.usedBytes, 0);
  await runner.shuffle.deletePrefix("q/");
  await assert.rejects(runner.run(node), { code: "not_found" });
});

test("a task of another version, of other columns, or aborted is refused", async () => {
  const runner = new TaskRunner();
  await runner.produce(node, generatedRows(3, 20));
  await assert.rejects(runner.run(node, { kind: "single" }, {}, { version: 99 }), { code: "version" });
  const other = { ...node, columns: columns.slice(1) };
  await assert.rejects(runner.run(other), { code: "internal" });
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(runner.run(node, { kind: "single" }, {}, {}, abort.signal), { code: "cancelled" });
  assert.equal(exchangeKey(node), "1:all");
  assert.equal(runner.memory.usedBytes, 0);
});
