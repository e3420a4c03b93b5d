import assert from "node:assert/strict";
import { test } from "node:test";
import { type DataType, typeName, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import type { SortKey } from "../../lib/expr/expr.ts";
import type { SortNode } from "../../lib/physical/plan.ts";
import type { TaskOptions } from "../../lib/stages/graph.ts";
import { everyType, randomValues, seeded } from "../arrow/generate.ts";
import { columnsOf, exchangeOf, type Row, spillLeftovers, TaskRunner } from "./task.ts";

/** The order of SQL: NaN is the greatest, -0 is 0, strings by UTF-8 bytes, intervals by length, false < true. */
function compareValues(a: Value, b: Value): number {
  if (typeof a === "string") return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b as string)));
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array);
  if (typeof a === "number") {
    const [x, y] = [a, b as number];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return x < y ? -1 : x > y ? 1 : 0;
  }
  const number = (value: Value): bigint => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return BigInt(value as bigint);
    return BigInt(value.months * 30 + value.days) * 86_400_000_000n + value.micros;
  };
  const [x, y] = [number(a), number(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

interface Order {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

function compareRows(orders: readonly Order[]) {
  return (a: Row, b: Row): number => {
    for (const { column, descending, nullsFirst } of orders) {
      const [x, y] = [a[column]!, b[column]!];
      if (x === null && y === null) continue;
      if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1;
      const order = compareValues(x, y);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
}

interface Case {
  readonly types: readonly DataType[];
  readonly rows: readonly Row[];
  readonly orders: readonly Order[];
  readonly limit?: number;
  readonly options?: Partial<TaskOptions>;
  readonly batchRows?: number;
}

async function check({ types, rows, orders, limit, options = {}, batchRows = 7 }: Case) {
  const runner = new TaskRunner();
  const columns = columnsOf([...types, { kind: "int32" }]);
  const input = exchangeOf(1, columns);
  // A last column with the row's number: sorting is stable, so it makes the expected order exact.
  await runner.produce(
    input,
    rows.map((row, i) => [...row, i]),
    batchRows,
  );
  const keys: SortKey[] = orders.map(({ column, descending, nullsFirst }) => {
    return { expr: { kind: "column", ...columns[column]! }, descending, nullsFirst };
  });
  const sort: SortNode = { kind: "sort", input, keys, columns, ...(limit !== undefined && { limit }) };
  const result = await runner.run(sort, { kind: "single" }, options);
  const [sorted] = await runner.rows(result);
  const compare = compareRows(orders);
  const expected = rows.map((row, i): Row => [...row, i]).sort(compare);
  assert.deepEqual(sorted, expected.slice(0, limit));
  assert.equal(runner.memory.usedBytes, 0);
  assert.deepEqual(spillLeftovers(), []);
  return result;
}

function generatedRows(seed: number, kinds: readonly DataType[], count: number, nullRate = 0.2): Row[] {
  const random = seeded(seed);
  const values = kinds.map((type) => randomValues(random, type, count, nullRate));
  return Array.from({ length: count }, (_, row) => values.map((column) => column[row]!));
}

const directions = [false, true].flatMap((descending) =>
  [false, true].map((nullsFirst) => ({ descending, nullsFirst })),
);

for (const [seed, type] of everyType.entries()) {
  test(`one key of every direction: ${typeName(type)}`, async () => {
    for (const direction of directions) {
      for (const nullRate of [0, 0.3]) {
        const rows = generatedRows(seed, [type], 300, nullRate);
        await check({ types: [type], rows, orders: [{ column: 0, ...direction }] });
      }
    }
  });
}

test("several keys of generated types and directions", async () => {
  const random = seeded(4711);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  for (let i = 0; i < 40; i++) {
    const kinds = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(everyType));
    const orders = kinds.map((_, column) => ({ column, ...pick(directions) }));
    const rows = generatedRows(i, kinds, pick([0, 1, 2, 50, 400]));
    const limit = pick([undefined, 0, 1, 10, 1000]);
    await check({
      types: kinds,
      rows,
      orders,
      ...(limit !== undefined && { limit }),
      options: { batchRows: pick([3, 16, 64]) },
    });
  }
});

test("strings with long common prefixes, zero bytes and empty ones", async () => {
  const words = [
    "",
    "\0",
    "\0\0",
    "a",
    "a\0",
    "a\0b",
    "ab",
    "prefix prefix",
    "prefix prefiy",
    "prefix prefix\0",
    "é",
    "z",
  ];
  const random = seeded(3);
  const rows = Array.from({ length: 500 }, () => [words[Math.floor(random() * words.length)]!]);
  for (const direction of directions) {
    await check({ types: [types.varchar], rows, orders: [{ column: 0, ...direction }] });
  }
});

test("many rows that agree in their first bytes, or altogether", async () => {
  const random = seeded(12);
  const rows = Array.from({ length: 3000 }, (_, i) => [
    `the same beginning, number ${Math.floor(random() * 40)}${"-".repeat(300 * (i % 3))}${Math.floor(random() * 3)}`,
    Math.floor(random() * 3),
  ]);
  const orders = [
    { column: 0, descending: false, nullsFirst: false },
    { column: 1, descending: true, nullsFirst: false },
  ];
  await check({ types: [types.varchar, types.int32], rows, orders });
  const same = Array.from({ length: 1000 }, () => ["always the very same text", 1]);
  await check({ types: [types.varchar, types.int32], rows: same, orders });
});

test("a sort beyond its memory spills and gives the same", async () => {
  const kinds = [types.int64, types.varchar, types.decimal(38, 10), types.interval];
  const rows = generatedRows(9, kinds, 3000);
  const orders = [
    { column: 1, descending: true, nullsFirst: true },
    { column: 2, descending: false, nullsFirst: false },
  ];
  for (const [batchRows, limit] of [
    [3, undefined],
    [50, undefined],
    [400, 2999],
  ] as const) {
    const options = { batchRows, memoryBytes: 1 };
    const big = limit === undefined ? {} : { limit };
    const result = await check({ types: kinds, rows, orders, options, batchRows: 100, ...big });
    if (limit === undefined) assert.ok(result.metrics.counters.spilledRuns! > 1);
  }
});

test("TopN drops what cannot make it", async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [(i * 7919) % 5000]);
  const orders = [{ column: 0, descending: true, nullsFirst: false }];
  const result = await check({
    types: [types.int32],
    rows,
    orders,
    limit: 5,
    options: { batchRows: 50 },
    batchRows: 50,
  });
  assert.equal(result.metrics.operator, "top_n");
  assert.ok(result.metrics.counters.rowsCutOff! > 4000);
});

test("sorted producers are merged into one order", async () => {
  const kinds = [types.int32, types.varchar, types.decimal(38, 2)];
  const columns = columnsOf(kinds);
  for (const [producers, perProducer, batchRows] of [
    [1, 100, 7],
    [3, 100, 1],
    [9, 77, 16],
    [4, 0, 3],
  ] as const) {
    const runner = new TaskRunner();
    const orders = [
      { column: 0, descending: false, nullsFirst: true },
      { column: 1, descending: true, nullsFirst: false },
      { column: 2, descending: false, nullsFirst: false },
    ];
    const input = exchangeOf(1, columns);
    const all: Row[] = [];
    for (let p = 0; p < producers; p++) {
      const rows = generatedRows(p, kinds, perProducer).sort(compareRows(orders));
      all.push(...rows);
      await runner.produce(input, rows, 5);
    }
    const merge: SortKey[] = orders.map(({ column, ...direction }) => {
      return { expr: { kind: "column", ...columns[column]! }, ...direction };
    });
    const merged = await runner.collect({ ...input, merge }, { batchRows });
    assert.deepEqual(merged, all.sort(compareRows(orders)));
    assert.equal(runner.memory.usedBytes, 0);
  }
});
