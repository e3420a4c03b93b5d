/** Seeded columns of every type, with nulls, extremes and repeats, as JavaScript values. */
import type { DataType } from "../../lib/arrow/types.ts";
import { types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";

export type Random = () => number;

/** Mulberry32: numbers in [0, 1). */
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

export const everyType: readonly DataType[] = [
  types.null,
  types.boolean,
  types.int8,
  types.int16,
  types.int32,
  types.int64,
  types.float32,
  types.float64,
  types.decimal(9, 2),
  types.decimal(18, 0),
  types.decimal(38, 10),
  types.date,
  types.timestamp,
  types.timestamptz,
  types.interval,
  types.varchar,
  types.binary,
];

const words = [
  "",
  "a",
  "ab",
  "zebra",
  "été",
  "日本語",
  "🦓",
  "a longer string of more than sixteen bytes",
  "\0",
  "a\0",
];

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

function integer(random: Random, bits: number): bigint {
  const span = 1n << BigInt(bits - 1);
  if (random() < 0.1) return pick(random, [0n, 1n, -1n, span - 1n, -span]);
  if (random() < 0.5) return BigInt(Math.floor(random() * 20) - 10);
  return BigInt.asIntN(bits, BigInt(Math.floor(random() * 2 ** 32)) * BigInt(Math.floor(random() * 2 ** 32)));
}

function float(random: Random): number {
  if (random() < 0.2)
    return pick(random, [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1]);
  return (random() - 0.5) * 10 ** Math.floor(random() * 30 - 10);
}

function decimal(random: Random, precision: number): bigint {
  const limit = 10n ** BigInt(precision) - 1n;
  if (random() < 0.1) return pick(random, [0n, limit, -limit]);
  if (random() < 0.5) return BigInt(Math.floor(random() * 20) - 10);
  let value = 0n;
  for (let i = 0; i < 4; i++) value = value * 2n ** 32n + BigInt(Math.floor(random() * 2 ** 32));
  return (value % (2n * limit + 1n)) - limit;
}

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
    case "date":
      return Number(integer(random, 32));
    case "int64":
      return integer(random, 64);
    case "timestamp": // as far as apache-arrow can give it back
      return integer(random, 60);
    case "float32":
      return Math.fround(float(random));
    case "float64":
      return float(random);
    case "decimal":
      return decimal(random, type.precision);
    case "interval":
      return {
        months: Number(integer(random, 16)),
        days: Number(integer(random, 16)),
        micros: integer(random, 52),
      };
    case "varchar":
      return random() < 0.7 ? pick(random, words) : "x".repeat(Math.floor(random() * 40)) + pick(random, words);
    case "binary":
      return Uint8Array.from({ length: Math.floor(random() * 20) }, () => Math.floor(random() * 256));
  }
}

export function randomValues(random: Random, type: DataType, rows: number, nullRate: number): Value[] {
  return Array.from({ length: rows }, () => (random() < nullRate ? null : randomValue(random, type)));
}
