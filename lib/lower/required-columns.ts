/** Which columns a node needs of its inputs. */
import type { ColumnId } from "../expr/expr.ts";
import { columnIdsOf } from "../expr/walk.ts";
import { exprsOf } from "../logical/build.ts";
import type { LogicalPlan } from "../logical/plan.ts";

/** The columns required of the node, and those that its own expressions read. */
export function withOwnColumns(required: ReadonlySet<ColumnId>, plan: LogicalPlan): ReadonlySet<ColumnId> {
  return required.union(columnIdsOf(...exprsOf(plan)));
}
