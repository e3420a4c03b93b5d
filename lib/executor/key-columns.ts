/** Where key expressions that are plain columns stand in a batch. */
import { QueryError } from "../errors.ts";
import type { Column, Expr } from "../expr/expr.ts";

/** Position of a column expression among the columns; undefined for any other expression. */
export function columnPosition(expr: Expr, columns: readonly Column[]): number | undefined {
  if (expr.kind !== "column") return undefined;
  const position = columns.findIndex(({ id }) => id === expr.id);
  if (position < 0)
    throw new QueryError("internal", `column ${expr.name} (#${expr.id}) is not in its operator's input`);
  return position;
}
