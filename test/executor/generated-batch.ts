/** Random columns and batches in every vector form, for tests that compare kernels with the reference evaluator. */
import { type DataType, physicalBytes, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { ValueWriter } from "../../lib/arrow/value-access.ts";
import { type Batch, type FlatVector, newDictionary, type Vector } from "../../lib/arrow/vector.ts";
import type { Column } from "../../lib/expr/expr.ts";
import type { LinearMemory } from "../../lib/kernels/memory.ts";

export type Random = () => number;

/** A small generator of uniform numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[below(random, items.length)]!;
}

export const columnTypes: readonly DataType[] = [
  types.boolean,
  types.int8,
  types.int16,
  types.int32,
  types.int64,
  types.float32,
  types.float64,
  types.decimal(4, 1),
  types.decimal(15, 2),
  types.decimal(18, 0),
  types.decimal(25, 3),
  types.decimal(38, 2),
  types.date,
  types.timestamp,
  types.varchar,
  types.binary,
  types.interval,
];

const words = [
  "",
  "a",
  "ab",
  "abc",
  "b",
  "special requests",
  "the special packages sleep",
  "Ärger",
  "日本語",
  "x".repeat(40),
  "%_\\",
  "ABC",
  " pad ",
];

function integer(random: Random, bits: number): bigint {
  const edge = 1n << BigInt(bits - 1);
  const roll = random();
  if (roll < 0.05) return edge - 1n;
  if (roll < 0.1) return -edge;
  if (roll < 0.75) return BigInt(below(random, 21) - 10);
  return BigInt.asIntN(
    bits,
    BigInt(below(random, 2 ** 32)) * BigInt(below(random, 2 ** 31)) - BigInt(below(random, 2 ** 30)),
  );
}

/** A value of a type: mostly small, often an extreme. */
export function randomValue(random: Random, type: DataType): Value {
  switch (type.kind) {
    case "null":
      return null;
    case "boolean":
      return random() < 0.5;
    case "int8":
      return Number(integer(random, 8));
    case "int16":
      return Number(integer(random, 16));
    case "int32":
      return Number(integer(random, 32));
    case "int64":
      return integer(random, 64);
    case "timestamp":
      return BigInt(below(random, 4e9) - 2e9) * 1_000_000n + BigInt(below(random, 1e6));
    case "date":
      return random() < 0.7 ? 8000 + below(random, 60) : below(random, 60000) - 20000;
    case "decimal": {
      const limit = 10n ** BigInt(type.precision);
      const roll = random();
      if (roll < 0.05) return limit - 1n;
      if (roll < 0.1) return 1n - limit;
      if (roll < 0.7) return BigInt(below(random, 2001) - 1000) % limit;
      return (integer(random, 64) * integer(random, 62)) % limit;
    }
    case "float32":
      return Math.fround(randomValue(random, types.float64) as number);
    case "float64": {
      const special = [
        0,
        -0,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        1e300,
        -1e-300,
        2 ** 53,
        0.5,
      ];
      return random() < 0.3 ? pick(random, special) : (below(random, 2001) - 1000) / 8;
    }
    case "varchar":
      return pick(random, words);
    case "binary":
      return new TextEncoder().encode(pick(random, words));
    case "interval":
      return { months: below(random, 30) - 15, days: below(random, 60) - 30, micros: BigInt(below(random, 2e9) - 1e9) };
  }
}

/** Numbers of `bytes` each, in memory. */
export function numbersIn(memory: LinearMemory, numbers: readonly number[], bytes: 1 | 2 | 4): number {
  const ptr = memory.alloc(numbers.length * bytes);
  for (const [i, number] of numbers.entries()) {
    if (bytes === 1) memory.view.setUint8(ptr + i, number);
    else if (bytes === 2) memory.view.setUint16(ptr + i * 2, number, true);
    else memory.view.setUint32(ptr + i * 4, number, true);
  }
  return ptr;
}

/** A column of random values in a random form, never freed, and its values. */
export function randomVector(memory: LinearMemory, random: Random, type: DataType, length: number): [Vector, Value[]] {
  const nullRate = pick(random, [0, 0, 0.2, 1]);
  const write = (values: Value[]): FlatVector =>
    scrambleNulls(memory, random, new ValueWriter(memory, type).write(values));
  const fresh = () => (random() < nullRate ? null : randomValue(random, type));
  const roll = random();
  if (roll < 0.1) {
    const value = fresh();
    return [{ kind: "constant", type, length, value: write([value]) }, Array.from({ length }, () => value)];
  }
  const baseLength = roll < 0.55 ? length : 1 + below(random, 2 * length + 3);
  let base: FlatVector | Extract<Vector, { kind: "dictionary" }>;
  let values: Value[];
  if (random() < 0.5) {
    values = Array.from({ length: baseLength }, fresh);
    base = write(values);
  } else {
    const entries = Array.from({ length: 1 + below(random, 20) }, () => randomValue(random, type));
    const codes = Array.from({ length: baseLength }, () => below(random, entries.length));
    const present = codes.map(() => (random() < nullRate ? 0 : 1));
    const codeBytes = pick(random, [1, 2, 4] as const);
    values = codes.map((code, i) => (present[i] ? entries[code]! : null));
    const validity = nullRate === 0 ? 0 : numbersIn(memory, present, 1);
    const dictionary = newDictionary(new ValueWriter(memory, type).write(entries));
    base = {
      kind: "dictionary",
      type,
      length: baseLength,
      codes: numbersIn(memory, codes, codeBytes),
      codeBytes,
      validity,
      dictionary,
    };
  }
  if (baseLength === length && roll < 0.55) return [base, values];
  const outer = random() < 0.3;
  const rows = Array.from({ length }, () => (outer && random() < 0.2 ? 0xffffffff : below(random, baseLength)));
  const selection = numbersIn(memory, rows, 4);
  return [{ kind: "selection", type, length, selection, outer, base }, rows.map((row) => values[row] ?? null)];
}

/** Values at NULL rows are arbitrary: puts extremes there (booleans stay 0 or 1, strings stay in memory). */
function scrambleNulls(memory: LinearMemory, random: Random, vector: FlatVector): FlatVector {
  if (vector.validity === 0 || vector.physical === "view" || vector.physical === "interval") return vector;
  const width = physicalBytes[vector.physical];
  const byte = vector.physical === "bool" ? 1 : pick(random, [0, 0xff, 0x7f, 0x80]);
  for (let row = 0; row < vector.length; row++) {
    const at = vector.data + row * width;
    if (memory.u8[vector.validity + row] === 0) memory.u8.fill(byte, at, at + width);
  }
  return vector;
}

/** A batch of the columns, and its rows as values. */
export function randomBatch(
  memory: LinearMemory,
  random: Random,
  columns: readonly Column[],
  length: number,
): { batch: Batch; values: Value[][] } {
  const made = columns.map(({ type }) => randomVector(memory, random, type, length));
  return { batch: { length, columns: made.map(([vector]) => vector) }, values: made.map(([, values]) => values) };
}

/** Two columns of every type. */
export const testColumns: readonly Column[] = [...columnTypes, ...columnTypes].map((type, id) => ({
  id,
  name: `c${id}`,
  type,
  nullable: true,
}));
