/**
 * A comparison of a widened column with a constant compares the column itself with the constant in the column's type:
 * CAST(date AS TIMESTAMP) < TIMESTAMP '1998-09-02 00:00:00' is date < DATE '1998-09-02'. That is what row groups can be
 * pruned by, and what kernels compare without converting every row. Only casts that keep every value and their order.
 */
import { type DataType, sameType } from "../../arrow/types.ts";
import { literal } from "../../expr/build.ts";
import type { CallExpr, CastExpr, Expr, InListExpr, LiteralExpr } from "../../expr/expr.ts";
import { rewriteExpr } from "../../expr/walk.ts";
import { mapExprs, rewritePlan } from "../../logical/build.ts";
import type { Rule } from "../rule.ts";

export const unwrapCasts: Rule = {
  name: "unwrap-casts",
  apply: (plan) => rewritePlan(plan, (node) => mapExprs(node, unwrapExpr)),
};

export function unwrapExpr(expr: Expr): Expr {
  return rewriteExpr(expr, (part) => {
    if (part.kind === "call") return unwrapComparison(part);
    return part.kind === "in_list" ? unwrapInList(part) : part;
  });
}

const mirrored: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>" };

function unwrapComparison(expr: CallExpr): Expr {
  const swapped = mirrored[expr.fn];
  if (!swapped || expr.args.length !== 2) return expr;
  const [left, right] = expr.args as readonly [Expr, Expr];
  if (left.kind === "cast" && right.kind === "literal") return unwrapped(expr, left, expr.fn, right);
  if (right.kind === "cast" && left.kind === "literal") return unwrapped(expr, right, swapped, left);
  return expr;
}

function unwrapped(expr: CallExpr, cast: CastExpr, op: string, constant: LiteralExpr): Expr {
  const from = cast.input.type;
  const place = placeAmong(from, cast.type, constant);
  if (!place) return expr;
  const { floor, exact } = place;
  const compare = (fn: string, value: bigint): Expr => {
    const operand = literalOf(from, value);
    return operand ? unwrapComparison({ ...expr, fn, args: [cast.input, operand] }) : expr;
  };
  if (exact) return compare(op, floor);
  // The constant lies between floor and floor + 1.
  if (op === "<" || op === "<=") return compare("<=", floor);
  if (op === ">" || op === ">=") return compare(">", floor);
  return expr;
}

/** Items between two values of the column's type equal none of them. */
function unwrapInList(expr: InListExpr): Expr {
  if (expr.input.kind !== "cast") return expr;
  const from = expr.input.input.type;
  const items: Expr[] = [];
  for (const item of expr.list) {
    const place = item.kind === "literal" ? placeAmong(from, expr.input.type, item) : undefined;
    if (!place) return expr;
    const operand = place.exact ? literalOf(from, place.floor) : undefined;
    if (place.exact && !operand) return expr;
    if (operand) items.push(operand);
  }
  return items.length > 0 ? { ...expr, input: expr.input.input, list: items } : expr;
}

const dayMicros = 86_400_000_000n;
const integerBits: Readonly<Record<string, bigint>> = { int8: 8n, int16: 16n, int32: 32n, int64: 64n };

/**
 * Where a constant of type `to` lies among the values of `from` (as whole numbers: days, unscaled digits), if each of
 * them has one place in `to`.
 */
function placeAmong(
  from: DataType,
  to: DataType,
  constant: LiteralExpr,
): { floor: bigint; exact: boolean } | undefined {
  if (constant.value === null || !sameType(constant.type, to)) return undefined;
  const step = valuesPerStep(from, to);
  if (step === undefined) return undefined;
  const value = to.kind === "float64" ? undefined : BigInt(constant.value as number | string);
  if (value !== undefined) {
    const quotient = value / step;
    const exact = quotient * step === value;
    return { floor: exact || value >= 0n ? quotient : quotient - 1n, exact };
  }
  const number = constant.value;
  if (typeof number !== "number" || !Number.isFinite(number) || Math.abs(number) > 2 ** 52) return undefined;
  return { floor: BigInt(Math.floor(number)), exact: Number.isInteger(number) };
}

/** How many values of `to` lie from one value of `from` to the next; undefined where the cast is no such ladder. */
function valuesPerStep(from: DataType, to: DataType): bigint | undefined {
  const integer = from.kind in integerBits;
  if (from.kind === "date" && to.kind === "timestamp") return to.utc ? undefined : dayMicros;
  if (integer && to.kind in integerBits) return integerBits[from.kind]! <= integerBits[to.kind]! ? 1n : undefined;
  if (integer && to.kind === "decimal") return 10n ** BigInt(to.scale);
  // Every 32-bit integer is a double of its own.
  if (integer && to.kind === "float64") return integerBits[from.kind]! <= 32n ? 1n : undefined;
  if (from.kind === "decimal" && to.kind === "decimal" && to.scale >= from.scale) {
    return 10n ** BigInt(to.scale - from.scale);
  }
  return undefined;
}

/** A literal of the column's type, if the value is one of it. */
function literalOf(type: DataType, value: bigint): LiteralExpr | undefined {
  if (type.kind === "decimal") {
    const limit = 10n ** BigInt(type.precision);
    return value < limit && -value < limit ? literal(type, String(value)) : undefined;
  }
  const bits = type.kind === "date" ? 32n : integerBits[type.kind]!;
  if (BigInt.asIntN(Number(bits), value) !== value) return undefined;
  return literal(type, type.kind === "int64" ? String(value) : Number(value));
}
