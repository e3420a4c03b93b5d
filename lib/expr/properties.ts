/** What can be said of an expression without running it. */
import type { DataType } from "../arrow/types.ts";
import { sameType, types } from "../arrow/types.ts";
import { isFloat, isInteger } from "./coercion.ts";
import type { Expr } from "./expr.ts";
import { findFunction } from "./functions/registry.ts";
import { operandsOf } from "./walk.ts";

/** Whether the value may be NULL. Errs on the side of true. */
export function isNullable(expr: Expr): boolean {
  switch (expr.kind) {
    case "literal":
      return expr.value === null;
    case "column":
      return expr.nullable;
    case "cast":
      return expr.safe || isNullable(expr.input);
    case "case":
      return !expr.otherwise || isNullable(expr.otherwise) || expr.branches.some(({ result }) => isNullable(result));
    case "in_list":
      return operandsOf(expr).some(isNullable);
    case "subquery":
      return expr.form !== "exists";
    case "call":
      return isCallNullable(expr.fn, expr.args);
  }
}

const neverNull: ReadonlySet<string> = new Set(
  "is_null is_not_null is_distinct_from is_not_distinct_from is_true is_not_true is_false is_not_false concat".split(
    " ",
  ),
);

function isCallNullable(fn: string, args: readonly Expr[]): boolean {
  if (neverNull.has(fn)) return false;
  if (fn === "coalesce" || fn === "greatest" || fn === "least") return args.every(isNullable);
  if (fn === "and" || fn === "or") return args.some(isNullable);
  const definition = findFunction(fn);
  return !definition || definition.nullable === true || definition.nullPropagating === false || args.some(isNullable);
}

function someExpr(expr: Expr, test: (expr: Expr) => boolean): boolean {
  return test(expr) || operandsOf(expr).some((operand) => someExpr(operand, test));
}

function isDeterministicFunction(fn: string): boolean {
  return findFunction(fn)?.volatility !== "volatile";
}

/** Whether equal inputs give equal results throughout one query. */
export function isDeterministic(expr: Expr): boolean {
  return !someExpr(expr, (node) => node.kind === "call" && !isDeterministicFunction(node.fn));
}

/** Whether no part depends on rows, on plans, or on chance. */
export function isConstant(expr: Expr): boolean {
  return !someExpr(expr, (node) => node.kind === "column" || node.kind === "subquery") && isDeterministic(expr);
}

/** Whether evaluation may raise an error for some row: such an expression must not run for rows it was not asked for. */
export function canFail(expr: Expr): boolean {
  return someExpr(expr, nodeCanFail);
}

function nodeCanFail(node: Expr): boolean {
  if (node.kind === "subquery") return true;
  if (node.kind === "cast") return !node.safe && castCanFail(node.input.type, node.type);
  if (node.kind !== "call") return false;
  const fails = findFunction(node.fn)?.canFail ?? false;
  return typeof fails === "function"
    ? fails(
        node.args.map((arg) => arg.type),
        node.type,
      )
    : fails;
}

const digits: Readonly<Record<string, number>> = { int8: 3, int16: 5, int32: 10, int64: 19 };

/** Whether CAST(from AS to) raises for some value. */
export function castCanFail(from: DataType, to: DataType): boolean {
  if (sameType(from, to) || from.kind === "null" || to.kind === "varchar" || to.kind === "boolean") {
    return to.kind === "boolean" && from.kind === "varchar";
  }
  if (isFloat(to)) return from.kind === "varchar" || (from.kind === "float64" && to.kind === "float32");
  if (isInteger(to)) return !(from.kind === "boolean" || (isInteger(from) && digits[from.kind]! < digits[to.kind]!));
  if (to.kind === "decimal") return !fitsDecimal(from, to.precision - to.scale, to.scale);
  if (to.kind === "timestamp") return from.kind !== "timestamp";
  return (
    !(to.kind === "date" && from.kind === "timestamp") && !(to.kind === types.binary.kind && from.kind === "binary")
  );
}

function fitsDecimal(from: DataType, whole: number, scale: number): boolean {
  if (from.kind === "boolean") return whole > 0;
  if (isInteger(from)) return digits[from.kind]! <= whole;
  // Rounding away digits can carry into one more.
  return from.kind === "decimal" && from.precision - from.scale + (from.scale > scale ? 1 : 0) <= whole;
}
