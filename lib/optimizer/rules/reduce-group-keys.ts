/**
 * A group key that other keys determine groups nothing further: constants, and expressions of keys that are columns.
 * Such a key is computed from the groups instead of being hashed, sent and kept with every one of them.
 */
import type { DataType } from "../../arrow/types.ts";
import type { Column, ColumnId, Expr } from "../../expr/expr.ts";
import { isDeterministic } from "../../expr/properties.ts";
import { columnIdsOf, substitute } from "../../expr/walk.ts";
import { aggregatePlan, projectPlan, rewritePlan } from "../../logical/build.ts";
import type { LogicalAggregate, LogicalPlan } from "../../logical/plan.ts";
import { columnRef } from "../../logical/plan.ts";
import type { Rule } from "../rule.ts";

export const reduceGroupKeys: Rule = {
  name: "reduce-group-keys",
  apply: (plan) => rewritePlan(plan, (node) => (node.kind === "aggregate" ? reduce(node) : node)),
};

function reduce(plan: LogicalAggregate): LogicalPlan {
  const determining = new Map<ColumnId, Column>();
  plan.groupBy.forEach((key, i) => {
    if (key.kind === "column" && equalIsSame(key.type)) determining.set(key.id, plan.columns[i]!);
  });
  const redundant = plan.groupBy.map((key) => isDetermined(key, determining));
  // The last key stays: without any, no rows would make one group.
  if (redundant.every(Boolean)) redundant[0] = false;
  if (!redundant.some(Boolean)) return plan;
  const kept = (_: unknown, i: number) => !redundant[i];
  const grouped = aggregatePlan(plan.input, plan.groupBy.filter(kept), plan.aggregates, plan.columns.filter(kept));
  const exprs = plan.columns.map((column, i): Expr => {
    if (!redundant[i]) return columnRef(column);
    return substitute(plan.groupBy[i]!, ({ id }) => columnRef(determining.get(id)!));
  });
  return projectPlan(grouped, exprs, plan.columns);
}

function isDetermined(key: Expr, determining: ReadonlyMap<ColumnId, Column>): boolean {
  if (key.kind === "column" || !isDeterministic(key)) return false;
  return columnIdsOf(key).isSubsetOf(determining);
}

/** Whether values that are one group key are one value: 0 and −0 are not, nor 30 days and a month. */
function equalIsSame({ kind }: DataType): boolean {
  return kind !== "float32" && kind !== "float64" && kind !== "interval";
}
