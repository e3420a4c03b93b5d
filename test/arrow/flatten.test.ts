import assert from "node:assert/strict";
import { test } from "node:test";
import { FlattenBuffer } from "../../lib/arrow/flatten.ts";
import { RowSelector } from "../../lib/arrow/select-rows.ts";
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { readValues, ValueWriter } from "../../lib/arrow/value-access.ts";
import { type DictionaryVector, newDictionary, type SelectionVector, type Vector } from "../../lib/arrow/vector.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";

const samples: readonly (readonly [DataType, readonly Value[]])[] = [
  [types.boolean, [true, false, true, true]],
  [types.int8, [-128, 127, 0, 5]],
  [types.int16, [-32768, 32767, 1, 2]],
  [types.int32, [-(2 ** 31), 2 ** 31 - 1, 0, 7]],
  [types.int64, [-(2n ** 63n), 2n ** 63n - 1n, 0n, 9n]],
  [types.float32, [Math.fround(1.5), -0, Number.NaN, Number.POSITIVE_INFINITY]],
  [types.float64, [1e300, -0, Number.NaN, Number.NEGATIVE_INFINITY]],
  [types.date, [0, -1, 20000, 1]],
  [types.decimal(38, 2), [-(10n ** 38n) + 1n, 10n ** 38n - 1n, 0n, -1n]],
  [
    types.interval,
    [
      { months: -1, days: 2, micros: -3n },
      { months: 0, days: 0, micros: 0n },
      { months: 1, days: 1, micros: 1n },
      { months: 5, days: 6, micros: 7n },
    ],
  ],
  [types.varchar, ["", "Grüße 日本", "x".repeat(100), "a"]],
  [types.binary, [new Uint8Array([0, 255]), new Uint8Array(0), new Uint8Array([1]), new Uint8Array([2])]],
];

function block(memory: LinearMemory, numbers: readonly number[], bytes: number): number {
  const ptr = memory.alloc(numbers.length * bytes);
  numbers.forEach((number, i) => {
    if (bytes === 1) memory.u8[ptr + i] = number;
    else if (bytes === 2) memory.u16[(ptr >> 1) + i] = number;
    else memory.u32[(ptr >> 2) + i] = number;
  });
  return ptr;
}

for (const [type, values] of samples) {
  for (const length of [0, 1, 3, 2049]) {
    test(`flatten ${type.kind} × ${length}`, () => {
      const memory = new LinearMemory();
      const rows = Array.from({ length }, (_, i) => (i % 5 === 3 ? null : values[(i * 7) % values.length]!));
      const flat = new ValueWriter(memory, type).write(rows);
      const buffer = new FlattenBuffer(memory);
      const check = (vector: Vector, expected: readonly Value[]) => {
        assert.deepEqual(readValues(memory, vector), expected);
        const result = buffer.flatten(vector);
        assert.equal(result.kind, "flat");
        assert.deepEqual(readValues(memory, result), expected);
      };
      check(flat, rows);

      const entries = newDictionary(new ValueWriter(memory, type).write(values));
      const codes = rows.map((_, i) => (i * 3) % values.length);
      const dictionaries = ([1, 2, 4] as const).map(
        (codeBytes): DictionaryVector => ({
          kind: "dictionary",
          type,
          length,
          codes: block(memory, codes, codeBytes),
          codeBytes,
          validity: flat.validity,
          dictionary: entries,
        }),
      );
      const decoded = codes.map((code, i) => (flat.validity !== 0 && rows[i] === null ? null : values[code]!));
      for (const dictionary of dictionaries) check(dictionary, decoded);

      for (const value of [values[1]!, null]) {
        check(
          { kind: "constant", type, length, value: new ValueWriter(memory, type).write([value]) },
          rows.map(() => value),
        );
      }

      const picks = Array.from({ length }, (_, i) => (i * 31) % length);
      const selection = block(memory, picks, 4);
      const holes = picks.map((pick, i) => (i % 3 === 1 ? 0xffffffff : pick));
      const outerSelection = block(memory, holes, 4);
      for (const [base, expected] of [[flat, rows], ...dictionaries.map((d) => [d, decoded])] as [
        SelectionVector["base"],
        Value[],
      ][]) {
        check(
          { kind: "selection", type, length, selection, outer: false, base },
          picks.map((pick) => expected[pick]!),
        );
        const outer: Vector = { kind: "selection", type, length, selection: outerSelection, outer: true, base };
        const outerExpected = holes.map((pick) => (pick === 0xffffffff ? null : expected[pick]!));
        check(outer, outerExpected);
        const selector = new RowSelector(memory);
        selector.begin(selection, length);
        check(
          selector.select(outer),
          picks.map((pick) => outerExpected[pick]!),
        );
        check(
          selector.select(base),
          picks.map((pick) => expected[pick]!),
        );
        selector.free();
      }
      buffer.free();
    });
  }
}

test("narrow decimals widen, outer rows need no base row", () => {
  const memory = new LinearMemory();
  const type = types.decimal(38, 0);
  const buffer = new FlattenBuffer(memory);
  const narrow = { ...new ValueWriter(memory, types.int64).write([-1n, null, 2n ** 62n]), type };
  assert.deepEqual(readValues(memory, buffer.toPhysical(narrow, "i128")), [-1n, null, 2n ** 62n]);
  const base = new ValueWriter(memory, types.varchar).write([]);
  const selection = block(memory, [0xffffffff, 0xffffffff], 4);
  const vector: Vector = { kind: "selection", type: types.varchar, length: 2, selection, outer: true, base };
  const flat = buffer.flatten(vector);
  assert.deepEqual(readValues(memory, flat), [null, null]);
  assert.equal(memory.view.getUint32(flat.data + 4, true), 0);
});

test("buffers give everything back", () => {
  const memory = new LinearMemory();
  const writer = new ValueWriter(memory, types.varchar);
  const buffer = new FlattenBuffer(memory);
  buffer.flatten({ kind: "constant", type: types.varchar, length: 10_000, value: writer.write(["x"]) });
  buffer.free();
  writer.free();
  assert.equal(memory.usedBytes, 0);
});
