/** Seeded rows for operator tests: skew, duplicates, NULLs, extremes. */
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";

/** A small generator (mulberry32): the same numbers for the same seed, everywhere. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Values that break things, by type. */
export const extremes: Readonly<Record<string, readonly [DataType, readonly Value[]]>> = {
  boolean: [types.boolean, [true, false]],
  int8: [types.int8, [-128, -1, 0, 1, 127]],
  int16: [types.int16, [-32768, -1, 0, 1, 32767]],
  int32: [types.int32, [-(2 ** 31), -1, 0, 1, 2 ** 31 - 1, 77]],
  int64: [types.int64, [-(2n ** 63n), -1n, 0n, 1n, 2n ** 63n - 1n, 2n ** 32n, -(2n ** 32n)]],
  date: [types.date, [-1, 0, 1, 8035, 10591]],
  timestamp: [types.timestamp, [-1n, 0n, 1n, 946684800000000n]],
  float32: [types.float32, [-0, 0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  float64: [types.float64, [-0, 0, 1e300, -1e-300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  decimal: [types.decimal(15, 2), [-(10n ** 15n) + 1n, -1n, 0n, 1n, 10n ** 15n - 1n]],
  wide: [types.decimal(38, 3), [-(10n ** 37n), -1n, 0n, 1n, 10n ** 37n, 2n ** 64n, 2n ** 64n + 1n, -(2n ** 63n)]],
  narrow: [types.decimal(38, 3), [-5n, 0n, 1n, 2n ** 40n]],
  varchar: [
    types.varchar,
    ["", "a", "ä", "日本語", "a\u0000", "abcdefgh", "abcdefghi", "x".repeat(40), "😀", "\uffee"],
  ],
  binary: [types.binary, [new Uint8Array(0), new Uint8Array([0]), new Uint8Array([255, 0]), new Uint8Array([1, 2, 3])]],
  interval: [
    types.interval,
    [
      { months: 0, days: 0, micros: 0n },
      { months: 1, days: 0, micros: 0n },
      { months: 0, days: 30, micros: 0n },
      { months: 0, days: -1, micros: 1n },
      { months: 0, days: 0, micros: -86_400_000_000n },
    ],
  ],
};

/** A random value of a type: extremes often, skewed, or NULL. */
export function randomValue(kind: string, below: (n: number) => number, nullsIn100: number, spread: number): Value {
  if (below(100) < nullsIn100) return null;
  const [type, special] = extremes[kind]!;
  if (below(3) === 0) return special[below(special.length)]!;
  const n = below(4) === 0 ? below(3) : below(spread);
  switch (type.kind) {
    case "boolean":
      return n % 2 === 0;
    case "int8":
      return (n % 256) - 128;
    case "int16":
      return (n % 65536) - 32768;
    case "int32":
    case "date":
      return n - 10;
    case "int64":
    case "timestamp":
      return BigInt(n) * 1_000_003n;
    case "decimal":
      return kind === "wide" ? BigInt(n) * 10n ** 30n : BigInt(n) - 5n;
    case "float32":
    case "float64":
      return n / 4;
    case "varchar":
      return `v${n}-${"é".repeat(n % 7)}`;
    case "binary":
      return new Uint8Array([n & 255, n >> 8]);
    case "interval":
      return { months: n % 3, days: n % 40, micros: BigInt(n) };
    default:
      return null;
  }
}

/** Equal for values that SQL does not tell apart. */
export function canonical(value: Value): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return String(value === 0 ? 0 : value);
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString("hex")}`;
  if (typeof value === "object") {
    return `i${(BigInt(value.months) * 30n + BigInt(value.days)) * 86_400_000_000n + value.micros}`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

export function canonicalRow(row: readonly Value[]): string {
  return row.map(canonical).join(" | ");
}
