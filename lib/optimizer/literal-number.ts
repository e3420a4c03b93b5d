/** Literals as plain numbers, for estimates only: days, microseconds, decimals at their value. */
import type { DataType } from "../arrow/types.ts";
import type { Expr, LiteralValue } from "../expr/expr.ts";

/** Undefined for NULL, NaN and types without an order of numbers. */
export function literalNumber(type: DataType, value: LiteralValue | undefined): number | undefined {
  if (value === undefined || value === null || typeof value === "object") return undefined;
  switch (type.kind) {
    case "int8":
    case "int16":
    case "int32":
    case "int64":
    case "float32":
    case "float64":
    case "date":
    case "timestamp": {
      const number = Number(value);
      return Number.isNaN(number) ? undefined : number;
    }
    case "decimal":
      return Number(value) / 10 ** type.scale;
    default:
      return undefined;
  }
}

/** The number of a constant expression, seen through casts; dates under a cast to timestamp stay comparable to days. */
export function constantNumber(expr: Expr): number | undefined {
  if (expr.kind === "literal") return literalNumber(expr.type, expr.value);
  if (expr.kind === "cast") {
    const inner = constantNumber(expr.input);
    if (inner === undefined) return undefined;
    return inner * unit(expr.type, expr.input.type);
  }
  return undefined;
}

const dayMicros = 86_400_000_000;

/** Factor from numbers of one type to numbers of another. */
export function unit(to: DataType, from: DataType): number {
  if (to.kind === "timestamp" && from.kind === "date") return dayMicros;
  if (to.kind === "date" && from.kind === "timestamp") return 1 / dayMicros;
  return 1;
}
