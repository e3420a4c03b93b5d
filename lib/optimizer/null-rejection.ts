/** What a condition can be when some columns are NULL: the test by which outer joins become inner ones. */
import type { ColumnId, Expr } from "../expr/expr.ts";
import { findFunction } from "../expr/functions/registry.ts";

/** Whether the condition is never true while all these columns are NULL. Errs on the side of false. */
export function rejectsNull(expr: Expr, columns: ReadonlySet<ColumnId>): boolean {
  if (isNull(expr, columns)) return true;
  if (expr.kind === "literal") return expr.value === false;
  if (expr.kind === "in_list") return isNull(expr.input, columns);
  if (expr.kind !== "call") return false;
  switch (expr.fn) {
    case "and":
      return expr.args.some((arg) => rejectsNull(arg, columns));
    case "or":
      return expr.args.every((arg) => rejectsNull(arg, columns));
    case "is_not_null":
    case "is_true":
    case "is_false":
      return isNull(expr.args[0]!, columns);
    default:
      return false;
  }
}

/** Whether the value is NULL for certain while all these columns are. */
function isNull(expr: Expr, columns: ReadonlySet<ColumnId>): boolean {
  switch (expr.kind) {
    case "literal":
      return expr.value === null;
    case "column":
      return columns.has(expr.id);
    case "cast":
      return isNull(expr.input, columns);
    case "call": {
      const definition = findFunction(expr.fn);
      return (
        definition !== undefined &&
        definition.nullPropagating !== false &&
        expr.args.some((arg) => isNull(arg, columns))
      );
    }
    default:
      return false;
  }
}
