import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { endOfStream } from "../../lib/arrow/ipc-message.ts";
import { IpcReader } from "../../lib/arrow/ipc-read.ts";
import { IpcWriter } from "../../lib/arrow/ipc-write.ts";
import { joinedStream, resultRows } from "../../lib/arrow/result.ts";
import { type Schema, typeName, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { readValues, ValueWriter } from "../../lib/arrow/value-access.ts";
import { type Batch, newDictionary, type Vector } from "../../lib/arrow/vector.ts";
import { QueryError } from "../../lib/errors.ts";
import { Arena } from "../../lib/kernels/arena.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { everyType, randomValues, seeded } from "./generate.ts";

const schema: Schema = { fields: everyType.map((type) => ({ name: `${typeName(type)} é`, type, nullable: true })) };

function generated(seed: number, rows: number, nullRate: number): Value[][] {
  const random = seeded(seed);
  return everyType.map((type) => randomValues(random, type, rows, nullRate));
}

/** A stream with one batch for each table of column values. */
function written(memory: LinearMemory, tables: readonly Value[][][]): Uint8Array {
  const writer = new IpcWriter(memory, schema);
  const columns = schema.fields.map(({ type }) => new ValueWriter(memory, type));
  const parts = [writer.schemaMessage()];
  for (const table of tables) {
    const vectors = columns.map((column, i) => column.write(table[i]!));
    parts.push(writer.batchMessage({ length: table[0]!.length, columns: vectors }));
  }
  for (const each of [writer, ...columns]) each.free();
  return new Uint8Array(Buffer.concat([...parts, endOfStream]));
}

function readBack(memory: LinearMemory, stream: Uint8Array): Value[][][] {
  const reader = new IpcReader(memory);
  const tables = [...reader.batches(stream)].map((batch) => batch.columns.map((vector) => readValues(memory, vector)));
  reader.free();
  return tables;
}

/** batches() reuses its memory: values must be read before the next batch. */
function* readingBack(memory: LinearMemory, stream: Uint8Array): Iterable<Value[][]> {
  const reader = new IpcReader(memory);
  for (const batch of reader.batches(stream)) yield batch.columns.map((vector) => readValues(memory, vector));
  reader.free();
}

for (const [name, nullRate] of [
  ["no nulls", 0],
  ["some nulls", 0.3],
  ["only nulls", 1],
] as const) {
  test(`batches survive a round trip: ${name}`, () => {
    const memory = new LinearMemory();
    const tables = [1, 7, 8, 9, 63, 64, 1000].map((rows) => generated(rows, rows, nullRate));
    const stream = written(memory, tables);
    assert.deepEqual([...readingBack(memory, stream)], tables);
    const rows = tables.flatMap((table) => table[0]!.map((_, row) => table.map((column) => column[row]!)));
    assert.deepEqual([...resultRows(stream)], rows);
    assert.equal(memory.usedBytes, 0);
  });
}

test("an empty batch and an empty stream give no batches", () => {
  const memory = new LinearMemory();
  assert.deepEqual(readBack(memory, written(memory, [generated(1, 0, 0)])), []);
  assert.deepEqual(readBack(memory, written(memory, [])), []);
  assert.deepEqual(readBack(memory, new Uint8Array(0)), []);
});

test("apache-arrow reads our bytes", () => {
  const memory = new LinearMemory();
  const tables = [generated(11, 100, 0.2), generated(12, 33, 0)];
  const table = arrow.tableFromIPC(written(memory, tables));
  assert.equal(table.numRows, 133);
  assert.deepEqual(
    table.schema.fields.map((field) => field.name),
    schema.fields.map((field) => field.name),
  );
  assert.equal(String(table.schema.fields[13]!.type), "Timestamp<MICROSECOND, UTC>");
  for (const [index, { type }] of schema.fields.entries()) {
    const column = table.getChildAt(index)!;
    const ours = tables.flatMap((each) => each[index]!);
    assert.equal(column.nullCount, ours.filter((value) => value === null).length, typeName(type));
    for (const [row, value] of ours.entries()) {
      const theirs = column.get(row);
      if (value === null) assert.equal(theirs, null);
      else
        assert.deepEqual(fromArrow(theirs, column.type), toArrow(value, column.type), `${typeName(type)} row ${row}`);
    }
  }
});

/** Brings apache-arrow's value and ours to one form. */
function fromArrow(value: unknown, type: arrow.DataType): unknown {
  if (arrow.DataType.isDecimal(type)) {
    const words = [...(value as Uint32Array)];
    return BigInt.asIntN(
      128,
      words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n),
    );
  }
  if (arrow.DataType.isInterval(type)) return [...(value as Int32Array)];
  // apache-arrow gives milliseconds in a double.
  if (arrow.DataType.isTimestamp(type)) return (value as number).toPrecision(12);
  return value;
}

