/** Whether an expression is NULL whenever a column it reads is. */
import type { Expr } from "../../expr/expr.ts";
import { findFunction } from "../../expr/functions/registry.ts";
import { columnIdsOf } from "../../expr/walk.ts";

/** For an expression of exactly one column. Errs on the side of false. */
export function isStrict(expr: Expr): boolean {
  switch (expr.kind) {
    case "column":
      return true;
    case "cast":
      return isStrict(expr.input);
    case "in_list":
      return isStrict(expr.input);
    case "call":
      // AND and OR of parts that are all NULL are NULL.
      if (expr.fn === "and" || expr.fn === "or") return expr.args.every(isStrict);
      return (
        findFunction(expr.fn)?.nullPropagating !== false &&
        expr.args.some((arg) => columnIdsOf(arg).size > 0 && isStrict(arg))
      );
    default:
      return false;
  }
}
