import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import type { QueryError } from "../../lib/errors.ts";
import { and, call, column, literal } from "../../lib/expr/build.ts";
import type { Column, Expr } from "../../lib/expr/expr.ts";
import type { PhysicalPlan } from "../../lib/physical/plan.ts";
import { columnsOf, exchangeOf, type Row, TaskRunner } from "./task.ts";

const columns = columnsOf([types.int32, types.varchar, types.decimal(15, 2)]);
const [a, b, c] = columns as [Column, Column, Column];
const rows: Row[] = Array.from({ length: 1000 }, (_, i) => [
  i % 7 === 0 ? null : i,
  i % 5 === 0 ? null : `row ${i % 13}`,
  BigInt(i * 100),
]);
const int = (value: number) => literal(types.int32, value);

/** Filters of filters of projections, so that selections meet selections. */
function nested(input: PhysicalPlan): PhysicalPlan {
  const inner: PhysicalPlan = { kind: "filter", input, predicate: call(">", [column(a), int(100)]), columns };
  const doubled = { id: 20, name: "doubled", type: types.decimal(16, 2), nullable: true };
  const project: PhysicalPlan = {
    kind: "project",
    input: inner,
    exprs: [call("+", [column(c), column(c)]), column(b), column(a)],
    columns: [doubled, b, a],
  };
  const predicate = and([
    call("like", [column(b), literal(types.varchar, "%1")]),
    call("<", [column(doubled), literal(types.decimal(5, 0), "1000")]),
  ]);
  return { kind: "filter", input: project, predicate, columns: [a, doubled] };
}

for (const batchRows of [1, 3, 64, 1000, 8192]) {
  test(`filters and projections in batches of ${batchRows}`, async () => {
    const runner = new TaskRunner();
    const input = exchangeOf(1, columns);
    await runner.produce(input, rows, batchRows);
    const expected = rows.flatMap(([x, text, amount]) => {
      const passes = x !== null && (x as number) > 100 && text !== null && /1$/.test(text as string);
      return passes && (amount as bigint) * 2n < 100000n ? [[x, (amount as bigint) * 2n]] : [];
    });
    assert.ok(expected.length > 20);
    const result = await runner.collect(nested(input), { batchRows });
    assert.deepEqual(
      result.map(String),
      expected.map(([x, doubled]) => `${x},${doubled}`),
    );
    assert.equal(runner.memory.usedBytes, 0);
  });
}

test("a filter that drops everything ends without a batch, one that fails gives its memory back", async () => {
  const runner = new TaskRunner();
  const input = exchangeOf(1, columns);
  await runner.produce(input, rows);
  const filter = (predicate: Expr): PhysicalPlan => {
    return { kind: "filter", input, predicate, columns };
  };
  assert.deepEqual(await runner.collect(filter(call("<", [column(a), int(0)]))), []);
  const failing = call(">", [call("/", [int(1), call("-", [column(a), int(500)])]), int(0)]);
  const error = (thrown: QueryError) => thrown.code === "invalid_argument";
  // Row 500 is there, and not NULL: its divisor is 0.
  await assert.rejects(runner.collect(filter(failing)), error);
  assert.equal(runner.memory.usedBytes, 0);
});
