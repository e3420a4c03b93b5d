/** approx_count_distinct: within its error for numbers and texts, whole and merged; repetitions do not count. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { Accumulator } from "../../lib/expr/accumulate.ts";
import { aggregateCall } from "../../lib/expr/aggregates.ts";
import { column } from "../../lib/expr/build.ts";

const shapes: Readonly<Record<string, (i: number) => Value>> = {
  "small numbers": (i) => BigInt(i),
  "numbers far apart": (i) => BigInt(i) * 1_000_000_007n,
  texts: (i) => `customer#${String(i).padStart(9, "0")}`,
  fractions: (i) => i / 7,
};

for (const [name, make] of Object.entries(shapes)) {
  test(name, () => {
    const call = aggregateCall("approx_count_distinct", [
      column({ id: 0, name: "x", type: types.varchar, nullable: true }),
    ]);
    for (const count of [0, 1, 10, 1000, 5000, 20_000, 200_000]) {
      const parts = [new Accumulator(call), new Accumulator(call)];
      for (let i = 0; i < count; i++) {
        parts[i % 2]!.add([make(i)]);
        if (i % 3 === 0) parts[0]!.add([make(i)]);
      }
      parts[0]!.merge(parts[1]!.state());
      const estimate = Number(parts[0]!.result());
      assert.ok(Math.abs(estimate - count) <= 0.06 * count, `${estimate} for ${count}`);
    }
  });
}
