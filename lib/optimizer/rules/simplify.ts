/**
 * Boolean algebra that lets conditions move: NOT goes inward, what all branches of an OR share comes out of it,
 * equalities of one column become IN. Three-valued throughout, so it holds in any place, not just in filters.
 */
import { sameType } from "../../arrow/types.ts";
import { and, conjuncts, not, or } from "../../expr/build.ts";
import type { CallExpr, Expr, LiteralExpr } from "../../expr/expr.ts";
import { foldConstants } from "../../expr/fold.ts";
import { canFail, isDeterministic } from "../../expr/properties.ts";
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
  if (expr.fn === "or") return factor(expr);
  return expr.fn === "not" ? inward(expr) : expr;
}

/** De Morgan: a negated disjunction is several conditions, each of which can move by itself. */
function inward(expr: CallExpr): Expr {
  const [input] = expr.args;
  if (input?.kind !== "call" || (input.fn !== "or" && input.fn !== "and")) return expr;
  const negated = input.args.map((arg) => simplifyExpr(foldConstants(not(arg))));
  return input.fn === "or" ? and(negated) : or(negated);
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
