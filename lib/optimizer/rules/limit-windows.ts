/**
 * A condition such as `row_number() OVER (…) <= 3` lets the window give only the first rows of each partition: noted on
 * the window, so that rows that come later need not even be sent to where their partition is.
 */
import { conjuncts } from "../../expr/build.ts";
import type { ColumnId, Expr, WindowCall } from "../../expr/expr.ts";
import { rewritePlan, windowColumns } from "../../logical/build.ts";
import type { LogicalPlan, LogicalWindow } from "../../logical/plan.ts";
import { literalNumber } from "../literal-number.ts";
import type { Rule } from "../rule.ts";

/** More rows of each partition are not worth a step of their own. */
const limitMax = 1000;

export const limitWindows: Rule = {
  name: "limit-windows",
  apply: (plan) => rewritePlan(plan, limited),
};

function limited(plan: LogicalPlan): LogicalPlan {
  if (plan.kind !== "filter" || plan.input.kind !== "window") return plan;
  const window = plan.input;
  // Functions that look at rows before alone, in the same order, are the same without those that come after.
  if (!window.functions.every((call) => ranksInOrder(call, window))) return plan;
  const ranks = new Set(windowColumns(window).map(({ id }) => id));
  const limits = conjuncts(plan.predicate).flatMap((condition) => upperBound(condition, ranks) ?? []);
  const limit = Math.max(0, Math.min(...limits));
  if (limit > limitMax || limit === window.limit) return plan;
  return { ...plan, input: { ...window, limit } };
}

function ranksInOrder({ fn, orderKeys }: WindowCall, { orderBy }: LogicalWindow): boolean {
  return ["row_number", "rank", "dense_rank"].includes(fn) && orderKeys === orderBy.length;
}

/** The greatest number that the condition lets a rank be. */
function upperBound(condition: Expr, ranks: ReadonlySet<ColumnId>): number | undefined {
  if (condition.kind !== "call" || condition.args.length !== 2) return undefined;
  const flipped = condition.args[0]!.kind === "literal";
  const [rank, bound] = flipped ? [condition.args[1]!, condition.args[0]!] : [condition.args[0]!, condition.args[1]!];
  if (rank.kind !== "column" || !ranks.has(rank.id) || bound.kind !== "literal") return undefined;
  const value = literalNumber(bound.type, bound.value);
  if (value === undefined) return undefined;
  const fn = flipped ? (mirrored[condition.fn] ?? condition.fn) : condition.fn;
  if (fn === "<=" || fn === "=") return Math.floor(value);
  return fn === "<" ? Math.ceil(value) - 1 : undefined;
}

const mirrored: Readonly<Record<string, string>> = { ">=": "<=", ">": "<", "<=": ">=", "<": ">" };
