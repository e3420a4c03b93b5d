/**
 * DISTINCT inside aggregate calls becomes grouping: first by the keys and the call's arguments, which leaves each
 * combination once, then by the keys. Calls that need different first steps are computed apart and joined on the keys;
 * plain sums, counts and extremes ride along with a single DISTINCT one instead.
 */
import { aggregateCall } from "../../expr/aggregates.ts";
import { call, literal, column as refer } from "../../expr/build.ts";
import type { AggregateCall, Column, Expr } from "../../expr/expr.ts";
import { exprKey, exprsOfAggregate, mapAggregate, substitute } from "../../expr/walk.ts";
import { aggregatePlan, joinPlan, projectPlan, rewritePlan } from "../../logical/build.ts";
import { copyPlan } from "../../logical/copy.ts";
import { inputsOf } from "../../logical/format.ts";
import type { LogicalAggregate, LogicalPlan } from "../../logical/plan.ts";
import { columnRef } from "../../logical/plan.ts";
import { isRepeatable } from "../repeatable.ts";
import type { Rule, RuleContext } from "../rule.ts";

export const expandDistinct: Rule = {
  name: "expand-distinct",
  apply: (plan, context) =>
    rewritePlan(plan, (node) => {
      const distinct = node.kind === "aggregate" && node.aggregates.some((aggregate) => aggregate.distinct);
      return distinct ? expand(node, context) : node;
    }),
};

/** A call and the column of its result. */
interface Output {
  readonly aggregate: AggregateCall;
  readonly column: Column;
}

function expand(plan: LogicalAggregate, context: RuleContext): LogicalPlan {
  const keyCount = plan.groupBy.length;
  const outputs = plan.aggregates.map((aggregate, i): Output => ({ aggregate, column: plan.columns[keyCount + i]! }));
  const plain = outputs.filter(({ aggregate }) => !aggregate.distinct);
  const groups = [
    ...Map.groupBy(
      outputs.filter(({ aggregate }) => aggregate.distinct),
      signature,
    ).values(),
  ];
  if (groups.length === 1 && plain.every(({ aggregate }) => merging(aggregate) !== undefined)) {
    return twoSteps(plan, groups[0]!, plain, context);
  }
  const parts = plain.length > 0 ? [plain, ...groups] : groups;
  return apart(plan, parts, context);
}

/** Calls with one signature see the same rows. */
function signature({ aggregate }: Output): string {
  return exprsOfAggregate(aggregate).map(exprKey).join(", ") + (aggregate.filter ? " filtered" : "");
}

/** Groups by keys and arguments, then by keys; plain calls are computed in the first step and merged in the second. */
function twoSteps(
  plan: LogicalAggregate,
  distinct: readonly Output[],
  plain: readonly Output[],
  { columnIds }: RuleContext,
): LogicalPlan {
  const keys = plan.columns.slice(0, plan.groupBy.length);
  const innerKeys = keys.map((column) => columnIds.renew(column));
  const args = [
    ...new Map(distinct.flatMap(({ aggregate }) => exprsOfAggregate(aggregate)).map((e) => [exprKey(e), e])).values(),
  ];
  const argColumns = args.map((arg) => columnIds.column(arg.kind === "column" ? arg.name : "value", arg.type, true));
  const states = plain.map(({ aggregate, column }) => columnIds.column(column.name, aggregate.type, true));
  const inner = aggregatePlan(
    plan.input,
    [...plan.groupBy, ...args],
    plain.map(({ aggregate }) => aggregate),
    [...innerKeys, ...argColumns, ...states],
  );
  const asColumn = new Map(args.map((arg, i) => [exprKey(arg), columnRef(argColumns[i]!)]));
  const calls = [
    ...distinct.map(({ aggregate }) =>
      mapAggregate({ ...aggregate, distinct: false }, (expr) => asColumn.get(exprKey(expr))!),
    ),
    ...plain.map(({ aggregate }, i) => aggregateCall(merging(aggregate)!, [columnRef(states[i]!)])),
  ];
  const merged = plain.map(({ column }) => columnIds.renew({ ...column, nullable: true }));
  const columns = [...keys, ...distinct.map(({ column }) => column), ...merged];
  const outer = aggregatePlan(inner, innerKeys.map(columnRef), calls, columns);
  // A count of nothing is 0, where a sum of counts of nothing is NULL.
  const values = new Map(
    plain.map(({ aggregate, column }, i): [number, Expr] => {
      const value = columnRef(merged[i]!);
      const counts = merging(aggregate) === "sum" && aggregate.fn !== "sum";
      return [column.id, counts ? call("coalesce", [value, literal(column.type, "0")]) : value];
    }),
  );
  return projectPlan(
    outer,
    plan.columns.map((column) => values.get(column.id) ?? columnRef(column)),
    plan.columns,
  );
}

