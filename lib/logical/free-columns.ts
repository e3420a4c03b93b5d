/** Columns that a plan reads but does not produce: in a subquery, its correlated columns. */
import type { ColumnId, Expr } from "../expr/expr.ts";
import { subexpressions } from "../expr/walk.ts";
import { exprsOf } from "./build.ts";
import { inputsOf } from "./format.ts";
import type { LogicalPlan } from "./plan.ts";

/** Plans inside subquery expressions included. */
export function freeColumns(plan: LogicalPlan): Set<ColumnId> {
  const read = new Set<ColumnId>();
  const produced = new Set<ColumnId>();
  visitPlan(plan, read, produced);
  return read.difference(produced);
}

function visitPlan(plan: LogicalPlan, read: Set<ColumnId>, produced: Set<ColumnId>): void {
  for (const column of plan.columns) produced.add(column.id);
  for (const expr of exprsOf(plan)) visitExpr(expr, read, produced);
  for (const input of inputsOf(plan)) visitPlan(input, read, produced);
}

function visitExpr(expr: Expr, read: Set<ColumnId>, produced: Set<ColumnId>): void {
  for (const part of subexpressions(expr)) {
    if (part.kind === "column") read.add(part.id);
    if (part.kind === "subquery") visitPlan(part.plan as LogicalPlan, read, produced);
  }
}

/** Columns that an expression reads, those that its subqueries read from outside included. */
export function columnsRead(expr: Expr): Set<ColumnId> {
  const read = new Set<ColumnId>();
  const produced = new Set<ColumnId>();
  visitExpr(expr, read, produced);
  return read.difference(produced);
}
