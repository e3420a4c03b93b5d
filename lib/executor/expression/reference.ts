/** The reference implementations of functions and casts, one row at a time. */
import type { DataType } from "../../arrow/types.ts";
import { QueryError, unsupported } from "../../errors.ts";
import { located } from "../../expr/build.ts";
import type { CallExpr, CastExpr } from "../../expr/expr.ts";
import { requireFunction } from "../../expr/functions/registry.ts";
import type { EvaluationContext } from "../../expr/functions/scalar-function.ts";
import type { Value } from "../../expr/value.ts";

export function newEvaluationContext(nowMicros: bigint = BigInt(Date.now()) * 1000n): EvaluationContext {
  return { nowMicros, random: Math.random };
}

export function applyFunction(expr: CallExpr, values: readonly Value[], context: EvaluationContext): Value {
  const fn = requireFunction(expr.fn, expr.span);
  if (fn.nullPropagating !== false && values.includes(null)) return null;
  const { evaluate: run } = fn;
  if (!run) throw new QueryError("internal", `${fn.name} cannot be evaluated`);
  const argTypes: readonly DataType[] = expr.args.map((arg) => arg.type);
  return located(expr.span, () => run(values, { argTypes, type: expr.type, context }));
}

export function applyCast(expr: CastExpr, _: Value): Value {
  throw unsupported("a cast that has no kernel", expr.span);
}
