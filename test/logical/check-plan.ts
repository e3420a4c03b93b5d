/** Checks that a logical plan is well formed: what the binder and every optimizer rule must keep. */
import assert from "node:assert/strict";
import { sameType } from "../../lib/arrow/types.ts";
import type { ColumnExpr, ColumnId, Expr } from "../../lib/expr/expr.ts";
import { subexpressions } from "../../lib/expr/walk.ts";
import { exprsOf } from "../../lib/logical/build.ts";
import { inputsOf } from "../../lib/logical/format.ts";
import type { LogicalPlan } from "../../lib/logical/plan.ts";

type Known = ReadonlyMap<ColumnId, { readonly type: ColumnExpr["type"]; readonly nullable: boolean }>;

/**
 * - every column read is produced by an input (or, in a subquery, by an outer query), with the same type
 * - no plan gives one id twice
 * - a computed column has its expression's type
 */
export function checkPlan(plan: LogicalPlan, outer: Known = new Map()): void {
  const ids = plan.columns.map((column) => column.id);
  assert.equal(new Set(ids).size, ids.length, `${plan.kind} gives a column twice: ${ids}`);
  const inputs = inputsOf(plan);
  for (const input of inputs) checkPlan(input, outer);
  const known: Known = new Map([
    ...outer,
    ...(plan.kind === "scan" ? [plan] : inputs).flatMap((input) =>
      input.columns.map((column) => [column.id, column] as const),
    ),
  ]);
  for (const expr of exprsOf(plan)) checkExpr(expr, known, plan.kind);
  checkColumns(plan);
}

function checkExpr(expr: Expr, known: Known, where: string): void {
  for (const part of subexpressions(expr)) {
    if (part.kind === "column") {
      const column = known.get(part.id);
      assert.ok(column, `${where} reads ${part.name}#${part.id}, which no input gives`);
      assert.ok(sameType(column.type, part.type), `${where}: type of ${part.name}#${part.id}`);
      assert.ok(part.nullable || !column.nullable, `${where} takes ${part.name}#${part.id} for NOT NULL`);
    }
    if (part.kind === "subquery") checkPlan(part.plan as LogicalPlan, known);
  }
}

function checkColumns(plan: LogicalPlan): void {
  const types = (exprs: readonly { readonly type: Expr["type"] }[]) => {
    exprs.forEach((expr, i) => {
      assert.ok(sameType(expr.type, plan.columns[i]!.type), `${plan.kind}: type of ${plan.columns[i]!.name}`);
    });
    assert.equal(exprs.length, plan.columns.length, `${plan.kind}: number of columns`);
  };
  switch (plan.kind) {
    case "project":
      return types(plan.exprs);
    case "aggregate":
      return types([...plan.groupBy, ...plan.aggregates]);
    case "values":
      for (const row of plan.rows) types(row);
      return;
    case "union":
      for (const input of plan.inputs) types(input.columns);
      return;
    case "shared":
      return types(plan.input.columns);
    case "filter":
      return assert.equal(plan.predicate.type.kind, "boolean");
    default:
      return;
  }
}
