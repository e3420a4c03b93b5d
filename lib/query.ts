/**
 * The whole path of a query on one screen:
 * SQL → AST → logical plan → optimized plan → physical plan → stage graph → (scheduler, executors) → result.
 */
import type { Catalog, CatalogSnapshot } from "./catalog/table.ts";
import type { ColumnIds } from "./expr/column-ids.ts";
import type { Column } from "./expr/expr.ts";
import type { ParameterValues } from "./expr/parameters.ts";
import { bind } from "./logical/bind.ts";
import type { LogicalPlan } from "./logical/plan.ts";
import { lower } from "./lower/lower.ts";
import { optimize } from "./optimizer/optimize.ts";
import { rowEstimator } from "./physical/estimate.ts";
import { outputColumns } from "./physical/output-columns.ts";
import type { PhysicalPlan } from "./physical/plan.ts";
import type { Query } from "./sql/ast.ts";
import { cut } from "./stages/cut.ts";
import type { StageGraph } from "./stages/graph.ts";
import { defaultSizing, type SizingOptions } from "./stages/sizing.ts";

export interface PlanningOptions {
  readonly catalog: Catalog;
  /** Views by lower-case name, as SQL. */
  readonly views?: ReadonlyMap<string, string>;
  /** Values of $1, $2, … and of named parameters. */
  readonly parameters?: ParameterValues;
  /** Executors that can run at once. */
  readonly slots: number;
  readonly sizing?: Partial<SizingOptions>;
  /** Build sides of at most so many estimated rows are broadcast. */
  readonly broadcastRowsMax?: number;
}

/** A query at every step of the way. */
export interface PlannedQuery {
  readonly columns: readonly Column[];
  /** Names of the output columns; they may repeat. */
  readonly names: readonly string[];
  readonly snapshot: CatalogSnapshot;
  readonly logical: LogicalPlan;
  readonly optimized: LogicalPlan;
  readonly physical: PhysicalPlan;
  readonly graph: StageGraph;
}

/** Plans one query. @throws QueryError when it does not bind, or asks for what Volley does not do */
export async function planQuery(query: Query, options: PlanningOptions): Promise<PlannedQuery> {
  const { views, parameters } = options;
  const bound = await bind(query, options.catalog, { ...(views && { views }), ...(parameters && { parameters }) });
  return { ...planLogical(bound.plan, bound.snapshot, bound.columnIds, options), names: bound.names };
}

/** The second half: from a logical plan to stages. */
export function planLogical(
  logical: LogicalPlan,
  snapshot: CatalogSnapshot,
  columnIds: ColumnIds,
  options: Omit<PlanningOptions, "catalog">,
): PlannedQuery {
  const { slots } = options;
  const limits = options.broadcastRowsMax === undefined ? {} : { broadcastRowsMax: options.broadcastRowsMax };
  const optimized = optimize(logical, { snapshot, columnIds, slots, ...limits });
  const physical = lower(optimized, { snapshot, columnIds, slots, ...limits });
  const estimateRows = rowEstimator(snapshot);
  const graph = cut(physical, { ...defaultSizing, ...options.sizing, snapshot, slots, estimateRows });
  const names = logical.columns.map((column) => column.name);
  return { columns: outputColumns(physical), names, snapshot, logical, optimized, physical, graph };
}
