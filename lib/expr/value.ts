/** Values and literals: the run-time form and the JSON-safe one. */
import type { DataType } from "../arrow/types.ts";
import type { IntervalValue, Value } from "../arrow/value.ts";
import { QueryError } from "../errors.ts";
import type { LiteralValue } from "./expr.ts";

/** Reads a literal of `type` as a run-time value. */
export function valueOfLiteral(type: DataType, literal: LiteralValue): Value {
  if (literal === null) return null;
  switch (type.kind) {
    case "null":
      return null;
    case "int64":
    case "decimal":
    case "timestamp":
      return BigInt(literal as string);
    case "float32":
    case "float64":
      return Number(literal); // "NaN", "Infinity" and "-Infinity" too
    case "binary":
      return bytesOfHex(literal as string);
    case "interval": {
      const parts = literal as { months: number; days: number; micros: string };
      return { months: parts.months, days: parts.days, micros: BigInt(parts.micros) };
    }
    default:
      return literal as boolean | number | string;
  }
}

/** The JSON-safe form of a run-time value of `type`. */
export function literalOfValue(type: DataType, value: Value): LiteralValue {
  if (value === null) return null;
  switch (type.kind) {
    case "null":
      return null;
    case "int64":
    case "decimal":
    case "timestamp":
      return String(value as bigint);
    case "float32":
    case "float64":
      // JSON has neither NaN and the infinities nor, through JSON.stringify, a negative zero.
      return Number.isFinite(value) && !Object.is(value, -0) ? (value as number) : floatName(value as number);
    case "binary":
      return hexOfBytes(value as Uint8Array);
    case "interval": {
      const parts = value as IntervalValue;
      return { months: parts.months, days: parts.days, micros: String(parts.micros) };
    }
    default:
      return value as boolean | number | string;
  }
}

function floatName(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

export function hexOfBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** @throws QueryError invalid_argument when the text is not pairs of hexadecimal digits. */
export function bytesOfHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new QueryError("invalid_argument", `"${text}" is not hexadecimal`);
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

const microsPerDay = 86_400_000_000n;
const daysPerMonth = 30n;

/** The length by which intervals are compared: a month counts 30 days, a day 24 hours (as in PostgreSQL and DuckDB). */
export function intervalMicros(interval: IntervalValue): bigint {
  return (BigInt(interval.months) * daysPerMonth + BigInt(interval.days)) * microsPerDay + interval.micros;
}

/**
 * Orders two non-null values of one type: negative, zero or positive. Text and binary by bytes; false < true;
 * NaN equals NaN and is above every number; −0 equals 0. Decimals must have the same scale.
 */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === "number") return compareNumbers(a, b as number);
  if (typeof a === "string") return compareText(a, b as string);
  if (typeof a === "bigint" || typeof a === "boolean") return a < (b as typeof a) ? -1 : a > (b as typeof a) ? 1 : 0;
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array);
  return compareValues(intervalMicros(a as IntervalValue), intervalMicros(b as IntervalValue));
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0);
}

/**
 * Orders by code point, which is the order of the UTF-8 bytes. JavaScript's `<` orders by UTF-16 unit, and puts
 * surrogate pairs (code points from U+10000) below U+E000–U+FFFF.
 */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xSurrogate = x >= 0xd800 && x < 0xe000;
    const ySurrogate = y >= 0xd800 && y < 0xe000;
    return xSurrogate === ySurrogate ? x - y : xSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

/** A string equal for two values of one type exactly when compareValues is 0: for maps and sets of values. */
export function keyOfValue(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "number") return `n${value === 0 ? 0 : value}`;
  if (typeof value === "bigint") return `i${value}`;
  if (typeof value === "string") return `s${value}`;
  if (typeof value === "boolean") return value ? "t" : "f";
  if (value instanceof Uint8Array) return `b${hexOfBytes(value)}`;
  return `v${intervalMicros(value)}`;
}
