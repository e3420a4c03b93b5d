/** A copy of a plan under fresh column ids, so that both may stand in one plan. */
import type { ColumnIds } from "../expr/column-ids.ts";
import type { Column, ColumnId, Expr } from "../expr/expr.ts";
import { rewriteExpr } from "../expr/walk.ts";
import { mapExprs, mapInputs } from "./build.ts";
import type { LogicalPlan } from "./plan.ts";

export interface PlanCopy {
  readonly plan: LogicalPlan;
  /** What a column of the original is in the copy; other columns are not in it. */
  readonly columns: ReadonlyMap<ColumnId, Column>;
}

/** Free columns stay as they are; a shared plan is referred to once more, not copied. */
export function copyPlan(plan: LogicalPlan, columnIds: ColumnIds): PlanCopy {
  const renewed = new Map<ColumnId, Column>();
  const renew = (column: Column): Column => {
    const fresh = renewed.get(column.id);
    if (fresh) return { ...column, id: fresh.id };
    const made = columnIds.renew(column);
    renewed.set(column.id, made);
    return made;
  };
  const inExpr = (expr: Expr): Expr =>
    rewriteExpr(expr, (part) => {
      if (part.kind === "subquery") return { ...part, plan: visit(part.plan as LogicalPlan) };
      const fresh = part.kind === "column" ? renewed.get(part.id) : undefined;
      return fresh && part.kind === "column" ? { ...part, id: fresh.id } : part;
    });
  const visit = (node: LogicalPlan): LogicalPlan => {
    const over = node.kind === "shared" ? node : mapInputs(node, visit);
    const columns = node.columns.map(renew);
    const mark = node.kind === "join" && node.mark ? { mark: renew(node.mark) } : {};
    return mapExprs({ ...over, ...mark, columns } as LogicalPlan, inExpr);
  };
  return { plan: visit(plan), columns: renewed };
}
