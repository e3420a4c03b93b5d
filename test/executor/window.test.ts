/** Generated windows against their definition: every function, every kind of frame, in blocks and in pieces of partitions. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { literal } from "../../lib/expr/build.ts";
import { evaluate } from "../../lib/expr/evaluate.ts";
import type { Column, ColumnExpr, FrameBound, SortKey, WindowCall, WindowFrame } from "../../lib/expr/expr.ts";
import { keyOfValue } from "../../lib/expr/value.ts";
import { hasFrame, windowCall } from "../../lib/expr/window-functions.ts";
import { QueryError } from "../../lib/index.ts";
import type { SortNode, WindowNode } from "../../lib/physical/plan.ts";
import type { OperatorMetrics, TaskOptions } from "../../lib/stages/graph.ts";
import { everyType, type Random, randomValue, randomValues, seeded } from "../arrow/generate.ts";
import { windowValues } from "../support/window-reference.ts";
import { columnsOf, exchangeOf, type Row, spillLeftovers, TaskRunner } from "./task.ts";

const small = { batchRows: 3 };
const tight = { batchRows: 4, memoryBytes: 1 };

describe("generated windows", () => {
  const seeds = Array.from({ length: process.env.VOLLEY_LONG ? 1500 : 150 }, (_, i) => i + 1);
  for (const [name, options] of Object.entries({ small, tight })) {
    test(`${name}: as defined`, async () => {
      let large = 0;
      for (const seed of seeds) large += await check(seed, options);
      if (options === tight) assert.ok(large > seeds.length / 4, `only ${large} partitions were given out in pieces`);
      assert.deepEqual(spillLeftovers(), []);
    });
  }
});

interface Generated {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly node: WindowNode;
}

/** Gives how many partitions were too large to be held. */
async function check(seed: number, options: Partial<TaskOptions>): Promise<number> {
  const { columns, rows, node } = generate(seed, options === tight);
  const value = (expr: Parameters<typeof evaluate>[0], row: Row): Value =>
    evaluate(expr, (id) => row[columns.findIndex((column) => column.id === id)]!);
  let expected: readonly (readonly Value[])[] | QueryError;
  try {
    expected = windowValues(node, rows, value);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    expected = error;
  }
  const runner = new TaskRunner();
  const input = exchangeOf(1, columns);
  await runner.produce(input, rows, 5);
  const where = `seed ${seed}: ${JSON.stringify(node.functions.map(({ fn, frame, orderKeys }) => [fn, frame, orderKeys]))}`;
  const running = runner.run(withInput(node, input), { kind: "single" }, options);
  if (expected instanceof QueryError) {
    const { code } = expected;
    await assert.rejects(running, (error: unknown) => error instanceof QueryError && error.code === code, where);
    return 0;
  }
  const wide = node.functions.some(({ args }) =>
    args.some(({ type }) => type.kind === "decimal" && type.precision === 38),
  );
  const result = await running.catch((error: unknown) => {
    // Sums of 38 digits may leave 128 bits on the way to a result that would not.
    if (wide && error instanceof QueryError && error.code === "overflow") return undefined;
    throw new Error(where, { cause: error });
  });
  if (!result) return 0;
  const got = (await runner.rows(result))[0] ?? [];
  assert.equal(got.length, rows.length, where);
  const number = columns.length - 1;
  for (const row of got) {
    const at = row[number] as number;
    assert.deepEqual(row.slice(0, columns.length).map(keyOfValue), rows[at]!.map(keyOfValue), where);
    for (const [i, want] of expected[at]!.entries()) {
      const found: Value = row[columns.length + i]!;
      if (!same(found, want)) {
        assert.fail(`${where}\nfunction ${i}, row ${at}: ${String(found)} is not ${String(want)}`);
      }
    }
  }
  return counter(result.metrics, "largePartitions");
}

