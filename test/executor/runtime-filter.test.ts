// Membership by bits against a Set: widths, extremes, NULLs, dictionaries, listed rows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import { type FlatVector, newDictionary, type Vector } from "../../lib/arrow/vector.ts";
import { BitMembership } from "../../lib/executor/join/runtime-filter.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { seeded } from "../parquet/seeded.ts";

const memory = new LinearMemory();

function flat(values: readonly (bigint | null)[], physical: "i32" | "i64"): FlatVector {
  const width = physical === "i32" ? 4 : 8;
  const data = memory.alloc(Math.max(1, values.length * width));
  const validity = values.includes(null) ? memory.alloc(values.length) : 0;
  values.forEach((value, i) => {
    if (width === 4) memory.view.setInt32(data + i * 4, Number(value ?? 7n), true);
    else memory.view.setBigInt64(data + i * 8, value ?? 7n, true);
    if (validity !== 0) memory.u8[validity + i] = value === null ? 0 : 1;
  });
  const type = physical === "i32" ? types.int32 : types.int64;
  return { kind: "flat", type, physical, length: values.length, data, validity };
}

function dictionaryOf(values: readonly bigint[], physical: "i32" | "i64"): Vector {
  const entries = [...new Set(values)];
  const codes = memory.alloc(values.length * 2);
  values.forEach((value, i) => {
    memory.view.setUint16(codes + i * 2, entries.indexOf(value), true);
  });
  const dictionary = newDictionary(flat(entries, physical));
  const type = physical === "i32" ? types.int32 : types.int64;
  return { kind: "dictionary", type, length: values.length, codes, codeBytes: 2, validity: 0, dictionary };
}

for (const [physical, bases] of [
  ["i32", [0n, -5n, -(2n ** 31n), 2n ** 31n - 200n]],
  ["i64", [0n, -70n, -(2n ** 63n), 2n ** 63n - 200n, 2n ** 40n]],
] as const) {
  test(`bits of ${physical} keys`, () => {
    const below = seeded(3);
    for (const base of bases) {
      const keys = Array.from({ length: 40 }, () => base + BigInt(below(200)));
      const [min, max] = [new BigInt64Array(keys).sort().at(0)!, new BigInt64Array(keys).sort().at(-1)!];
      const filter = BitMembership.over(memory, flat([...keys, null], physical), { min, max });
      assert(filter);
      // Values around the keys, and the extremes of the type.
      const [low, high] = physical === "i32" ? [-(2n ** 31n), 2n ** 31n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
      const near = () => [low, high, 0n, -1n][below(20)] ?? base + BigInt(below(200));
      const values = Array.from({ length: 5000 }, near);
      const expected = (rows: readonly number[], of: readonly (bigint | null)[]) =>
        rows.filter((row) => of[row] !== null && keys.includes(of[row]!));
      const every = values.map((_, i) => i);
      const listed = every.filter((i) => i % 7 < 2);
      const ids = memory.alloc(listed.length * 4);
      listed.forEach((row, i) => {
        memory.view.setUint32(ids + i * 4, row, true);
      });
      const holes = values.map((value, i) => (i % 11 === 0 ? null : value));
      for (const [vector, of] of [
        [flat(values, physical), values],
        [flat(holes, physical), holes],
        [dictionaryOf(values, physical), values],
      ] as const) {
        for (const [set, rows] of [
          [{ ids: 0, count: values.length }, every],
          [{ ids, count: listed.length }, listed],
        ] as const) {
          const found = filter.test(vector, set);
          assert.deepEqual(
            [...memory.u32.subarray(found.ids >>> 2, (found.ids >>> 2) + found.count)],
            expected(rows, of),
          );
        }
      }
      filter.free();
    }
  });
}

test("keys far apart have no bits", () => {
  assert.equal(BitMembership.over(memory, flat([0n, 2n ** 24n], "i64"), { min: 0n, max: 2n ** 24n }), undefined);
  assert.equal(
    BitMembership.over(memory, flat([-(2n ** 63n), 2n ** 63n - 1n], "i64"), { min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    undefined,
  );
});
