/** Whether evaluation may raise an error for some row. As canFail, but knows which decimals cannot overflow. */
import type { Expr } from "../../expr/expr.ts";
import { canFail } from "../../expr/properties.ts";
import { operandsOf } from "../../expr/walk.ts";
import { decimalMayOverflow } from "./decimal-nodes.ts";

export function mayFail(expr: Expr): boolean {
  if (!canFail(expr)) return false;
  if (expr.kind !== "call" || expr.type.kind !== "decimal" || !["+", "-", "*", "neg", "abs"].includes(expr.fn)) {
    return isFailing(expr) || operandsOf(expr).some(mayFail);
  }
  const overflows =
    expr.args.length === 2 &&
    decimalMayOverflow(
      expr.fn,
      expr.args.map((arg) => arg.type),
    );
  return overflows || expr.args.some(mayFail);
}

/** Whether the expression itself can fail, whatever its operands do. */
function isFailing(expr: Expr): boolean {
  const harmless = operandsOf(expr).map((operand): Expr => ({ kind: "literal", type: operand.type, value: null }));
  switch (expr.kind) {
    case "call":
      return canFail({ ...expr, args: harmless });
    case "cast":
      return canFail({ ...expr, input: harmless[0]! });
    default:
      return expr.kind === "subquery";
  }
}
