import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import { QueryError } from "../../lib/errors.ts";
import type { PhysicalPlan } from "../../lib/physical/plan.ts";
import { columnsOf, exchangeOf, spillLeftovers, TaskRunner } from "./task.ts";

const columns = columnsOf([types.int32]);
const rows = Array.from({ length: 20_000 }, (_, i) => [i]);

test("an abort stops operators that never wait, and leaves nothing behind", async () => {
  const runner = new TaskRunner();
  const read = exchangeOf(1, columns);
  await runner.produce(read, rows, 1000);
  const inputs = Array.from({ length: 2000 }, () => read);
  const plan: PhysicalPlan = {
    kind: "sort",
    input: { kind: "union", inputs, columns },
    keys: [{ expr: { kind: "column", ...columns[0]! }, descending: false, nullsFirst: false }],
    columns,
  };
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new QueryError("cancelled", "enough")), 50);
  const options = { batchRows: 1, memoryBytes: 1 << 20 };
  await assert.rejects(runner.run(plan, { kind: "single" }, options, {}, abort.signal), { message: "enough" });
  clearTimeout(timer);
  assert.equal(runner.memory.usedBytes, 0);
  assert.deepEqual(spillLeftovers(), []);
});

test("a store that fails leaves nothing behind", async () => {
  const runner = new TaskRunner();
  const read = exchangeOf(1, columns);
  await runner.produce(read, rows, 1000);
  runner.shuffle.put = async () => {
    throw new QueryError("resource", "the disk is full");
  };
  await assert.rejects(runner.run(read), { code: "resource" });
  runner.shuffle.get = async () => {
    throw new Error("no QueryError");
  };
  await assert.rejects(runner.run(read), { code: "internal", message: "no QueryError" });
  assert.equal(runner.memory.usedBytes, 0);
  assert.deepEqual(spillLeftovers(), []);
});