function withInput(node: WindowNode, input: SortNode["input"]): WindowNode {
  const keys = [
    ...node.partitionBy.map((expr): SortKey => ({ expr, descending: false, nullsFirst: false })),
    ...node.orderBy,
  ];
  if (keys.length === 0) return { ...node, input };
  return { ...node, input: { kind: "sort", input, keys, local: true, columns: input.columns } };
}

function counter(metrics: OperatorMetrics, name: string): number {
  const below = metrics.children.reduce((sum, child) => sum + counter(child, name), 0);
  return below + (metrics.operator === "window" ? (metrics.counters[name] ?? 0) : 0);
}

function same(a: Value, b: Value): boolean {
  if (typeof a === "number" && typeof b === "number" && Number.isFinite(a) && Number.isFinite(b)) {
    return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
  }
  return keyOfValue(a) === keyOfValue(b);
}

/** `large`: more of what can be given out in pieces. Columns: partition key, two order keys, their bounds, three arguments, a boolean, the row's number. */
function generate(seed: number, large: boolean): Generated {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const kinds: DataType[] = [
    pick([types.int32, types.varchar, types.float64]),
    types.int64,
    pick(everyType),
    types.int64,
    types.int64,
    pick(everyType),
    pick([types.int64, types.int32, types.decimal(18, 2), types.decimal(38, 3)]),
    types.float64,
    types.boolean,
  ];
  const columns = columnsOf([...kinds, types.int32]);
  const count = pick(large ? [0, 30, 60, 120] : [0, 1, 2, 7, 40, 40, 120]);
  const [low, high] = [Math.floor(random() * 4) - 1, Math.floor(random() * 4)];
  const descending = random() < 0.3;
  const sign = descending ? -1n : 1n;
  const extreme = random() < 0.1;
  const keyed = Array.from({ length: count }, () => (random() < 0.15 ? null : BigInt(Math.floor(random() * 12) - 4)));
  const shift = (by: number) => keyed.map((key) => (key === null ? null : key + sign * BigInt(by)));
  const partitions = randomValues(random, kinds[0]!, pick(large ? [1, 2] : [1, 1, 3, 9]), 0.2);
  const values: readonly (readonly Value[])[] = [
    Array.from({ length: count }, () => pick(partitions)),
    keyed,
    randomValues(random, kinds[2]!, count, 0.3),
    shift(-low),
    shift(high),
    randomValues(random, kinds[5]!, count, 0.3),
    extreme
      ? randomValues(random, kinds[6]!, count, 0.3)
      : Array.from({ length: count }, () => tame(random, kinds[6]!)),
    Array.from({ length: count }, () => (random() < 0.2 ? null : Math.floor(random() * 100) / 4)),
    randomValues(random, types.boolean, count, 0.2),
    Array.from({ length: count }, (_, i) => i),
  ];
  const rows = Array.from({ length: count }, (_, row) => values.map((column) => column[row]!));
  const ref = (i: number): ColumnExpr => ({ kind: "column", ...columns[i]! });
  const orderBy = [
    { expr: ref(1), descending, nullsFirst: random() < 0.3 },
    { expr: ref(2), descending: random() < 0.3, nullsFirst: random() < 0.5 },
  ].slice(0, pick([0, 1, 1, 2]));
  const partitionBy = random() < 0.7 ? [ref(0)] : [];
  const functions = Array.from({ length: 1 + Math.floor(random() * (large ? 1.3 : 3)) }, () => {
    return generateCall(random, columns, orderBy.length, { low: ref(3), high: ref(4) }, large);
  });
  const added = functions.map(({ type }, i): Column => ({ id: 100 + i, name: `f${i}`, type, nullable: true }));
  const input = exchangeOf(1, columns);
  return {
    columns,
    rows,
    node: { kind: "window", input, partitionBy, orderBy, functions, columns: [...columns, ...added] },
  };
}

function tame(random: Random, type: DataType): Value {
  if (random() < 0.2) return null;
  const value = Math.floor(random() * 2000) - 1000;
  return type.kind === "int32" ? value : BigInt(value);
}

