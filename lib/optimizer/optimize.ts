/** Rewrites a bound plan into one that does the same with less: an ordered list of rules, each in a file of its own. */
import type { LogicalPlan } from "../logical/plan.ts";
import type { Rule, RuleContext } from "./rule.ts";
import { expandDistinct } from "./rules/expand-distinct.ts";
import { foldConstants } from "./rules/fold-constants.ts";
import { limitWindows } from "./rules/limit-windows.ts";
import { orderJoins } from "./rules/order-joins.ts";
import { pruneColumns } from "./rules/prune-columns.ts";
import { pushDownFilters } from "./rules/push-down-filters.ts";
import { pushDownLimits } from "./rules/push-down-limits.ts";
import { readStructFields } from "./rules/read-struct-fields.ts";
import { reduceBySemiJoin } from "./rules/reduce-by-semi-join.ts";
import { reduceGroupKeys } from "./rules/reduce-group-keys.ts";
import { removeRedundant } from "./rules/remove-redundant.ts";
import { shareCommonPlans } from "./rules/share-common-plans.ts";
import { simplify } from "./rules/simplify.ts";
import { unnestSubqueries } from "./rules/unnest-subqueries.ts";
import { unwrapCasts } from "./rules/unwrap-casts.ts";

export interface OptimizeOptions extends RuleContext {
  /** Called after each rule that changed the plan. */
  readonly trace?: (rule: string, plan: LogicalPlan) => void;
}

/** In the order in which they run; docs/design/optimizer.md says why. */
export const rules: readonly Rule[] = [
  foldConstants,
  unnestSubqueries,
  readStructFields,
  unwrapCasts,
  simplify,
  reduceGroupKeys,
  pushDownFilters,
  removeRedundant,
  pushDownLimits,
  expandDistinct,
  pruneColumns,
  limitWindows,
  orderJoins,
  reduceBySemiJoin,
  shareCommonPlans,
];

/** Throws `unsupported` for subqueries that cannot be turned into joins. */
export function optimize(plan: LogicalPlan, options: OptimizeOptions): LogicalPlan {
  let current = plan;
  for (const rule of rules) {
    const next = rule.apply(current, options);
    if (next !== current) options.trace?.(rule.name, next);
    current = next;
  }
  return current;
}
