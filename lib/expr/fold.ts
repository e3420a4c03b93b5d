/** Constant folding: computes what does not depend on rows, and drops what cannot matter. */
import { sameType } from "../arrow/types.ts";
import { falseLiteral, nullLiteral, trueLiteral } from "./build.ts";
import { type EvaluationContext, evaluate, newEvaluationContext } from "./evaluate.ts";
import type { CallExpr, CaseExpr, CastExpr, Expr, InListExpr, LiteralExpr } from "./expr.ts";
import { findFunction } from "./functions/registry.ts";
import { canFail, isDeterministic, isNullable } from "./properties.ts";
import { literalOfValue } from "./value.ts";
import { operandsOf, rewriteExpr, sameExpr } from "./walk.ts";

/**
 * The same expression, simpler. Same value for every row, and no error that was not there; an error that is there stays
 * where it is, and is raised only if a row gets to it (an operand that another one makes irrelevant may go, error and all).
 * @param context gives now() its value: use one for all expressions of a query
 */
export function foldConstants(expr: Expr, context: EvaluationContext = newEvaluationContext()): Expr {
  return rewriteExpr(expr, (node) => foldNode(node, context));
}

function foldNode(node: Expr, context: EvaluationContext): Expr {
  const simple = simplify(node);
  return isComputable(simple) ? computed(simple, context) : simple;
}

/** Whether only literals are below, and nothing of chance. */
function isComputable(node: Expr): boolean {
  if (node.kind === "literal" || node.kind === "column" || node.kind === "subquery") return false;
  if (node.kind === "call" && findFunction(node.fn)?.volatility === "volatile") return false;
  return operandsOf(node).every((operand) => operand.kind === "literal");
}

function computed(node: Expr, context: EvaluationContext): Expr {
  try {
    return { kind: "literal", type: node.type, value: literalOfValue(node.type, evaluate(node, undefined, context)) };
  } catch {
    return node;
  }
}

function simplify(node: Expr): Expr {
  switch (node.kind) {
    case "call":
      return simplifyCall(node);
    case "case":
      return simplifyCase(node);
    case "in_list":
      return simplifyInList(node);
    case "cast":
      return simplifyCast(node);
    default:
      return node;
  }
}

function isLiteral(expr: Expr | undefined, value: unknown): boolean {
  return expr?.kind === "literal" && expr.value === value;
}

function isNull(expr: Expr): boolean {
  return expr.kind === "literal" && expr.value === null;
}

/** Whether the operand may be left out without losing an error or a random draw. */
function isDroppable(expr: Expr): boolean {
  return !canFail(expr) && isDeterministic(expr);
}

const opposite: Readonly<Record<string, string>> = {
  "=": "<>",
  "<>": "=",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
  is_null: "is_not_null",
  is_not_null: "is_null",
  is_distinct_from: "is_not_distinct_from",
  is_not_distinct_from: "is_distinct_from",
};

function simplifyCall(node: CallExpr): Expr {
  switch (node.fn) {
    case "and":
      return simplifyConnective(node, false);
    case "or":
      return simplifyConnective(node, true);
    case "not":
      return simplifyNot(node);
    case "coalesce":
      return simplifyCoalesce(node);
    case "is_null":
    case "is_not_null":
      if (isNullable(node.args[0]!) || !isDroppable(node.args[0]!)) return node;
      return node.fn === "is_null" ? falseLiteral : trueLiteral;
    default:
      return nullPropagated(node);
  }
}

/** and (decided by false) or or (decided by true): flat, without neutral operands and repetitions. */
function simplifyConnective(node: CallExpr, decider: boolean): Expr {
  const flat = node.args.flatMap((arg) => (arg.kind === "call" && arg.fn === node.fn ? arg.args : [arg]));
  const args: Expr[] = [];
  for (const arg of flat) {
    if (isLiteral(arg, !decider) || args.some((seen) => isDeterministic(arg) && sameExpr(seen, arg))) continue;
    args.push(arg);
    if (isLiteral(arg, decider)) return arg;
  }
  if (args.length === 0) return decider ? falseLiteral : trueLiteral;
  return args.length === 1 ? args[0]! : { ...node, args };
}

function simplifyNot(node: CallExpr): Expr {
  const input = node.args[0]!;
  if (input.kind !== "call") return node;
  if (input.fn === "not") return input.args[0]!;
  const other = opposite[input.fn];
  return other ? { ...input, fn: other } : node;
}

function simplifyCoalesce(node: CallExpr): Expr {
  const args: Expr[] = [];
  for (const arg of node.args) {
    if (isNull(arg)) continue;
    args.push(arg);
    if (!isNullable(arg)) break;
  }
  if (args.length === 0) return nullLiteral(node.type);
  return args.length === 1 ? args[0]! : { ...node, args };
}

/** A NULL argument makes most calls NULL, whatever the others are. */
function nullPropagated(node: CallExpr): Expr {
  const fn = findFunction(node.fn);
  if (!fn || fn.nullPropagating === false || fn.volatility === "volatile" || !node.args.some(isNull)) return node;
  return node.args.every((arg) => isNull(arg) || isDroppable(arg)) ? nullLiteral(node.type) : node;
}

function simplifyCase(node: CaseExpr): Expr {
  const branches: { when: Expr; result: Expr }[] = [];
  let { otherwise } = node;
  for (const branch of node.branches) {
    if (isLiteral(branch.when, false) || isNull(branch.when)) continue;
    if (isLiteral(branch.when, true)) {
      otherwise = branch.result;
      break;
    }
    branches.push(branch);
  }
  if (branches.length === 0) return otherwise ?? nullLiteral(node.type);
  const last = otherwise ?? nullLiteral(node.type);
  const alike = branches.every(({ when, result }) => isDroppable(when) && sameExpr(result, last));
  if (alike) return last;
  return { ...node, branches, ...(otherwise && { otherwise }) };
}

function simplifyInList(node: InListExpr): Expr {
  const { input } = node;
  if (node.list.length === 0) return isDroppable(input) ? falseLiteral : node;
  if (isNull(input) && node.list.every(isDroppable)) return nullLiteral(node.type);
  const list: Expr[] = [];
  const seen = new Set<string>();
  for (const item of node.list) {
    if (item.kind === "literal") {
      const key = JSON.stringify(item.value);
      if (seen.has(key)) continue;
      seen.add(key);
    }
    list.push(item);
  }
  if (list.length === 1 && !isNull(list[0]!))
    return { kind: "call", fn: "=", args: [input, list[0]!], type: node.type };
  return list.length === node.list.length ? node : { ...node, list };
}

/** A cast to the type it already has, or of a cast that only widened and comes back. */
function simplifyCast(node: CastExpr): Expr {
  if (sameType(node.input.type, node.type)) return node.input;
  return isNull(node.input) ? nullLiteral(node.type) : node;
}

export function isTrue(expr: Expr): boolean {
  return isLiteral(expr, true);
}

/** Whether a filter with this condition passes no row: it is constantly false or NULL. */
export function isNeverTrue(expr: Expr): expr is LiteralExpr {
  return isLiteral(expr, false) || isNull(expr);
}