const functions = (
  "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value " +
  "sum avg count count_star min max min max sum_float avg_float bool_and bool_or stddev_pop bit_xor string_agg median any_value count_if"
).split(" ");

function generateCall(
  random: Random,
  columns: readonly Column[],
  orderKeys: number,
  bounds: { readonly low: ColumnExpr; readonly high: ColumnExpr },
  large: boolean,
): WindowCall {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const ref = (i: number): ColumnExpr => ({ kind: "column", ...columns[i]! });
  const chosen = pick(functions);
  const fn = chosen.replace("_float", "");
  const integer = (value: number) => literal(types.int64, String(value));
  const isAggregate = functions.indexOf(chosen) > functions.indexOf("nth_value") && fn !== "any_value";
  const args = () => {
    switch (fn) {
      case "ntile":
        return [integer(1 + Math.floor(random() * 5))];
      case "lag":
      case "lead": {
        const offset = integer(Math.floor(random() * 6) - 1);
        const fallback = literalOf(random, ref(5));
        return [ref(5), offset, ...(fallback && random() < 0.5 ? [fallback] : [])].slice(0, pick([1, 2, 3]));
      }
      case "nth_value":
        return [ref(5), integer(1 + Math.floor(random() * 4))];
      case "first_value":
      case "last_value":
      case "any_value":
      case "count":
        return [ref(5)];
      case "min":
      case "max":
        return [ref(pick([5, 6, 7]))];
      case "bool_and":
      case "bool_or":
      case "count_if":
        return [ref(8)];
      case "string_agg":
        return [literal(types.varchar, "x"), literal(types.varchar, ",")];
      case "median":
      case "stddev_pop":
        return [ref(7)];
      case "bit_xor":
        return [ref(1)];
      case "sum":
      case "avg":
        return [ref(chosen === fn ? 6 : 7)];
      default:
        return [];
    }
  };
  const filter = isAggregate && random() < 0.3 ? ref(8) : undefined;
  const skips =
    ["lag", "lead", "first_value", "last_value", "nth_value"].includes(fn) && random() < (large ? 0.1 : 0.4);
  const resolved = windowCall(fn, args(), { ...(filter && { filter }), ignoreNulls: skips });
  const own = large ? orderKeys : Math.floor(random() * (orderKeys + 1));
  return {
    ...resolved,
    orderKeys: own,
    frame: hasFrame(resolved.fn) ? generateFrame(random, own, bounds, large) : whole,
  };
}

function literalOf(random: Random, column: ColumnExpr) {
  return ["int8", "int16", "int32"].includes(column.type.kind)
    ? literal(column.type, randomValue(random, column.type) as number)
    : undefined;
}

const whole: WindowFrame = {
  unit: "rows",
  start: { kind: "unbounded_preceding" },
  end: { kind: "unbounded_following" },
};

function generateFrame(
  random: Random,
  orderKeys: number,
  bounds: { readonly low: ColumnExpr; readonly high: ColumnExpr },
  large: boolean,
): WindowFrame {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const unit = pick(["rows", "rows", "range", "groups"] as const);
  const offset = () => ({ kind: pick(["preceding", "following"] as const), offset: Math.floor(random() * 5) });
  const bound = (unbounded: FrameBound, value: ColumnExpr): FrameBound => {
    if (random() < 0.4) return unbounded;
    if (random() < 0.3) return { kind: "current_row" };
    if (unit !== "range") return offset();
    return orderKeys === 1 ? { kind: "value", value } : { kind: "current_row" };
  };
  const exclude = random() < (large ? 0.05 : 0.2) ? pick(["current row", "group", "ties"] as const) : undefined;
  const running = large && random() < 0.5;
  const start: FrameBound = running
    ? { kind: "unbounded_preceding" }
    : bound({ kind: "unbounded_preceding" }, bounds.low);
  const end = bound({ kind: "unbounded_following" }, bounds.high);
  return { unit, start, end, ...(exclude && { exclude }) };
}
