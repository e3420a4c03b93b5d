/** Literals and parameters to typed constants. */
import { decimalPrecisionMax, types } from "../arrow/types.ts";
import { QueryError, type Span } from "../errors.ts";
import { cast, literal, nullLiteral } from "../expr/build.ts";
import type { Expr, LiteralExpr } from "../expr/expr.ts";
import type { ParameterExpr } from "../sql/ast.ts";
import type { Parameters } from "./binding.ts";

/**
 * A number as written: with an exponent DOUBLE, with a point DECIMAL of just its digits, else INTEGER, BIGINT or, where
 * that is too small, DECIMAL; DOUBLE beyond 38 digits.
 */
export function bindNumber(text: string): LiteralExpr {
  const match = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (!match) return float(Number(text));
  const [, sign = "", whole = "", fraction] = match;
  const digits = (whole + (fraction ?? "")).replace(/^0+/, "") || "0";
  const scale = fraction?.length ?? 0;
  const precision = Math.max(digits.length, scale, 1);
  if (precision > decimalPrecisionMax) return float(Number(text));
  const unscaled = digits === "0" ? "0" : sign + digits;
  if (fraction !== undefined) return literal(types.decimal(precision, scale), unscaled);
  return integer(BigInt(unscaled)) ?? literal(types.decimal(precision, 0), unscaled);
}

function integer(value: bigint): LiteralExpr | undefined {
  if (BigInt.asIntN(32, value) === value) return literal(types.int32, Number(value));
  if (BigInt.asIntN(64, value) === value) return literal(types.int64, String(value));
  return undefined;
}

function float(value: number): LiteralExpr {
  return literal(types.float64, Number.isFinite(value) ? value : String(value));
}

/**
 * The value given for a parameter. JavaScript's number is INTEGER or BIGINT if it is a safe integer, else DOUBLE; bigint
 * is BIGINT or DECIMAL; Date is TIMESTAMP; bytes are VARBINARY.
 */
export function bindParameter(parameter: ParameterExpr, parameters: Parameters): Expr {
  const { key, span } = parameter;
  const value = parameterValue(key, parameters);
  if (value === undefined) {
    throw new QueryError("invalid_argument", `no value was given for the parameter ${key}`, { span });
  }
  return constantOf(value, span);
}

function parameterValue(key: number | string, parameters: Parameters): unknown {
  if (Array.isArray(parameters)) return typeof key === "number" ? parameters[key - 1] : undefined;
  return Object.hasOwn(parameters, key) ? (parameters as Readonly<Record<string, unknown>>)[key] : undefined;
}

function constantOf(value: unknown, span: Span): Expr {
  if (value === null) return nullLiteral();
  switch (typeof value) {
    case "boolean":
      return literal(types.boolean, value);
    case "string":
      return literal(types.varchar, value);
    case "number":
      return (Number.isSafeInteger(value) && !Object.is(value, -0) && integer(BigInt(value))) || float(value);
    case "bigint": {
      const digits = String(value).replace("-", "").length;
      if (digits > decimalPrecisionMax) break;
      return integer(value) ?? literal(types.decimal(digits, 0), String(value));
    }
    case "object":
      if (value instanceof Date && !Number.isNaN(value.getTime())) {
        return literal(types.timestamp, String(BigInt(value.getTime()) * 1000n));
      }
      if ((value as Partial<LiteralExpr>).kind === "literal") return value as LiteralExpr;
      if (value instanceof Uint8Array) return literal(types.binary, Buffer.from(value).toString("hex"));
  }
  throw new QueryError("invalid_argument", `a parameter cannot be ${typeof value}`, { span });
}

/** Microseconds, days or months of one unit. */
const units: Readonly<Record<string, { months?: bigint; days?: bigint; micros?: bigint }>> = {
  microsecond: { micros: 1n },
  millisecond: { micros: 1000n },
  second: { micros: 1_000_000n },
  minute: { micros: 60_000_000n },
  hour: { micros: 3_600_000_000n },
  day: { days: 1n },
  week: { days: 7n },
  month: { months: 1n },
  quarter: { months: 3n },
  year: { months: 12n },
  decade: { months: 120n },
  century: { months: 1200n },
  millennium: { months: 12_000n },
};

/** INTERVAL '3' MONTH: one number of one unit. */
export function intervalOf(count: bigint, unit: string, span: Span): LiteralExpr {
  const size = units[unit] ?? units[unit.replace(/s$/, "")];
  if (!size) throw new QueryError("syntax", `unknown unit of an interval: ${unit}`, { span });
  const months = (size.months ?? 0n) * count;
  const days = (size.days ?? 0n) * count;
  const micros = (size.micros ?? 0n) * count;
  const fits = BigInt.asIntN(32, months) === months && BigInt.asIntN(32, days) === days;
  if (!fits || BigInt.asIntN(64, micros) !== micros) {
    throw new QueryError("overflow", "the interval is out of range", { span });
  }
  return literal(types.interval, { months: Number(months), days: Number(days), micros: String(micros) });
}

/** INTERVAL '1 day 2 hours': the cast reads it. */
export function intervalFromText(text: string, span: Span): Expr {
  return cast(literal(types.varchar, text), types.interval, { span });
}
