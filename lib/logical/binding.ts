/** What binding any part of a query needs. */
import type { ColumnIds } from "../expr/column-ids.ts";
import type { Query, TableRef } from "../sql/ast.ts";
import type { LogicalPlan } from "./plan.ts";
import type { ResolvedTable } from "./resolve-tables.ts";
import type { Scope } from "./scope.ts";

/** Values for $1, ? (numbers, from 1) and :name. */
export type Parameters = readonly unknown[] | Readonly<Record<string, unknown>>;

/** A CTE in reach: its plan, which `shared` nodes with this id refer to. */
export interface BoundCte {
  readonly id: number;
  readonly plan: LogicalPlan;
}

/** CTEs by lower-case name; the nearest WITH wins. */
export type Ctes = ReadonlyMap<string, BoundCte>;

/** One query's binding: the same for all its parts. */
export interface Binding {
  readonly ids: ColumnIds;
  readonly parameters: Parameters;
  /** The table behind a reference that names no CTE. */
  readonly table: (ref: TableRef) => ResolvedTable;
  /** Numbers for `shared` nodes. */
  readonly nextSharedId: () => number;
  /**
   * Binds a subquery: the columns of the plan carry the output names, duplicates allowed. Handed in so that expressions
   * do not depend on queries and queries on expressions.
   */
  readonly query: (query: Query, outer: Scope | undefined, ctes: Ctes) => LogicalPlan;
}
