/** Aggregates that need all rows of a group, such as median: in memory, in sorted runs, and spread over spill files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { aggregateCall } from "../../lib/expr/aggregates.ts";
import { literal } from "../../lib/expr/build.ts";
import type { AggregateCall, Expr } from "../../lib/expr/expr.ts";
import { check, expected, newExchange, ref, runner, settings, single, totals } from "./aggregate-check.ts";
import { canonicalRow, extremes, randomValue, seeded } from "./generated.ts";
import { columnsOf, type Row, spillLeftovers } from "./task.ts";

const kinds = ["boolean", "int8", "int16", "int32", "int64", "date", "timestamp", "float32", "float64"];
kinds.push("decimal", "narrow", "wide", "varchar", "binary");

const fraction = (value: number) => literal(types.float64, value);

function bagCalls(kind: string, value: Expr, order: Expr, filter: Expr): AggregateCall[] {
  const down = { orderBy: [{ expr: order, descending: true, nullsFirst: true }] };
  const calls = [
    aggregateCall("mode", [value]),
    aggregateCall("entropy", [value], { filter }),
    aggregateCall("quantile_disc", [value, fraction(0.3)]),
    aggregateCall("quantile_cont", [value, fraction(0.75)], { filter }),
    aggregateCall("median", [value]),
    aggregateCall("first", [value], down),
    aggregateCall("last", [value], { ...down, filter }),
    aggregateCall("mode", [value], down),
  ];
  if (!["boolean", "date", "timestamp", "varchar", "binary"].includes(kind)) calls.push(aggregateCall("mad", [value]));
  if (kind === "varchar") calls.push(aggregateCall("string_agg", [value]), aggregateCall("string_agg", [value], down));
  return calls;
}

for (const kind of kinds) {
  for (const keyCount of [0, 1, 2]) {
    test(`rows of ${kind} by ${keyCount} keys`, async () => {
      const below = seeded(kind.length * 13 + keyCount);
      const keyKinds = ["varchar", "int32"].slice(0, keyCount);
      const names = [...keyKinds, kind, "int32", "boolean"];
      const columns = columnsOf(names.map((name) => extremes[name]![0]));
      const rows = Array.from({ length: 250 }, (_, i) => [
        ...keyKinds.map((name) => randomValue(name, below, 5, 6)),
        randomValue(kind, below, 15, 30),
        i % 10 === 0 ? null : (i * 37) % 251,
        randomValue("boolean", below, 10, 2),
      ]);
      const keys = columns.slice(0, keyCount).map(ref);
      const [value, order, filter] = columns.slice(keyCount).map(ref);
      const calls = [
        ...bagCalls(kind, value!, order!, filter!),
        aggregateCall("count", []),
        aggregateCall("max", [value!]),
      ];
      for (const options of settings) await check(rows, columns, keys, calls, options);
      await check([], columns, keys, calls, settings[3]);
    });
  }
}

test("these spilled", () => {
  assert.ok(totals.spilled > 1_000_000, `${totals.spilled} bytes`);
});

/** Runs calls over many rows with little memory; gives the metrics and the peak beyond what was held before. */
async function runLarge(rows: readonly Row[], keyCount: number, calls: (columns: readonly Expr[]) => AggregateCall[]) {
  const columns = columnsOf([types.int32, types.int64, types.varchar]);
  const exprs = columns.map(ref);
  const keys = exprs.slice(0, keyCount);
  const exchange = newExchange(columns);
  await runner.produce(exchange, rows, 2048);
  const before = runner.memory.usedBytes;
  const options = { batchRows: 2048, memoryBytes };
  const result = await runner.run(single(exchange, keys, calls(exprs)), { kind: "single" }, options);
  const [got] = await runner.rows(result);
  const wanted = expected(rows, columns, keys, calls(exprs));
  assert.deepEqual(got!.map((row) => canonicalRow(row)).sort(), wanted.sort());
  assert.deepEqual(spillLeftovers(), []);
  return { spilledBytes: result.metrics.counters.spilledBytes ?? 0, peak: result.memoryPeakBytes - before };
}

const memoryBytes = 1 << 20;
/** What a merge of runs, a batch in flight and the output may take beyond the limit. */
const slackBytes = 3 << 20;

test("one group of many times the memory", async () => {
  const below = seeded(3);
  const rows = Array.from({ length: 150_000 }, (_, i): Value[] => [
    i % 2,
    BigInt(below(1 << 30)),
    `text ${below(5000)}`,
  ]);
  const calls = ([, number, text]: readonly Expr[]) => [
    aggregateCall("median", [number!]),
    aggregateCall("quantile_disc", [text!, fraction(0.9)]),
    aggregateCall("mode", [text!]),
  ];
  for (const keyCount of [0, 1]) {
    const { spilledBytes, peak } = await runLarge(rows, keyCount, calls);
    assert.ok(spilledBytes > 4 * memoryBytes, `${spilledBytes} bytes spilled`);
    assert.ok(peak < memoryBytes + slackBytes, `${peak} bytes of memory`);
  }
});

test("groups of many times the memory", async () => {
  const below = seeded(4);
  const rows = Array.from({ length: 150_000 }, (): Value[] => [below(60_000), BigInt(below(9)), `text ${below(5000)}`]);
  const calls = ([, number, text]: readonly Expr[]) => [
    aggregateCall("median", [number!]),
    aggregateCall("sum", [number!]),
    aggregateCall("string_agg", [text!], { orderBy: [{ expr: text!, descending: false, nullsFirst: false }] }),
  ];
  const { spilledBytes, peak } = await runLarge(rows, 1, calls);
  assert.ok(spilledBytes > 4 * memoryBytes, `${spilledBytes} bytes spilled`);
  assert.ok(peak < memoryBytes + slackBytes, `${peak} bytes of memory`);
});
