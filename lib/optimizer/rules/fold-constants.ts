/** What does not depend on rows is computed once, here. One context, so that now() is the same everywhere. */
import { newEvaluationContext } from "../../expr/evaluate.ts";
import type { Expr } from "../../expr/expr.ts";
import { foldConstants as fold } from "../../expr/fold.ts";
import { rewriteExpr } from "../../expr/walk.ts";
import { mapExprs, rewritePlan } from "../../logical/build.ts";
import type { LogicalPlan } from "../../logical/plan.ts";
import type { Rule } from "../rule.ts";

export const foldConstants: Rule = {
  name: "fold-constants",
  apply: (plan) => {
    const context = newEvaluationContext();
    const inExpr = (expr: Expr): Expr =>
      fold(
        rewriteExpr(expr, (part) => {
          return part.kind === "subquery" ? { ...part, plan: inPlan(part.plan as LogicalPlan) } : part;
        }),
        context,
      );
    const inPlan = (node: LogicalPlan): LogicalPlan => rewritePlan(node, (each) => mapExprs(each, inExpr));
    return inPlan(plan);
  },
};