/** The aggregate that makes one result of the results of parts; undefined where there is none. */
function merging({ fn, args, type, orderBy }: AggregateCall): string | undefined {
  if (orderBy?.length) return undefined;
  if (fn === "count" || fn === "count_star" || fn === "count_if") return type.kind === "int64" ? "sum" : undefined;
  // Sums of BIGINT could overflow in part though not as a whole.
  if (fn === "sum") return args[0]!.type.kind === "int64" ? undefined : "sum";
  return ["min", "max", "bool_and", "bool_or"].includes(fn) ? fn : undefined;
}

/** Each part over its own copy of the input, joined on the keys; NULL keys are keys like others. */
function apart(plan: LogicalAggregate, parts: readonly (readonly Output[])[], context: RuleContext): LogicalPlan {
  const keys = plan.columns.slice(0, plan.groupBy.length);
  const inputs = sources(plan.input, parts.length, context);
  let joined: LogicalPlan | undefined;
  for (const [i, outputs] of parts.entries()) {
    const { input, rename } = inputs[i]!;
    const partKeys = i === 0 ? keys : keys.map((column) => context.columnIds.renew(column));
    const part = aggregatePlan(
      input,
      plan.groupBy.map(rename),
      outputs.map(({ aggregate }) => mapAggregate(aggregate, rename)),
      [...partKeys, ...outputs.map(({ column }) => column)],
    ) as LogicalAggregate;
    const distinct = outputs[0]!.aggregate.distinct;
    const computed = distinct
      ? twoSteps(
          part,
          part.aggregates.map((aggregate, j) => ({ aggregate, column: outputs[j]!.column })),
          [],
          context,
        )
      : part;
    const conditions = keys.map((key, k) => ({ left: columnRef(key), right: columnRef(partKeys[k]!), nullSafe: true }));
    joined = joined ? joinPlan(keys.length > 0 ? "inner" : "cross", joined, computed, { keys: conditions }) : computed;
  }
  return projectPlan(joined!, plan.columns.map(columnRef), plan.columns);
}

interface Source {
  readonly input: LogicalPlan;
  readonly rename: (expr: Expr) => Expr;
}

/** The input so many times: read again if that is all it takes, else computed once and shared. */
function sources(input: LogicalPlan, count: number, { columnIds }: RuleContext): readonly Source[] {
  const cheap = isCheap(input) && isRepeatable(input);
  const id = columnIds.next();
  return Array.from({ length: count }, (_, i): Source => {
    if (cheap && i === 0) return { input, rename: (expr) => expr };
    if (cheap) {
      const { plan, columns } = copyPlan(input, columnIds);
      return { input: plan, rename: (expr) => substitute(expr, (column) => renamed(column, columns.get(column.id))) };
    }
    const fresh = input.columns.map((column) => columnIds.renew(column));
    const columns = new Map(input.columns.map((column, j) => [column.id, fresh[j]!]));
    return {
      input: { kind: "shared", id, input, columns: fresh },
      rename: (expr) => substitute(expr, (column) => renamed(column, columns.get(column.id))),
    };
  });
}

function renamed(column: Column, fresh: Column | undefined): Expr | undefined {
  return fresh && refer({ ...column, id: fresh.id });
}

function isCheap(plan: LogicalPlan): boolean {
  return (
    ["scan", "filter", "project", "values", "shared"].includes(plan.kind) &&
    (plan.kind === "shared" || inputsOf(plan).every(isCheap))
  );
}
