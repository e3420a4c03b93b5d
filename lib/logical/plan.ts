/** Logical plan: typed relational algebra, after binding. Every node lists its output columns. Readonly, JSON-safe. */
import type { Span } from "../errors.ts";
import type { AggregateCall, Column, ColumnExpr, Expr, SortKey, WindowCall } from "../expr/expr.ts";

export interface LogicalScan {
  readonly kind: "scan";
  /** Key of the table in the query's catalog snapshot (see lib/catalog/table.ts). */
  readonly table: string;
  /** What to call it in EXPLAIN: the alias or name in the query. */
  readonly label: string;
  /** Output columns; `source[i]` is the index of columns[i] among the table's fields. */
  readonly columns: readonly Column[];
  readonly source: readonly number[];
  /** Conjuncts pushed into the scan, over `columns`. */
  readonly filters: readonly Expr[];
  readonly limit?: number;
}

export interface LogicalValues {
  readonly kind: "values";
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Expr[])[];
}

export interface LogicalFilter {
  readonly kind: "filter";
  readonly input: LogicalPlan;
  readonly predicate: Expr;
  readonly columns: readonly Column[];
}

/** `exprs[i]` computes columns[i]; a pass-through is a ColumnExpr, and may keep its id. */
export interface LogicalProject {
  readonly kind: "project";
  readonly input: LogicalPlan;
  readonly exprs: readonly Expr[];
  readonly columns: readonly Column[];
}

/** columns = one per group key, then one per aggregate. No keys: exactly one row. DISTINCT: keys, no aggregates. */
export interface LogicalAggregate {
  readonly kind: "aggregate";
  readonly input: LogicalPlan;
  readonly groupBy: readonly Expr[];
  readonly aggregates: readonly AggregateCall[];
  readonly columns: readonly Column[];
}

/**
 * - inner, left, right, full, cross
 * - semi, anti: rows of left with / without a match; nullAware anti is NOT IN (one key: no row if right has a NULL key,
 *   no left row with a NULL key unless right is empty)
 * - mark: rows of left plus the boolean column `mark`: EXISTS (two-valued), or with nullAware IN (three-valued)
 * - single: left outer join that fails with `cardinality` when a left row has two matches (scalar subquery)
 */
export type JoinType = "inner" | "left" | "right" | "full" | "cross" | "semi" | "anti" | "mark" | "single";

export interface JoinKey {
  readonly left: Expr;
  readonly right: Expr;
  /** IS NOT DISTINCT FROM instead of = */
  readonly nullSafe: boolean;
}

export interface LogicalJoin {
  readonly kind: "join";
  readonly joinType: JoinType;
  readonly left: LogicalPlan;
  readonly right: LogicalPlan;
  readonly keys: readonly JoinKey[];
  /** The rest of the ON condition, over the columns of both sides. */
  readonly filter?: Expr;
  readonly nullAware: boolean;
  readonly mark?: Column;
  /** left's, then right's (not for semi, anti), then mark */
  readonly columns: readonly Column[];
}

/**
 * Adds a column per function: its value over the rows of the same partition, in this order. columns = the input's, then
 * one per function. Says nothing about the order of the rows it gives.
 */
export interface LogicalWindow {
  readonly kind: "window";
  readonly input: LogicalPlan;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortKey[];
  readonly functions: readonly WindowCall[];
  /** All functions rank rows in this order, and rows of a higher rank are not asked for: they may be missing. */
  readonly limit?: number;
  readonly columns: readonly Column[];
}

export interface LogicalSort {
  readonly kind: "sort";
  readonly input: LogicalPlan;
  readonly keys: readonly SortKey[];
  readonly columns: readonly Column[];
}

/** limit absent: OFFSET alone. */
export interface LogicalLimit {
  readonly kind: "limit";
  readonly input: LogicalPlan;
  readonly limit?: number;
  readonly offset: number;
  readonly columns: readonly Column[];
}

/** UNION ALL: columns[i] takes the i-th column of every input, whose types are already equal. */
export interface LogicalUnion {
  readonly kind: "union";
  readonly inputs: readonly LogicalPlan[];
  readonly columns: readonly Column[];
}

/**
 * A row for each element of a list, beside the input's columns; none for an empty list or NULL, or with `outer` one whose
 * element is NULL. columns: the input's, then the element.
 */
export interface LogicalUnnest {
  readonly kind: "unnest";
  readonly input: LogicalPlan;
  readonly list: Expr;
  readonly outer: boolean;
  readonly columns: readonly Column[];
}

/** Passes exactly one row on: NULLs over no rows, `cardinality` error over many (uncorrelated scalar subquery). */
export interface LogicalSingleRow {
  readonly kind: "single_row";
  /** Where the subquery stands. */
  readonly span?: Span;
  readonly input: LogicalPlan;
  readonly columns: readonly Column[];
}

/** A sub-plan used in several places (a CTE): every reference shares `id` and `input`, and renames its columns. */
export interface LogicalShared {
  readonly kind: "shared";
  readonly id: number;
  readonly input: LogicalPlan;
  /** Fresh ids for input.columns, position by position. */
  readonly columns: readonly Column[];
}

export type LogicalPlan =
  | LogicalScan
  | LogicalValues
  | LogicalFilter
  | LogicalProject
  | LogicalAggregate
  | LogicalJoin
  | LogicalWindow
  | LogicalUnnest
  | LogicalSort
  | LogicalLimit
  | LogicalUnion
  | LogicalSingleRow
  | LogicalShared;

/** A reference to a column. */
export function columnRef(column: Column): ColumnExpr {
  return { kind: "column", id: column.id, name: column.name, type: column.type, nullable: column.nullable };
}