function toArrow(value: Value, type: arrow.DataType): unknown {
  if (arrow.DataType.isDate(type)) return (value as number) * 86_400_000;
  if (arrow.DataType.isTimestamp(type)) return (Number(value as bigint) / 1000).toPrecision(12);
  if (arrow.DataType.isInterval(type)) {
    const { months, days, micros } = value as { months: number; days: number; micros: bigint };
    const nanos = BigInt.asUintN(64, micros * 1000n);
    return [months, days, Number(BigInt.asIntN(32, nanos)), Number(BigInt.asIntN(32, nanos >> 32n))];
  }
  return value;
}

test("we read apache-arrow's bytes", () => {
  const table = new arrow.Table({
    i: arrow.vectorFromArray([1, null, -3], new arrow.Int32()),
    s: arrow.vectorFromArray(["a", null, "日本"], new arrow.Utf8()),
    l: arrow.vectorFromArray(["x", "yz", null], new arrow.LargeUtf8()),
    b: arrow.vectorFromArray([true, false, null], new arrow.Bool()),
    f: arrow.vectorFromArray([1.5, null, -0], new arrow.Float64()),
    d: arrow.vectorFromArray([0n, null, 2n ** 62n], new arrow.Int64()),
    n: arrow.vectorFromArray([null, null, null], new arrow.Null()),
  });
  const memory = new LinearMemory();
  assert.deepEqual(readBack(memory, arrow.tableToIPC(table, "stream")), [
    [
      [1, null, -3],
      ["a", null, "日本"],
      ["x", "yz", null],
      [true, false, null],
      [1.5, null, -0],
      [0n, null, 2n ** 62n],
      [null, null, null],
    ],
  ]);
  const coded = new arrow.Table({ s: arrow.vectorFromArray(["a", "b"]) });
  assert.throws(() => readBack(memory, arrow.tableToIPC(coded, "stream")), { code: "unsupported" });
});

test("vectors that are not flat are written flat", () => {
  const memory = new LinearMemory();
  const arena = new Arena(memory);
  const values = new ValueWriter(memory, types.varchar).write(["x", "yy", "zzz"]);
  const codes = arena.alloc(4);
  memory.u8.set([2, 0, 1, 2], codes);
  const validity = arena.alloc(4);
  memory.u8.set([1, 1, 0, 1], validity);
  const base: Vector = {
    kind: "dictionary",
    type: types.varchar,
    length: 4,
    codes,
    codeBytes: 1,
    validity,
    dictionary: newDictionary(values),
  };
  const selection = arena.alloc(16);
  memory.u32.set([3, 0xffffffff, 2, 0], selection >>> 2);
  const one = new ValueWriter(memory, types.int32).write([7]);
  const batch: Batch = {
    length: 4,
    columns: [
      base,
      { kind: "selection", type: types.varchar, length: 4, selection, outer: true, base },
      { kind: "constant", type: types.int32, length: 4, value: one },
    ],
  };
  const fields = batch.columns.map(({ type }, i) => ({ name: `c${i}`, type, nullable: true }));
  const writer = new IpcWriter(memory, { fields });
  const stream = Buffer.concat([writer.schemaMessage(), writer.batchMessage(batch)]);
  assert.deepEqual(readBack(memory, stream), [
    [
      ["zzz", "x", null, "zzz"],
      ["zzz", null, null, "zzz"],
      [7, 7, 7, 7],
    ],
  ]);
});

test("streams are joined into one with the result's names", async () => {
  const memory = new LinearMemory();
  const tables = [generated(5, 10, 0.5), generated(6, 20, 0.5)];
  const streams = tables.map((table) => written(memory, [table]));
  const named = { fields: schema.fields.map((field, i) => ({ ...field, name: `n${i}` })) };
  const joined = Buffer.concat(await Array.fromAsync(joinedStream(named, [...streams, written(memory, [])])));
  const table = arrow.tableFromIPC(joined);
  assert.equal(table.numRows, 30);
  assert.equal(table.schema.fields[3]!.name, "n3");
  assert.deepEqual([...readingBack(memory, joined)], tables);
  assert.equal(arrow.tableFromIPC(Buffer.concat(await Array.fromAsync(joinedStream(named, [])))).numRows, 0);
});

test("damaged streams are errors, never crashes", () => {
  const memory = new LinearMemory();
  const stream = written(memory, [generated(3, 20, 0.3)]);
  const random = seeded(99);
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    const damaged = stream.slice(0, i % 2 === 0 ? stream.length : Math.floor(random() * stream.length));
    if (damaged.length > 0) damaged[Math.floor(random() * damaged.length)]! ^= 1 << Math.floor(random() * 8);
    for (const read of [() => readBack(memory, damaged), () => [...resultRows(damaged)]]) {
      try {
        read();
      } catch (error) {
        assert.ok(error instanceof QueryError, String((error as Error).stack));
        refused++;
      }
    }
  }
  assert.ok(refused > 0);
});
