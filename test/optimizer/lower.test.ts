import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import type { Table } from "../../lib/catalog/table.ts";
import { aggregateCall } from "../../lib/expr/aggregates.ts";
import { call, column, literal } from "../../lib/expr/build.ts";
import { ColumnIds } from "../../lib/expr/column-ids.ts";
import { aggregatePlan, filterPlan, joinPlan, sortPlan } from "../../lib/logical/build.ts";
import type { LogicalPlan, LogicalScan } from "../../lib/logical/plan.ts";
import { lower } from "../../lib/lower/lower.ts";

function table(name: string, rows: number, columns: readonly { name: string; min: number; max: number }[]): Table {
  return {
    name,
    format: "parquet",
    schema: { fields: columns.map((c) => ({ name: c.name, type: types.int32, nullable: true })) },
    files: [],
    statistics: {
      rows,
      bytes: rows * 4,
      exact: true,
      columns: columns.map(({ min, max }) => ({ min, max, nullCount: 0 })),
    },
  };
}

const snapshot = new Map([
  [
    "fact",
    table("fact", 1_000_000, [
      { name: "f_key", min: 1, max: 1000 },
      { name: "f_value", min: 0, max: 50 },
    ]),
  ],
  [
    "dim",
    table("dim", 1000, [
      { name: "d_key", min: 1, max: 1000 },
      { name: "d_group", min: 1, max: 5 },
    ]),
  ],
]);

function scan(name: string, ids: ColumnIds): LogicalScan {
  const { schema } = snapshot.get(name)!;
  const columns = schema.fields.map((field) => ids.column(field.name, field.type, field.nullable));
  return { kind: "scan", table: name, label: name, columns, source: columns.map((_, i) => i), filters: [] };
}

test("the small side of a join is built and broadcast, unused columns are dropped, aggregation has two steps", () => {
  const columnIds = new ColumnIds();
  const fact = scan("fact", columnIds);
  const dim = scan("dim", columnIds);
  const [key, value] = fact.columns.map(column);
  const [dimKey, dimGroup] = dim.columns.map(column);
  const join = joinPlan("inner", dim, fact, { keys: [{ left: dimKey!, right: key!, nullSafe: false }] });
  const total = aggregateCall("sum", [value!]);
  const group = aggregatePlan(
    join,
    [dimGroup!],
    [total],
    [dim.columns[1]!, columnIds.column("total", total.type, true)],
  );
  const plan = lower(group, { snapshot, columnIds, slots: 2 });
  assert.equal(plan.kind, "aggregate");
  assert.deepEqual(plan.kind === "aggregate" && [plan.mode, plan.input.kind, plan.keyRanges], [
    "final",
    "aggregate",
    [{ min: 1, max: 5 }],
  ]);
  const inner = plan.kind === "aggregate" && plan.input.kind === "aggregate" ? plan.input.input : undefined;
  assert.ok(inner?.kind === "hash_join");
  assert.equal(inner.distribution, "broadcast");
  assert.equal(inner.build.kind === "scan" && inner.build.table, "dim");
  assert.equal(inner.buildUnique, true);
  assert.deepEqual(
    inner.columns.map((c) => c.name),
    ["d_group", "f_value"],
  );
  assert.deepEqual(inner.runtimeFilters, [{ key: 0, probeColumn: fact.columns[0]!.id }]);
});

test("sort and limit make a TopN; columns only a filter needs stay below it", () => {
  const columnIds = new ColumnIds();
  const fact = scan("fact", columnIds);
  const [key, value] = fact.columns.map(column);
  const filtered: LogicalPlan = { ...fact, filters: [call(">", [value!, literal(types.int32, 10)])] };
  const sorted = sortPlan(filterPlan(filtered, []), [{ expr: key!, descending: false, nullsFirst: false }]);
  const limited: LogicalPlan = { kind: "limit", input: sorted, limit: 5, offset: 2, columns: sorted.columns };
  const top: LogicalPlan = { kind: "project", input: limited, exprs: [key!], columns: [fact.columns[0]!] };
  const plan = lower(top, { snapshot, columnIds, slots: 2 });
  assert.ok(plan.kind === "limit" && plan.input.kind === "sort");
  assert.equal(plan.input.limit, 7);
  assert.deepEqual(
    plan.columns.map((c) => c.name),
    ["f_key"],
  );
  const below = plan.input.input;
  assert.deepEqual(below.kind === "scan" && below.filterOnly, [fact.columns[1]!.id]);
});
