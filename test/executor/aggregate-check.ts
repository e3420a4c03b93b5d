/** Aggregations of generated rows, compared with the reference implementation. */
import assert from "node:assert/strict";
import type { DataType } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { compareSortKeys } from "../../lib/expr/accumulate.ts";
import { aggregateOf, hasPartialState, siteOf, stateTypes } from "../../lib/expr/aggregate-state.ts";
import type { AggregateCall, Column, Expr } from "../../lib/expr/expr.ts";
import type { AggregateNode, PhysicalPlan } from "../../lib/physical/plan.ts";
import type { TaskOptions } from "../../lib/stages/graph.ts";
import { canonicalRow } from "./generated.ts";
import { exchangeOf, type Row, spillLeftovers, TaskRunner } from "./task.ts";

export const ref = ({ id, name, type, nullable }: Column): Expr => ({ kind: "column", id, name, type, nullable });

function outputColumns(keys: readonly Expr[], types: readonly DataType[], firstId: number): Column[] {
  return [...keys.map(({ type }) => type), ...types].map((type, i) => {
    return { id: firstId + i, name: `o${i}`, type, nullable: true };
  });
}

/** Aggregation in one step. */
export function single(
  input: PhysicalPlan,
  groupBy: readonly Expr[],
  aggregates: readonly AggregateCall[],
): AggregateNode {
  const columns = outputColumns(
    groupBy,
    aggregates.map(({ type }) => type),
    1000,
  );
  const keyRanges = groupBy.map(() => null);
  return { kind: "aggregate", mode: "single", input, groupBy, aggregates, columns, groups: 10, keyRanges };
}

/** partial → merge → final, in one task. */
export function chained(
  input: PhysicalPlan,
  groupBy: readonly Expr[],
  aggregates: readonly AggregateCall[],
): AggregateNode {
  const last = single(input, groupBy, aggregates);
  const states = outputColumns(groupBy, aggregates.flatMap(stateTypes), 2000);
  const keys = states.slice(0, groupBy.length).map(ref);
  const partial: AggregateNode = { ...last, mode: "partial", columns: states };
  const merge: AggregateNode = { ...last, mode: "merge", input: partial, groupBy: keys, columns: states };
  return { ...last, mode: "final", input: merge, groupBy: keys };
}

/** What the reference implementation says. */
export function expected(
  rows: readonly Row[],
  columns: readonly Column[],
  keys: readonly Expr[],
  calls: readonly AggregateCall[],
): string[] {
  const at = (expr: Expr) => columns.findIndex(({ id }) => expr.kind === "column" && expr.id === id);
  const groups = new Map<string, { key: Value[]; rows: Row[] }>();
  if (keys.length === 0) groups.set("", { key: [], rows: [] });
  for (const row of rows) {
    const key = keys.map((expr) => row[at(expr)]!);
    const name = canonicalRow(key);
    if (!groups.has(name)) groups.set(name, { key, rows: [] });
    groups.get(name)!.rows.push(row);
  }
  return [...groups.values()].map((group) => {
    const results = calls.map((call) => {
      const definition = aggregateOf(call);
      const state = definition.init(siteOf(call));
      const seen = new Set<string>();
      const orderBy = call.orderBy ?? [];
      const keysOf = (row: Row) => orderBy.map(({ expr }) => row[at(expr)]!);
      for (const row of group.rows.toSorted((a, b) => compareSortKeys(orderBy, keysOf(a), keysOf(b)))) {
        if (call.filter && row[at(call.filter)] !== true) continue;
        const values = call.args.map((arg) => (arg.kind === "literal" ? (arg.value as Value) : row[at(arg)]!));
        if (!definition.keepsNulls && values.some((value) => value === null)) continue;
        if (call.distinct && seen.has(canonicalRow(values))) continue;
        seen.add(canonicalRow(values));
        definition.update(state, values, siteOf(call));
      }
      return definition.final(state, siteOf(call));
    });
    return canonicalRow([...group.key, ...results].map(rounded));
  });
}

/** Sums of floats depend on the order of the rows in the last digits. */
function rounded(value: Value): Value {
  return typeof value === "number" && Number.isFinite(value) ? Number(value.toPrecision(10)) : value;
}

/** One runner for all checks, with stages of their own: a linear memory each would take most of the time. */
export const runner = new TaskRunner();
let stages = 0;

/** An exchange that no other check reads. */
export function newExchange(columns: readonly Column[]) {
  return exchangeOf(++stages, columns);
}

/** Bytes that aggregations wrote to spill files. */
export const totals = { spilled: 0 };

export async function check(
  rows: readonly Row[],
  columns: readonly Column[],
  keys: readonly Expr[],
  calls: readonly AggregateCall[],
  options: Partial<TaskOptions> = {},
): Promise<void> {
  const exchange = newExchange(columns);
  await runner.produce(exchange, rows, 50);
  const wanted = expected(rows, columns, keys, calls).sort();
  const plans = [single(exchange, keys, calls)];
  if (calls.every(hasPartialState)) plans.push(chained(exchange, keys, calls));
  for (const plan of plans) {
    const result = await runner.run(plan, { kind: "single" }, options);
    totals.spilled += result.metrics.counters.spilledBytes ?? 0;
    const [got] = await runner.rows(result);
    assert.deepEqual(got!.map((row) => canonicalRow(row.map(rounded))).sort(), wanted, plan.mode);
  }
  assert.deepEqual(spillLeftovers(), []);
  assert.ok(runner.memory.usedBytes < 4 << 20, `${runner.memory.usedBytes} bytes are still held`);
}

export const settings: readonly Partial<TaskOptions>[] = [
  {},
  { hashBits: 0, batchRows: 3 },
  { hashBits: 2, batchRows: 1 },
  { batchRows: 2048, memoryBytes: 1 },
  { hashBits: 3, batchRows: 5, memoryBytes: 1 },
];
