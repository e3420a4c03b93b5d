/** The reference evaluator: one row at a time, slow and plain. It folds constants and is the oracle for the kernels. */
import type { DataType } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { QueryError, unsupported } from "../errors.ts";
import { located } from "./build.ts";
import { castValue } from "./cast.ts";
import type { CallExpr, CaseExpr, CastExpr, ColumnId, Expr, InListExpr } from "./expr.ts";
import { requireFunction } from "./functions/registry.ts";
import type { EvaluationContext } from "./functions/scalar-function.ts";
import { compareValues, valueOfLiteral } from "./value.ts";

export type { EvaluationContext } from "./functions/scalar-function.ts";

/** A context whose statement starts now. */
export function newEvaluationContext(nowMicros: bigint = BigInt(Date.now()) * 1000n): EvaluationContext {
  return { nowMicros, random: Math.random };
}

const noColumns = (id: ColumnId): never => {
  throw new QueryError("internal", `column ${id} has no value here`);
};

/**
 * The value of an expression for one row.
 * @param row gives the value of a column
 * @throws QueryError with the span of the failing call: overflow, invalid_argument; internal for a subquery
 */
export function evaluate(
  expr: Expr,
  row: (id: ColumnId) => Value = noColumns,
  context: EvaluationContext = newEvaluationContext(),
): Value {
  switch (expr.kind) {
    case "literal":
      return valueOfLiteral(expr.type, expr.value);
    case "column":
      return row(expr.id);
    case "call":
      return evaluateCall(expr, row, context);
    case "cast":
      return evaluateCast(expr, row, context);
    case "case":
      return evaluateCase(expr, row, context);
    case "in_list":
      return evaluateInList(expr, row, context);
    case "subquery":
      throw unsupported("a subquery in this place", expr.span);
  }
}

type Row = (id: ColumnId) => Value;

function evaluateCall(expr: CallExpr, row: Row, context: EvaluationContext): Value {
  const until = decisive[expr.fn];
  const values: Value[] = [];
  for (const arg of expr.args) {
    const value = evaluate(arg, row, context);
    values.push(value);
    if (until?.(value)) break;
  }
  return applyFunction(expr, values, context);
}

/** Functions that look no further than the first argument that decides. */
const decisive: Readonly<Record<string, (value: Value) => boolean>> = {
  and: (value) => value === false,
  or: (value) => value === true,
  coalesce: (value) => value !== null,
};

/** Applies the function of a call to argument values, which is all an executor needs to do a row by itself. */
export function applyFunction(expr: CallExpr, values: readonly Value[], context: EvaluationContext): Value {
  const fn = requireFunction(expr.fn, expr.span);
  if (fn.nullPropagating !== false && values.includes(null)) return null;
  const { evaluate: run } = fn;
  if (!run) throw new QueryError("internal", `${fn.name} cannot be evaluated`);
  const argTypes: readonly DataType[] = expr.args.map((arg) => arg.type);
  return located(expr.span, () => run(values, { argTypes, type: expr.type, context }));
}

function evaluateCast(expr: CastExpr, row: Row, context: EvaluationContext): Value {
  const value = evaluate(expr.input, row, context);
  return applyCast(expr, value);
}

/** The cast of one value; where it does not fit, NULL for TRY_CAST, else an error. */
export function applyCast(expr: CastExpr, value: Value): Value {
  try {
    return located(expr.span, () => castValue(value, expr.input.type, expr.type));
  } catch (error) {
    const misfit = error instanceof QueryError && (error.code === "overflow" || error.code === "invalid_argument");
    if (expr.safe && misfit) return null;
    throw error;
  }
}

function evaluateCase(expr: CaseExpr, row: Row, context: EvaluationContext): Value {
  for (const { when, result } of expr.branches) {
    if (evaluate(when, row, context) === true) return evaluate(result, row, context);
  }
  return expr.otherwise ? evaluate(expr.otherwise, row, context) : null;
}

/** True on the first equal item; else NULL if the input or any item is NULL (and the list is not empty), else false. */
function evaluateInList(expr: InListExpr, row: Row, context: EvaluationContext): Value {
  const input = evaluate(expr.input, row, context);
  let sawNull = false;
  for (const item of expr.list) {
    const value = evaluate(item, row, context);
    if (input === null || value === null) sawNull = true;
    else if (compareValues(input, value) === 0) return true;
  }
  return sawNull ? null : false;
}
