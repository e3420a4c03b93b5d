/** What a node gives its parent. */
import type { Column } from "../expr/expr.ts";
import type { PhysicalPlan } from "./plan.ts";

/** `columns`, except for a scan, which drops the columns that only its filters need. */
export function outputColumns(plan: PhysicalPlan): readonly Column[] {
  if (plan.kind !== "scan" || plan.filterOnly.length === 0) return plan.columns;
  return plan.columns.filter((column) => !plan.filterOnly.includes(column.id));
}
