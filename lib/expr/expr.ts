/** The expression tree: one tree for binder, optimizer, plans, tasks and executor. Readonly and JSON-safe. */
import type { DataType } from "../arrow/types.ts";
import type { Span } from "../errors.ts";

/** A column's number, unique within one query: plans refer to columns by it, never by position or name. */
export type ColumnId = number;

/** A column as it flows between two operators. */
export interface Column {
  readonly id: ColumnId;
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
}

/**
 * A constant, in the JSON-safe form of its type:
 * boolean: boolean; int8–int32, date (days): number; float32/64: number, or "NaN", "Infinity", "-Infinity";
 * int64, decimal (unscaled), timestamp (microseconds): decimal digits in a string; varchar: string;
 * binary: lower-case hex; interval: {months, days, micros}. NULL of any type: null.
 */
export type LiteralValue =
  | null
  | boolean
  | number
  | string
  | { readonly months: number; readonly days: number; readonly micros: string };

export interface LiteralExpr {
  readonly kind: "literal";
  readonly type: DataType;
  readonly value: LiteralValue;
}

export interface ColumnExpr {
  readonly kind: "column";
  readonly id: ColumnId;
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
}

/**
 * A scalar function or operator from the registry, its arguments already cast to the resolved signature.
 * Operators are functions: + - * / % neg, = <> < <= > >=, is_distinct_from, is_not_distinct_from, and, or (n-ary), not,
 * is_null, is_not_null, like, ilike, …
 */
export interface CallExpr {
  readonly kind: "call";
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly type: DataType;
  /** Where the call stands in the query, for errors at run time. */
  readonly span?: Span;
}

export interface CastExpr {
  readonly kind: "cast";
  readonly input: Expr;
  readonly type: DataType;
  /** TRY_CAST: NULL where the value does not fit, instead of an error. */
  readonly safe: boolean;
  readonly span?: Span;
}

/** Searched CASE; the simple form is bound to it. All results have `type`; no else means NULL. */
export interface CaseExpr {
  readonly kind: "case";
  readonly branches: readonly { readonly when: Expr; readonly result: Expr }[];
  readonly otherwise?: Expr;
  readonly type: DataType;
}

/** `input IN (list)`; type boolean; three-valued. All items have input's type. NOT IN is `not` around it. */
export interface InListExpr {
  readonly kind: "in_list";
  readonly input: Expr;
  readonly list: readonly Expr[];
  readonly type: DataType;
}

/**
 * A subquery, only between the binder and decorrelation: no physical plan contains one.
 * A correlated column is simply a column id that the plan does not produce itself. `plan` is a LogicalPlan.
 * - scalar: the one value of the plan's one column (NULL over no rows, `cardinality` error over many)
 * - exists: boolean
 * - in: `operands IN (plan)`, three-valued; compare: `operands[0] op ANY|ALL (plan)`
 */
export interface SubqueryExpr {
  readonly kind: "subquery";
  readonly form: "scalar" | "exists" | "in" | "any" | "all";
  readonly plan: unknown;
  readonly operands: readonly Expr[];
  /** For any and all: = <> < <= > >= */
  readonly op?: string;
  readonly type: DataType;
  readonly span?: Span;
}

export type Expr = LiteralExpr | ColumnExpr | CallExpr | CastExpr | CaseExpr | InListExpr | SubqueryExpr;

/** An aggregate function applied to rows of a group; lives in aggregate plan nodes only, never inside an Expr. */
export interface AggregateCall {
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly distinct: boolean;
  /** FILTER (WHERE …) */
  readonly filter?: Expr;
  /** ORDER BY inside the call, such as string_agg(x, ',' ORDER BY y) */
  readonly orderBy?: readonly SortKey[];
  readonly type: DataType;
  readonly span?: Span;
}

/** A frame: which rows around each row, in its partition, a window function sees. */
export interface WindowFrame {
  readonly unit: "rows" | "range" | "groups";
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclude?: "current row" | "group" | "ties";
}

/**
 * offset: rows or groups from the current one. value, of a range: what the first (or last) sort key of the frame's rows
 * must reach, an expression of the key's type over the current row.
 */
export type FrameBound =
  | { readonly kind: "unbounded_preceding" | "current_row" | "unbounded_following" }
  | { readonly kind: "preceding" | "following"; readonly offset: number }
  | { readonly kind: "value"; readonly value: Expr };

/** A window function, or an aggregate used as one; lives in window plan nodes only, never inside an Expr. */
export interface WindowCall {
  /** A name of lib/expr/window-functions.ts or of an aggregate. */
  readonly fn: string;
  readonly args: readonly Expr[];
  /** FILTER (WHERE …), of aggregates. */
  readonly filter?: Expr;
  /** IGNORE NULLS, of lag, lead, first_value, last_value and nth_value. */
  readonly ignoreNulls?: boolean;
  /** How many of the node's sort keys are the call's own ORDER BY: rows that agree on them are peers. */
  readonly orderKeys: number;
  readonly frame: WindowFrame;
  readonly type: DataType;
  readonly span?: Span;
}

export interface SortKey {
  readonly expr: Expr;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
