/** Subqueries in expressions: a column of theirs that the plan does not produce itself is a correlated one. */
import { type DataType, sameType, types } from "../arrow/types.ts";
import { QueryError, type Span } from "../errors.ts";
import { cast, not, toCommonType } from "../expr/build.ts";
import type { ColumnIds } from "../expr/column-ids.ts";
import type { Expr, SubqueryExpr } from "../expr/expr.ts";
import type * as ast from "../sql/ast.ts";
import { projectPlan } from "./build.ts";
import type { ExprContext } from "./expr-context.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";

type Bind = (expr: ast.SqlExpr) => Expr;

export function bindScalarSubquery(context: ExprContext, { query, span }: ast.SubqueryExpr): Expr {
  const plan = bindPlan(context, query);
  requireColumns(plan, 1, span);
  return { kind: "subquery", form: "scalar", plan, operands: [], type: plan.columns[0]!.type, span };
}

export function bindExists(context: ExprContext, { query, negated, span }: ast.ExistsExpr): Expr {
  const plan = bindPlan(context, query);
  const exists: SubqueryExpr = { kind: "subquery", form: "exists", plan, operands: [], type: types.boolean, span };
  return negated ? not(exists) : exists;
}

export function bindInQuery(context: ExprContext, expr: ast.InQueryExpr, bind: Bind): Expr {
  const { operand, query, negated, span } = expr;
  const operands = (operand.kind === "tuple" ? operand.items : [operand]).map(bind);
  const bound = membership(context, operands, bindPlan(context, query), span);
  return negated ? not(bound) : bound;
}

/** `= ANY` is IN, `<> ALL` is NOT IN. */
export function bindQuantified(context: ExprContext, expr: ast.QuantifiedExpr, bind: Bind): Expr {
  const { op, quantifier, left, query, span } = expr;
  const plan = bindPlan(context, query);
  const operand = bind(left);
  if (op === "=" && quantifier === "any") return membership(context, [operand], plan, span);
  if (op === "<>" && quantifier === "all") return not(membership(context, [operand], plan, span));
  const compared = comparable(context, [operand], plan, span);
  return { kind: "subquery", form: quantifier, op, ...compared, type: types.boolean, span };
}

function membership(context: ExprContext, operands: readonly Expr[], plan: LogicalPlan, span: Span): SubqueryExpr {
  return { kind: "subquery", form: "in", ...comparable(context, operands, plan, span), type: types.boolean, span };
}

function bindPlan(context: ExprContext, query: ast.Query): LogicalPlan {
  return context.binding.query(query, context.scope, context.ctes);
}

function requireColumns(plan: LogicalPlan, count: number, span: Span): void {
  const given = plan.columns.length;
  if (given === count) return;
  throw new QueryError(
    "type_mismatch",
    `the subquery must give ${count} column${count === 1 ? "" : "s"}, not ${given}`,
    {
      span,
    },
  );
}

/** Operands and the columns they are compared with, cast to their common types. */
function comparable(
  context: ExprContext,
  operands: readonly Expr[],
  plan: LogicalPlan,
  span: Span,
): { operands: readonly Expr[]; plan: LogicalPlan } {
  requireColumns(plan, operands.length, span);
  const pairs = operands.map((operand, i) => toCommonType([operand, columnRef(plan.columns[i]!)], "IN", span));
  const columnTypes = pairs.map((pair) => pair[1]!.type);
  return { operands: pairs.map((pair) => pair[0]!), plan: castColumns(context.binding.ids, plan, columnTypes) };
}

/** The plan with its columns cast; the plan itself where their types are right already. */
export function castColumns(ids: ColumnIds, plan: LogicalPlan, to: readonly DataType[]): LogicalPlan {
  if (plan.columns.every((column, i) => sameType(column.type, to[i]!))) return plan;
  const exprs = plan.columns.map((column, i) => cast(columnRef(column), to[i]!));
  const columns = plan.columns.map((column, i) => {
    return sameType(column.type, to[i]!) ? column : ids.column(column.name, to[i]!, column.nullable);
  });
  return projectPlan(plan, exprs, columns);
}
