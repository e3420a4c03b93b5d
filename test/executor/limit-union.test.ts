import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import { columnsOf, exchangeOf, TaskRunner } from "./task.ts";

const columns = columnsOf([types.int32]);
const rows = Array.from({ length: 100 }, (_, i) => [i]);

test("limit and offset at every boundary", async () => {
  const runner = new TaskRunner();
  const input = exchangeOf(1, columns);
  await runner.produce(input, rows, 10);
  for (const offset of [0, 1, 9, 10, 11, 99, 100, 101]) {
    for (const limit of [undefined, 0, 1, 10, 15, 100, 1000]) {
      const node = { kind: "limit", input, offset, columns, ...(limit !== undefined && { limit }) } as const;
      const expected = rows.slice(offset, limit === undefined ? undefined : offset + limit);
      assert.deepEqual(await runner.collect(node, { batchRows: 10 }), expected);
    }
  }
  const first = await runner.run(
    { kind: "limit", input, limit: 5, offset: 0, columns },
    { kind: "single" },
    { batchRows: 10 },
  );
  assert.equal(first.metrics.children[0]!.batches, 1, "the input is asked for no more than needed");
});

test("a union gives every input's rows once", async () => {
  const runner = new TaskRunner();
  const inputs = [0, 1, 2].map((stage) => exchangeOf(stage, columns));
  await runner.produce(inputs[0]!, rows.slice(0, 30));
  await runner.produce(inputs[2]!, rows.slice(30));
  assert.deepEqual(await runner.collect({ kind: "union", inputs, columns }), rows);
  assert.deepEqual(await runner.collect({ kind: "union", inputs: [], columns }), []);
  assert.equal(runner.memory.usedBytes, 0);
});
