/** Replaces `shared` nodes that are the only reference to their plan: sharing pays only from two on. */
import type { Expr } from "../expr/expr.ts";
import { rewriteExpr, subexpressions } from "../expr/walk.ts";
import { exprsOf, mapExprs, mapInputs, projectPlan } from "./build.ts";
import { inputsOf } from "./format.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";

export function inlineShared(plan: LogicalPlan): LogicalPlan {
  const references = new Map<number, number>();
  count(plan, references);
  if (references.size === 0) return plan;
  return inline(plan, references, new Map());
}

/** Counts each shared plan's references; the references inside a shared plan count once, as it runs once. */
function count(plan: LogicalPlan, references: Map<number, number>): void {
  if (plan.kind === "shared") {
    const before = references.get(plan.id) ?? 0;
    references.set(plan.id, before + 1);
    if (before > 0) return;
  }
  for (const expr of exprsOf(plan)) {
    for (const part of subexpressions(expr)) {
      if (part.kind === "subquery") count(part.plan as LogicalPlan, references);
    }
  }
  for (const input of inputsOf(plan)) count(input, references);
}

function inline(
  plan: LogicalPlan,
  references: ReadonlyMap<number, number>,
  done: Map<number, LogicalPlan>,
): LogicalPlan {
  const visit = (node: LogicalPlan) => inline(node, references, done);
  if (plan.kind === "shared") {
    const input = done.get(plan.id) ?? visit(plan.input);
    done.set(plan.id, input);
    if (references.get(plan.id) !== 1) return { ...plan, input };
    return projectPlan(input, input.columns.map(columnRef), plan.columns);
  }
  const inSubquery = (part: Expr): Expr => {
    return part.kind === "subquery" ? { ...part, plan: visit(part.plan as LogicalPlan) } : part;
  };
  return mapInputs(
    mapExprs(plan, (expr) => rewriteExpr(expr, inSubquery)),
    visit,
  );
}
