/**
 * Boolean algebra: NOT moves inward, AND and OR lose duplicates and constants, what all branches of an OR share moves out
 * of it, equalities of one column become IN. Three-valued throughout, so it holds in any place, not just in filters.
 */
import { sameType } from "../../arrow/types.ts";
import { and, call, conjuncts, falseLiteral, literal, or, trueLiteral } from "../../expr/build.ts";
import type { CallExpr, Expr, LiteralExpr } from "../../expr/expr.ts";
import { canFail, isDeterministic, isNullable } from "../../expr/properties.ts";
import { exprKey, rewriteExpr } from "../../expr/walk.ts";
import { mapExprs, rewritePlan } from "../../logical/build.ts";
import type { Rule } from "../rule.ts";

export const simplify: Rule = {
  name: "simplify",
  apply: (plan) => rewritePlan(plan, (node) => mapExprs(node, simplifyExpr)),
};

export function simplifyExpr(expr: Expr): Expr {
  return rewriteExpr(expr, (part) => (part.kind === "call" ? simplifyCall(part) : part));
}

function simplifyCall(expr: CallExpr): Expr {
  switch (expr.fn) {
    case "not":
      return negate(expr.args[0]!) ?? expr;
    case "and":
      return junction(expr, "and");
    case "or":
      return factor(junction(expr, "or"));
    case "is_null":
    case "is_not_null": {
      const [arg] = expr.args as readonly [Expr];
      if (arg.kind === "literal") return literal(expr.type, (arg.value === null) === (expr.fn === "is_null"));
      const certain = !isNullable(arg) && !canFail(arg) && isDeterministic(arg);
      return certain ? literal(expr.type, expr.fn === "is_not_null") : expr;
    }
    default:
      return expr;
  }
}

const opposite: Readonly<Record<string, string>> = {
  "=": "<>",
  "<>": "=",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
  is_null: "is_not_null",
  is_not_null: "is_null",
  is_distinct_from: "is_not_distinct_from",
  is_not_distinct_from: "is_distinct_from",
};

/** The negation without NOT, if there is one; NaN is ordered, so that comparisons have opposites. */
function negate(expr: Expr): Expr | undefined {
  if (expr.kind === "literal" && typeof expr.value === "boolean") return literal(expr.type, !expr.value);
  if (expr.kind !== "call") return undefined;
  if (expr.fn === "not") return expr.args[0];
  const fn = opposite[expr.fn];
  if (fn) return { ...expr, fn };
  const each = () => expr.args.map((arg) => negate(arg) ?? call("not", [arg]));
  if (expr.fn === "and") return or(each());
  if (expr.fn === "or") return and(each());
  return undefined;
}

/** AND or OR without duplicates and constants; what decides it ends it. */
function junction(expr: CallExpr, fn: "and" | "or"): Expr {
  const decisive = fn === "or";
  const parts = new Map<string, Expr>();
  const flat = expr.args.flatMap((arg) => (arg.kind === "call" && arg.fn === fn ? arg.args : [arg]));
  for (const part of flat) {
    if (part.kind === "literal" && part.value === !decisive) continue;
    if (part.kind === "literal" && part.value === decisive) {
      // Parts before it would have run; one that may fail must still do so.
      if (![...parts.values()].some(canFail)) return part;
    }
    const key = exprKey(part);
    if (!parts.has(key) || !isDeterministic(part)) parts.set(parts.has(key) ? `${key} ${parts.size}` : key, part);
  }
  if (parts.size === flat.length && flat.length === expr.args.length) return expr;
  const rest = [...parts.values()];
  if (rest.length === 0) return decisive ? falseLiteral : trueLiteral;
  return rest.length === 1 ? rest[0]! : { ...expr, args: rest };
}

/** (a AND b) OR (a AND c) is a AND (b OR c). */
function factor(expr: Expr): Expr {
  if (expr.kind !== "call" || expr.fn !== "or" || canFail(expr) || !isDeterministic(expr)) return expr;
  const branches = expr.args.map((arg) => new Map(conjuncts(arg).map((part) => [exprKey(part), part])));
  const shared = [...branches[0]!].filter(([key]) => branches.every((branch) => branch.has(key)));
  if (shared.length === 0) return asInList(expr) ?? expr;
  const keys = new Set(shared.map(([key]) => key));
  const common = shared.map(([, part]) => part);
  const rests = branches.map((branch) => [...branch].filter(([key]) => !keys.has(key)).map(([, part]) => part));
  // A branch that has nothing beyond the common part makes the others irrelevant.
  if (rests.some((rest) => rest.length === 0)) return and(common);
  const remaining = or(rests.map((rest) => and(rest)));
  return and([...common, asInList(remaining) ?? remaining]);
}

/** x = 1 OR x = 2 OR x IN (3, 4), with literals. */
function asInList(expr: Expr): Expr | undefined {
  if (expr.kind !== "call" || expr.fn !== "or" || expr.args.length < 2) return undefined;
  let input: Expr | undefined;
  const list = new Map<string, LiteralExpr>();
  for (const arg of expr.args) {
    const test = equalityTest(arg);
    if (!test || (input && exprKey(input) !== exprKey(test.input))) return undefined;
    if (test.items.some((item) => item.value === null || !sameType(item.type, test.input.type))) return undefined;
    input = test.input;
    for (const item of test.items) list.set(exprKey(item), item);
  }
  return input && { kind: "in_list", input, list: [...list.values()], type: expr.type };
}

function equalityTest(expr: Expr): { input: Expr; items: readonly LiteralExpr[] } | undefined {
  if (expr.kind === "in_list" && expr.list.every((item) => item.kind === "literal")) {
    return { input: expr.input, items: expr.list as readonly LiteralExpr[] };
  }
  if (expr.kind !== "call" || expr.fn !== "=") return undefined;
  const [a, b] = expr.args as readonly [Expr, Expr];
  if (b.kind === "literal") return { input: a, items: [b] };
  return a.kind === "literal" ? { input: b, items: [a] } : undefined;
}
