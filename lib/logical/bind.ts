/** Binding: a syntax tree and a catalog to a typed logical plan. */
import type { Catalog, CatalogSnapshot } from "../catalog/table.ts";
import { ColumnIds } from "../expr/column-ids.ts";
import type { Query } from "../sql/ast.ts";
import { bindQuery } from "./bind-query.ts";
import type { Binding, Parameters } from "./binding.ts";
import { inlineShared } from "./inline-shared.ts";
import type { LogicalPlan } from "./plan.ts";
import { resolveTables, type Views } from "./resolve-tables.ts";

export interface BindOptions {
  /** Values for $1 and ? (an array), or for :name and $name (an object). */
  readonly parameters?: Parameters;
  /** The SQL of views, by lower-case name. */
  readonly views?: Views;
}

export interface BoundQuery {
  readonly plan: LogicalPlan;
  /** The tables that the plan's scans name. */
  readonly snapshot: CatalogSnapshot;
  /** Names of the output columns, in order; two may be the same. */
  readonly names: readonly string[];
  /** Goes on minting ids where the binder stopped. */
  readonly columnIds: ColumnIds;
}

/**
 * Looks up names, checks and infers types, and inserts implicit casts.
 * @throws QueryError with a span: unknown_table, unknown_column, unknown_function, ambiguous_column, type_mismatch,
 * duplicate, invalid_argument, unsupported
 */
export async function bind(query: Query, catalog: Catalog, options: BindOptions = {}): Promise<BoundQuery> {
  const tables = await resolveTables(query, catalog, options.views ?? new Map());
  const columnIds = new ColumnIds();
  const binding: Binding = {
    ids: columnIds,
    parameters: options.parameters ?? [],
    table: (ref) => tables.find(ref),
    nextSharedId: () => columnIds.next(),
    query: (inner, outer, ctes) => bindQuery({ binding, ctes, outer }, inner),
  };
  const plan = inlineShared(bindQuery({ binding, ctes: new Map(), outer: undefined }, query));
  return { plan, snapshot: tables.snapshot, names: plan.columns.map((column) => column.name), columnIds };
}
