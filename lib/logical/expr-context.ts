/** What binding an expression needs to know of its surroundings. */
import type { AggregateCall, Column, Expr, SortKey, WindowCall } from "../expr/expr.ts";
import type * as ast from "../sql/ast.ts";
import type { Binding, Ctes } from "./binding.ts";
import type { Scope } from "./scope.ts";

/** What a window function's rows are divided by and in which order they come. */
export interface WindowOfCall {
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortKey[];
}

export interface BoundWindowCall {
  readonly call: Omit<WindowCall, "orderKeys">;
  readonly window: WindowOfCall;
}

/** What the names in an expression mean, and which parts may stand in it. */
export interface ExprContext {
  readonly binding: Binding;
  readonly ctes: Ctes;
  readonly scope: Scope;
  /** For errors, such as `WHERE`. */
  readonly clause: string;
  /** Takes an aggregate and gives the column of its result; absent where aggregates are not allowed. */
  readonly aggregate?: (call: AggregateCall) => Expr;
  /** Takes a window function, bound over its window written out, and gives the column of its result; absent: not allowed. */
  readonly window?: (call: ast.CallExpr, bind: (spec: ast.WindowSpec) => BoundWindowCall) => Expr;
  /** Names of select items, lower case: what a name means that is no column. */
  readonly aliases?: ReadonlyMap<string, ast.SqlExpr>;
  /** Whether an alias comes before this column of the same name; by default the column does. */
  readonly aliasFirst?: (column: Column) => boolean;
  /** What a whole expression means instead of what it says, such as GROUPING(…); undefined for nothing. */
  readonly special?: (expr: ast.SqlExpr) => Expr | undefined;
}
