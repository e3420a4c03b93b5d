/** `unnest(list)` in the select list: rows for the elements, beside what else is selected. */
import { unsupported } from "../errors.ts";
import type { Column, Expr } from "../expr/expr.ts";
import { exprKey } from "../expr/walk.ts";
import type * as ast from "../sql/ast.ts";
import { bindExpr } from "./bind-expr.ts";
import { elementColumn, unnestPlan } from "./build.ts";
import type { ExprContext } from "./expr-context.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";

/** The one list that a SELECT unnests, however often it is written. */
export class SelectUnnest {
  #found: { readonly list: Expr; readonly key: string; readonly column: Column } | undefined;

  get isUsed(): boolean {
    return this.#found !== undefined;
  }

  /** The context of clauses in which it may stand. */
  context(base: ExprContext): ExprContext {
    const { special } = base;
    return { ...base, special: (expr) => special?.(expr) ?? this.#call(base, expr) };
  }

  #call(context: ExprContext, expr: ast.SqlExpr): Expr | undefined {
    if (expr.kind !== "call" || expr.name !== "unnest") return undefined;
    if (expr.args.length !== 1 || expr.star || expr.distinct || expr.filter || expr.over) {
      throw unsupported("unnest with anything but one list", expr.span);
    }
    const list = bindExpr(context, expr.args[0]!);
    const key = exprKey(list);
    if (this.#found && this.#found.key !== key) throw unsupported("unnest of several lists", expr.span);
    this.#found ??= { list, key, column: elementColumn(context.binding.ids, list, expr.span) };
    return columnRef(this.#found.column);
  }

  /** The rows that the select list is computed of. */
  plan(input: LogicalPlan): LogicalPlan {
    return this.#found ? unnestPlan(input, this.#found.list, this.#found.column, false) : input;
  }
}
