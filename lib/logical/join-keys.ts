/** Splits a join condition into equalities between the two sides, and the rest. */
import type { Expr } from "../expr/expr.ts";
import { columnIdsOf, subexpressions } from "../expr/walk.ts";
import { outputIds } from "./build.ts";
import type { JoinKey, LogicalPlan } from "./plan.ts";

export interface JoinCondition {
  readonly keys: readonly JoinKey[];
  readonly filters: readonly Expr[];
}

export function splitCondition(conditions: readonly Expr[], left: LogicalPlan, right: LogicalPlan): JoinCondition {
  const [leftIds, rightIds] = [outputIds(left), outputIds(right)];
  const keys: JoinKey[] = [];
  const filters: Expr[] = [];
  for (const condition of conditions) {
    const key = keyOf(condition, leftIds, rightIds);
    if (key) keys.push(key);
    else filters.push(condition);
  }
  return { keys, filters };
}

function keyOf(condition: Expr, left: ReadonlySet<number>, right: ReadonlySet<number>): JoinKey | undefined {
  if (condition.kind !== "call" || (condition.fn !== "=" && condition.fn !== "is_not_distinct_from")) return undefined;
  const [a, b] = condition.args as readonly [Expr, Expr];
  const nullSafe = condition.fn !== "=";
  if (isOver(a, left) && isOver(b, right)) return { left: a, right: b, nullSafe };
  if (isOver(b, left) && isOver(a, right)) return { left: b, right: a, nullSafe };
  return undefined;
}

/** Whether an expression reads columns of one side, and nothing else. */
function isOver(expr: Expr, side: ReadonlySet<number>): boolean {
  const ids = columnIdsOf(expr);
  if (ids.size === 0 || [...ids].some((id) => !side.has(id))) return false;
  return ![...subexpressions(expr)].some((part) => part.kind === "subquery");
}
