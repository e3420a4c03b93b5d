import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import { call, literal } from "../../lib/expr/build.ts";
import type { ValuesNode } from "../../lib/physical/plan.ts";
import { columnsOf, TaskRunner } from "./task.ts";

test("values: literals of every form, nulls, expressions, many rows", async () => {
  const columns = columnsOf([types.int32, types.varchar, types.decimal(38, 2)]);
  const two = literal(types.int32, 2);
  const rows = [
    [literal(types.int32, 1), literal(types.varchar, "é"), literal(types.decimal(38, 2), "150")],
    [call("+", [two, two]), literal(types.varchar, null), literal(types.decimal(38, 2), `-${"9".repeat(38)}`)],
  ];
  const node: ValuesNode = { kind: "values", columns, rows: Array.from({ length: 30 }, (_, i) => rows[i % 2]!) };
  const runner = new TaskRunner();
  const expected = [
    [1, "é", 150n],
    [4, null, -(10n ** 38n - 1n)],
  ];
  assert.deepEqual(
    await runner.collect(node),
    Array.from({ length: 30 }, (_, i) => expected[i % 2]),
  );
  assert.deepEqual(await runner.collect({ ...node, rows: [] }), []);
  assert.equal(runner.memory.usedBytes, 0);
  const wrong = { ...node, rows: [[call("/", [two, literal(types.int32, 0)]), rows[0]![1]!, rows[0]![2]!]] };
  await assert.rejects(runner.collect(wrong), { code: "invalid_argument" });
  assert.equal(runner.memory.usedBytes, 0);
});
