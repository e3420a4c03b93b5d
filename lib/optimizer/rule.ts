/** What a rewrite of a logical plan gets and gives. */
import type { CatalogSnapshot } from "../catalog/table.ts";
import type { ColumnIds } from "../expr/column-ids.ts";
import type { LogicalPlan } from "../logical/plan.ts";

export interface RuleContext {
  readonly snapshot: CatalogSnapshot;
  /** Mints ids for new columns; the binder's, so that none collides. */
  readonly columnIds: ColumnIds;
  readonly slots: number;
}

/** A pure function; gives the very same plan when it has nothing to do. */
export interface Rule {
  readonly name: string;
  apply(plan: LogicalPlan, context: RuleContext): LogicalPlan;
}
