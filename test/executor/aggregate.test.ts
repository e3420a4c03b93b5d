import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "../../lib/arrow/value.ts";
import { aggregateCall } from "../../lib/expr/aggregates.ts";
import { chained, check, expected, newExchange, ref, runner, settings, totals } from "./aggregate-check.ts";
import { canonical, extremes, randomValue, seeded } from "./generated.ts";
import { columnsOf } from "./task.ts";

for (const kind of Object.keys(extremes)) {
  for (const options of settings) {
    test(`group by ${kind} ${JSON.stringify(options)}`, async () => {
      const below = seeded(kind.length * 31 + (options.batchRows ?? 0));
      const columns = columnsOf([extremes[kind]![0], extremes.int64![0]]);
      const rows = Array.from({ length: 400 }, () => [
        randomValue(kind, below, 10, 60),
        below(10) === 0 ? null : BigInt(below(1000)) - 500n,
      ]);
      const value = ref(columns[1]!);
      const calls = [
        aggregateCall("count", []),
        aggregateCall("count", [value]),
        aggregateCall("sum", [value]),
        aggregateCall("min", [value]),
      ];
      await check(rows, columns, [ref(columns[0]!)], calls, options);
    });
  }
}

const argumentKinds = ["boolean", "int8", "int16", "int32", "date", "timestamp", "float32", "float64"];
argumentKinds.push("decimal", "narrow", "varchar", "binary");

for (const kind of argumentKinds) {
  for (const keyCount of [0, 1, 2, 3]) {
    test(`aggregates of ${kind} by ${keyCount} keys`, async () => {
      const below = seeded(kind.length * 7 + keyCount);
      const keyKinds = ["varchar", "int32", "int64"].slice(0, keyCount);
      const columns = columnsOf([...keyKinds, kind, "boolean"].map((name) => extremes[name]![0]));
      const rows = Array.from({ length: 300 }, () => [
        ...keyKinds.map((name) => randomValue(name, below, 5, 4)),
        randomValue(kind, below, 15, 50),
        randomValue("boolean", below, 10, 2),
      ]);
      const value = ref(columns[keyCount]!);
      const filter = ref(columns[keyCount + 1]!);
      const names = ["min", "max", "count"];
      if (["int8", "int16", "int32", "decimal", "narrow", "float32", "float64"].includes(kind))
        names.push("sum", "avg");
      if (["int8", "int16", "int32"].includes(kind)) names.push("bit_and", "bit_or", "bit_xor");
      if (kind === "boolean") names.push("bool_and", "bool_or", "count_if");
      const calls = names.flatMap((name) => [aggregateCall(name, [value]), aggregateCall(name, [value], { filter })]);
      const keys = columns.slice(0, keyCount).map(ref);
      // Infinities in a sum give NaN or not, by the order of the rows.
      const usable = rows.map((row) => row.map((v) => (typeof v === "number" && Math.abs(v) > 1e30 ? 3 : v)));
      await check(usable, columns, keys, calls);
      await check(usable, columns, keys, calls, settings[1 + ((keyCount + kind.length) % 4)]);
    });
  }
}

for (const keyCount of [0, 1]) {
  test(`no rows, ${keyCount} keys`, async () => {
    const columns = columnsOf([extremes.int32![0], extremes.varchar![0]]);
    const value = ref(columns[1]!);
    const calls = [aggregateCall("count", []), aggregateCall("min", [value]), aggregateCall("sum", [ref(columns[0]!)])];
    await check([], columns, columns.slice(0, keyCount).map(ref), calls);
  });
}

test("sums beyond 64 bits are exact, and fail only when the result does not fit", async () => {
  const columns = columnsOf([extremes.int64![0], extremes.wide![0]]);
  const large = 2n ** 63n - 1n;
  const rows = [large, large, large, -large, -large, -large, 5n].map((value) => [value, value * 10n ** 17n]);
  const calls = columns.flatMap((column) => ["sum", "avg"].map((name) => aggregateCall(name, [ref(column)])));
  for (const options of settings) await check(rows, columns, [], calls, options);
  await assert.rejects(check(rows.slice(0, 2), columns, [], calls.slice(0, 1)), { code: "overflow" });
  const most = (10n ** 38n - 1n) as Value;
  await assert.rejects(
    check(
      [
        [1n, most],
        [1n, 1n],
      ],
      columns,
      [],
      calls.slice(2, 3),
    ),
    { code: "overflow" },
  );
});

test("DISTINCT, ORDER BY and functions without kernels", async () => {
  const below = seeded(5);
  const columns = columnsOf([extremes.int32![0], extremes.varchar![0]]);
  const rows = Array.from({ length: 200 }, () => [below(5), randomValue("varchar", below, 20, 6)]);
  const value = ref(columns[1]!);
  const calls = [
    aggregateCall("count", [value], { distinct: true }),
    aggregateCall("sum", [ref(columns[0]!)], { distinct: true }),
    aggregateCall("any_value", [value]),
    aggregateCall("arg_min", [ref(columns[0]!), value]),
  ];
  for (const options of settings) {
    await check(rows, columns, [ref(columns[0]!)], calls, options);
    await check(rows, columns, [], calls, options);
  }
});

test("partial aggregation that does not reduce passes rows through", async () => {
  const columns = columnsOf([extremes.int64![0], extremes.int32![0]]);
  const rows = Array.from({ length: 80_000 }, (_, i) => [BigInt((i * 7919) % 79_999), i % 10]);
  const calls = [aggregateCall("sum", [ref(columns[1]!)]), aggregateCall("count", [])];
  const exchange = newExchange(columns);
  await runner.produce(exchange, rows, 4096);
  const plan = chained(exchange, [ref(columns[0]!)], calls);
  const result = await runner.run(plan, { kind: "single" }, { batchRows: 4096 });
  const partial = result.metrics.children[0]!.children[0]!;
  assert.equal(partial.counters.passedThrough, 1);
  const [got] = await runner.rows(result);
  const strings = got!.map((row) => row.map(canonical).join(" | ")).sort();
  assert.deepEqual(strings, expected(rows, columns, [ref(columns[0]!)], calls).sort());
});

test("some of these spilled", () => {
  assert.ok(totals.spilled > 100_000, `${totals.spilled} bytes`);
});
