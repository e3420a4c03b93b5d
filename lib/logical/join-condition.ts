/** Splits join conditions into equality keys and the rest. */
import { sameType } from "../arrow/types.ts";
import { call } from "../expr/build.ts";
import type { ColumnId, Expr } from "../expr/expr.ts";
import { columnIdsOf } from "../expr/walk.ts";
import type { JoinKey } from "./plan.ts";

export interface JoinCondition {
  readonly keys: readonly JoinKey[];
  readonly filters: readonly Expr[];
}

/** An equality whose sides each read one input, and only it, is a key. */
export function joinCondition(
  conditions: readonly Expr[],
  left: ReadonlySet<ColumnId>,
  right: ReadonlySet<ColumnId>,
): JoinCondition {
  const keys: JoinKey[] = [];
  const filters: Expr[] = [];
  for (const condition of conditions) {
    const key = keyOf(condition, left, right);
    if (key) keys.push(key);
    else filters.push(condition);
  }
  return { keys, filters };
}

function keyOf(expr: Expr, left: ReadonlySet<ColumnId>, right: ReadonlySet<ColumnId>): JoinKey | undefined {
  if (expr.kind !== "call" || (expr.fn !== "=" && expr.fn !== "is_not_distinct_from")) return undefined;
  const [a, b] = expr.args as readonly [Expr, Expr];
  if (!sameType(a.type, b.type)) return undefined;
  const nullSafe = expr.fn !== "=";
  if (readsOnly(a, left) && readsOnly(b, right)) return { left: a, right: b, nullSafe };
  if (readsOnly(b, left) && readsOnly(a, right)) return { left: b, right: a, nullSafe };
  return undefined;
}

/** At least one column, and none but these. */
export function readsOnly(expr: Expr, columns: ReadonlySet<ColumnId>): boolean {
  const read = columnIdsOf(expr);
  return read.size > 0 && read.isSubsetOf(columns);
}

/** The condition that a key stands for. */
export function keyCondition({ left, right, nullSafe }: JoinKey): Expr {
  return call(nullSafe ? "is_not_distinct_from" : "=", [left, right]);
}
