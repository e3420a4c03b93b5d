/** A text that two bound expressions share exactly when they say the same, subqueries included. */
import { ColumnIds } from "../expr/column-ids.ts";
import type { Expr } from "../expr/expr.ts";
import { exprKey, rewriteExpr } from "../expr/walk.ts";
import { copyPlan } from "./copy.ts";
import type { LogicalPlan } from "./plan.ts";

/** No query has so many columns. */
const firstId = 2 ** 40;

/**
 * Binding gives each mention of a subquery columns of its own; here they are numbered alike, so that
 * `GROUP BY 1` finds the subquery of the select list again.
 */
export function boundKey(expr: Expr): string {
  return exprKey(
    rewriteExpr(expr, (part) => {
      if (part.kind !== "subquery") return part;
      return { ...part, plan: copyPlan(part.plan as LogicalPlan, new ColumnIds(firstId)).plan };
    }),
  );
}
