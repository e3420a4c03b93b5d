/** Seeded random values of every type, with nulls, extremes and the awkward ones. */
import type { DataType } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";

/** A small generator of uniform numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from low to high, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!;
  }

  /** Uniform over `bits` bits, signed. */
  bigint(bits: number): bigint {
    let value = 0n;
    for (let i = 0; i < bits; i += 16) value = (value << 16n) | BigInt(this.int(0, 65_535));
    return BigInt.asIntN(bits, value);
  }
}

const integerBits: Readonly<Record<string, number>> = { int8: 8, int16: 16, int32: 32, int64: 64 };
const texts = [
  "",
  "a",
  "b",
  "abc",
  "ABC",
  "aBcAbC",
  " abc ",
  "a%b_c",
  "äöü",
  "ß",
  "日本語",
  "a,b,,c",
  "hello world",
  "😀x",
  "été",
  "aaa",
  "\\",
  "12",
  "xyx",
  "ab\ncd",
];

/** A value of `type`: about a tenth NULL, a quarter extreme. */
export function randomValue(random: Random, type: DataType): Value {
  if (type.kind === "null" || random.next() < 0.1) return null;
  const extreme = random.next() < 0.25;
  switch (type.kind) {
    case "boolean":
      return random.next() < 0.5;
    case "int8":
    case "int16":
    case "int32":
    case "int64":
      return randomInteger(random, integerBits[type.kind]!, extreme);
    case "float32":
      return Math.fround(randomFloat(random, extreme, 3.4028234663852886e38));
    case "float64":
      return randomFloat(random, extreme, Number.MAX_VALUE);
    case "decimal": {
      const limit = 10n ** BigInt(type.precision) - 1n;
      if (extreme) return random.pick([0n, limit, -limit, 1n, -1n, 10n ** BigInt(type.scale) / 2n]);
      return random.bigint(140) % 10n ** BigInt(random.int(1, type.precision));
    }
    case "date":
      return extreme ? random.pick([0, -1, 59, 11_016, -719_163, 18_262 + 59, 2_932_896]) : random.int(-40_000, 40_000);
    case "timestamp":
      return extreme
        ? random.pick([0n, -1n, 951_782_400_000_000n, 1_582_934_399_999_999n, -62_135_596_800_000_000n])
        : BigInt(random.int(-40_000, 40_000)) * 86_400_000_000n +
            BigInt(random.int(0, 86_399_999)) * 1000n +
            BigInt(random.int(0, 999));
    case "interval":
      return {
        months: random.pick([0, 0, 1, -1, 12, 13, -25, random.int(-100, 100)]),
        days: random.pick([0, 0, 1, -1, 30, random.int(-100, 100)]),
        micros: random.pick([0n, 0n, 1n, -1n, 3_600_000_000n, 86_400_000_000n, BigInt(random.int(-1e9, 1e9))]),
      };
    case "varchar":
      return random.next() < 0.6 ? random.pick(texts) : randomText(random);
    case "binary":
      return Uint8Array.from({ length: random.int(0, 6) }, () =>
        random.pick([0, 32, 65, 97, 92, 39, 34, 127, 128, 255]),
      );
  }
}

function randomInteger(random: Random, bits: number, extreme: boolean): Value {
  const top = 2n ** BigInt(bits - 1);
  const small = BigInt(random.int(-20, 20));
  const value = extreme
    ? random.pick([top - 1n, -top, 0n, 1n, -1n])
    : random.next() < 0.6
      ? small
      : random.bigint(bits);
  return bits === 64 ? value : Number(value);
}

function randomFloat(random: Random, extreme: boolean, max: number): number {
  if (extreme)
    return random.pick([0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, Number.NaN, Infinity, -Infinity, max, -max, 1e-300, 1e20]);
  if (random.next() < 0.5) return random.int(-1000, 1000) / random.pick([1, 2, 4, 10, 100]);
  return (random.next() - 0.5) * 10 ** random.int(-10, 20);
}

function randomText(random: Random): string {
  const alphabet = ["a", "b", "c", "A", " ", "%", "_", "é", "0", "1", ".", "-", "😀"];
  return Array.from({ length: random.int(0, 8) }, () => random.pick(alphabet)).join("");
}
