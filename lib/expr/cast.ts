/** CAST of one value, with every value checked against its new type. */
import { type DataType, sameType, typeName } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { QueryError } from "../errors.ts";
import { checkedTimestamp, microsPerDay, splitTimestamp } from "./calendar.ts";
import { divideRounded, powerOfTen, toDecimal, toInteger } from "./checked.ts";
import { isFloat, isInteger } from "./coercion.ts";
import { formatDecimal, formatValue } from "./format-value.ts";
import { parseDecimal, parseFloat64, parseInteger } from "./parse-number.ts";
import { parseDate, parseInterval, parseTimestamp } from "./parse-temporal.ts";

/**
 * Converts a value of type `from` to type `to`; NULL stays NULL.
 * @throws QueryError overflow when a number leaves the range of `to`; invalid_argument when text cannot be read as `to`
 */
export function castValue(value: Value, from: DataType, to: DataType): Value {
  if (value === null || sameType(from, to)) return value;
  if (to.kind === "varchar") return formatValue(value, from);
  if (from.kind === "varchar") return parseValue(value as string, to);
  if (isInteger(to)) return toIntegerValue(value, from, to);
  if (isFloat(to)) return toFloat(value, from, to);
  if (to.kind === "decimal") return toDecimalValue(value, from, to);
  if (to.kind === "boolean") return typeof value === "bigint" ? value !== 0n : value !== 0;
  if (to.kind === "date" && from.kind === "timestamp") return splitTimestamp(value as bigint).days;
  if (to.kind === "timestamp")
    return from.kind === "date" ? checkedTimestamp(BigInt(value as number) * microsPerDay) : value;
  throw new QueryError("internal", `no cast from ${typeName(from)} to ${typeName(to)}`);
}

/**
 * Reads text as a value of `type`.
 * @throws QueryError invalid_argument, or overflow for a number out of range
 */
export function parseValue(text: string, type: DataType): Value {
  const value = parse(text, type);
  if (value === undefined)
    throw new QueryError("invalid_argument", `cannot read "${shortened(text)}" as ${typeName(type)}`);
  return value;
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function parse(text: string, type: DataType): Value | undefined {
  switch (type.kind) {
    case "boolean":
      return parseBoolean(text);
    case "int8":
    case "int16":
    case "int32":
    case "int64": {
      const value = parseInteger(text);
      return value === undefined ? undefined : toInteger(value, type, () => text.trim());
    }
    case "float32":
    case "float64": {
      const value = parseFloat64(text);
      return value === undefined || type.kind === "float64" ? value : Math.fround(value);
    }
    case "decimal": {
      const value = parseDecimal(text, type.scale);
      return value === undefined ? undefined : toDecimal(value, type, () => text.trim());
    }
    case "date":
      return parseDate(text);
    case "timestamp":
      return parseTimestamp(text, type.utc);
    case "interval":
      return parseInterval(text);
    case "binary":
      return parseBytes(text);
    default:
      return text;
  }
}

function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (["true", "t", "yes", "y", "1"].includes(lower)) return true;
  return ["false", "f", "no", "n", "0"].includes(lower) ? false : undefined;
}

/** ASCII as it is, `\xAB` for any byte; undefined for anything else. */
function parseBytes(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const part of text.match(/\\x[0-9a-fA-F]{2}|./gsu) ?? []) {
    const escaped = part.length === 4;
    if (!escaped && (part === "\\" || part.codePointAt(0)! > 127)) return undefined;
    bytes.push(escaped ? Number.parseInt(part.slice(2), 16) : part.codePointAt(0)!);
  }
  return Uint8Array.from(bytes);
}

function toIntegerValue(value: Value, from: DataType, to: DataType): Value {
  return toInteger(wholeOf(value, from, to), to, () => formatValue(value, from));
}

function wholeOf(value: Value, from: DataType, to: DataType): bigint {
  if (from.kind === "decimal") return divideRounded(value as bigint, powerOfTen(from.scale));
  if (!isFloat(from)) return BigInt(value as number | bigint | boolean);
  if (!Number.isFinite(value)) throw outOfRange(value, from, to);
  return BigInt(roundHalfEven(value as number));
}

function outOfRange(value: Value, from: DataType, to: DataType): QueryError {
  return new QueryError("overflow", `${formatValue(value, from)} is out of the range of ${typeName(to)}`);
}

/** To the nearest whole number, halves to the even one (the rounding of IEEE 754 and of CAST from floats). */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** To the nearest whole number, halves away from zero. */
export function roundHalfAway(value: number): number {
  const magnitude = Math.abs(value);
  const floor = Math.floor(magnitude);
  return Math.sign(value) * (magnitude - floor >= 0.5 ? floor + 1 : floor);
}

/** The double nearest to a number of any numeric type (or boolean, or date-like: its integer). */
export function numberOf(value: Value, type: DataType): number {
  if (type.kind !== "decimal" || type.scale === 0) return Number(value);
  const unscaled = value as bigint;
  // Both exact as doubles, so that one division rounds once; else through the digits, which rounds once too.
  const exact = unscaled <= 9_007_199_254_740_992n && unscaled >= -9_007_199_254_740_992n && type.scale <= 22;
  return exact ? Number(unscaled) / 10 ** type.scale : Number(formatDecimal(unscaled, type.scale));
}

function toFloat(value: Value, from: DataType, to: DataType): number {
  const number = numberOf(value, from);
  if (to.kind === "float64") return number;
  const result = Math.fround(number);
  if (!Number.isFinite(result) && Number.isFinite(number)) throw outOfRange(value, from, to);
  return result;
}

function toDecimalValue(value: Value, from: DataType, to: DataType & { kind: "decimal" }): bigint {
  const what = () => formatValue(value, from);
  if (isFloat(from)) {
    const scaled = roundHalfAway((value as number) * 10 ** to.scale);
    if (!Number.isFinite(scaled)) throw outOfRange(value, from, to);
    return toDecimal(BigInt(scaled), to, what);
  }
  const scale = from.kind === "decimal" ? from.scale : 0;
  const unscaled = BigInt(value as number | bigint | boolean);
  if (to.scale >= scale) return toDecimal(unscaled * powerOfTen(to.scale - scale), to, what);
  return toDecimal(divideRounded(unscaled, powerOfTen(scale - to.scale)), to, what);
}
