/**
 * The simple way to decorrelate: correlated conditions move up through the subquery until they can be join conditions.
 * Kim, "On Optimizing an SQL-like Nested Query" (1982), with the count bug mended as in Ganski and Wong (1987).
 */
import { Accumulator } from "../../expr/accumulate.ts";
import { conjuncts, literal } from "../../expr/build.ts";
import type { ColumnIds } from "../../expr/column-ids.ts";
import type { AggregateCall, Column, ColumnId, Expr } from "../../expr/expr.ts";
import { foldConstants, isNeverTrue } from "../../expr/fold.ts";
import { literalOfValue } from "../../expr/value.ts";
import { columnIdsOf, substitute } from "../../expr/walk.ts";
import { aggregatePlan, exprsOf, filterPlan, joinPlan, outputIds, projectPlan } from "../../logical/build.ts";
import { freeColumns } from "../../logical/free-columns.ts";
import { joinCondition, keyCondition } from "../../logical/join-condition.ts";
import type { LogicalAggregate, LogicalJoin, LogicalPlan, LogicalProject } from "../../logical/plan.ts";
import { columnRef } from "../../logical/plan.ts";

export interface Pulled {
  /** Free of correlated columns; all columns of the subquery, and those that the conditions need. */
  readonly plan: LogicalPlan;
  /** Over the plan's columns and the outer ones: which rows belong to an outer row. */
  readonly conditions: readonly Expr[];
  /** The row that the subquery gives for an outer row to which no row belongs; absent: none. */
  readonly empty?: EmptyRow;
}

export type EmptyRow = ReadonlyMap<ColumnId, Expr>;

export interface PullUpOptions {
  readonly outer: ReadonlySet<ColumnId>;
  readonly columnIds: ColumnIds;
  /** Only whether there are rows counts, or only which, perhaps repeated; absent: how many there are too. */
  readonly existence?: "any" | "which";
}

/** Undefined where this way does not lead through. */
export function pullUp(plan: LogicalPlan, options: PullUpOptions): Pulled | undefined {
  if (freeColumns(plan).isDisjointFrom(options.outer)) return { plan, conditions: [] };
  switch (plan.kind) {
    case "filter": {
      const input = pullUp(plan.input, options);
      if (!input) return undefined;
      const [outer, own] = split(conjuncts(plan.predicate), options.outer);
      if (!input.empty) return { plan: filterPlan(input.plan, own), conditions: [...input.conditions, ...outer] };
      // Where nothing belongs to an outer row and where the condition rejects, there must be no row alike.
      const { empty } = input;
      const never = own.some((expr) => isNeverTrue(foldConstants(atEmpty(expr, empty))));
      if (outer.length > 0 || !never) return undefined;
      return { plan: filterPlan(input.plan, own), conditions: input.conditions };
    }
    case "project":
      return pullProject(plan, options);
    case "aggregate":
      return pullAggregate(plan, options);
    case "join":
      return pullJoin(plan, options);
    case "sort":
      return correlated(plan, options) ? undefined : pullUp(plan.input, options);
    case "limit":
      return options.existence === "any" && plan.offset === 0 && plan.limit !== 0
        ? pullUp(plan.input, options)
        : undefined;
    default:
      return undefined;
  }
}

function correlated(plan: LogicalPlan, { outer }: PullUpOptions): boolean {
  return !columnIdsOf(...exprsOf(plan)).isDisjointFrom(outer);
}

function split(exprs: readonly Expr[], outer: ReadonlySet<ColumnId>): readonly [readonly Expr[], readonly Expr[]] {
  const { yes = [], no = [] } = Object.groupBy(exprs, (expr) =>
    columnIdsOf(expr).isDisjointFrom(outer) ? "no" : "yes",
  );
  return [yes, no];
}

function atEmpty(expr: Expr, values: ReadonlyMap<ColumnId, Expr>): Expr {
  return substitute(expr, (column) => values.get(column.id));
}

function pullProject(plan: LogicalProject, options: PullUpOptions): Pulled | undefined {
  if (correlated(plan, options)) return undefined;
  const input = pullUp(plan.input, options);
  if (!input) return undefined;
  const own = outputIds(plan);
  const needed = columnIdsOf(...input.conditions);
  const extra = input.plan.columns.filter((column) => needed.has(column.id) && !own.has(column.id));
  const exprs = [...plan.exprs, ...extra.map(columnRef)];
  const projected = projectPlan(input.plan, exprs, [...plan.columns, ...extra]);
  if (!input.empty) return { plan: projected, conditions: input.conditions };
  const values = new Map(plan.columns.map((column, i) => [column.id, atEmpty(plan.exprs[i]!, input.empty!)]));
  return { plan: projected, conditions: input.conditions, empty: values };
}

/** Rows of different outer rows go to different groups: what equates them with the outer row becomes a group key. */
function pullAggregate(plan: LogicalAggregate, options: PullUpOptions): Pulled | undefined {
  if (correlated(plan, options)) return undefined;
  const input = pullUp(plan.input, options);
  if (!input || input.empty) return undefined;
  const distinct = plan.aggregates.length === 0 && plan.groupBy.length > 0;
  if (distinct && options.existence) {
    return pullProject(projectPlan(plan.input, plan.groupBy, plan.columns), options);
  }
  const { keys, filters } = joinCondition(input.conditions, options.outer, outputIds(input.plan));
  if (filters.length > 0) return undefined;
  const keyColumns = keys.map(({ right }) => options.columnIds.column(nameOf(right), right.type, true));
  const groupCount = plan.groupBy.length;
  const columns = [...plan.columns.slice(0, groupCount), ...keyColumns, ...plan.columns.slice(groupCount)];
  const groupBy = [...plan.groupBy, ...keys.map(({ right }) => right)];
  const grouped = aggregatePlan(input.plan, groupBy, plan.aggregates, columns);
  const conditions = keys.map((key, i) => keyCondition({ ...key, right: columnRef(keyColumns[i]!) }));
  if (groupCount > 0) return { plan: grouped, conditions };
  return { plan: grouped, conditions, empty: emptyAggregates(plan) };
}

function nameOf(expr: Expr): string {
  return expr.kind === "column" ? expr.name : "key";
}

/** What an aggregate without GROUP BY gives over no rows. */
export function emptyAggregates(plan: LogicalAggregate): Map<ColumnId, Expr> {
  const columns = plan.columns.slice(plan.groupBy.length);
  return new Map(columns.map((column, i) => [column.id, emptyAggregate(plan.aggregates[i]!, column)]));
}

function emptyAggregate(aggregate: AggregateCall, { type }: Column): Expr {
  return literal(type, literalOfValue(type, new Accumulator(aggregate).result()));
}

function pullJoin(plan: LogicalJoin, options: PullUpOptions): Pulled | undefined {
  const inner = plan.joinType === "inner" || plan.joinType === "cross";
  const left = pullUp(plan.left, options);
  const right = inner ? pullUp(plan.right, options) : { plan: plan.right, conditions: [] };
  if (!left || !right || left.empty || right.empty) return undefined;
  if (!inner) {
    const preservesLeft = ["left", "semi", "anti", "mark", "single"].includes(plan.joinType);
    const clean = freeColumns(plan.right).isDisjointFrom(options.outer) && !correlated(plan, options);
    if (!preservesLeft || !clean) return undefined;
    const { keys, nullAware, mark } = plan;
    const filters = plan.filter ? conjuncts(plan.filter) : [];
    const join = joinPlan(plan.joinType, left.plan, right.plan, { keys, filters, nullAware, ...(mark && { mark }) });
    return { plan: join, conditions: left.conditions };
  }
  const all = [...plan.keys.map(keyCondition), ...(plan.filter ? conjuncts(plan.filter) : [])];
  const [outer, own] = split(all, options.outer);
  const condition = joinCondition(own, outputIds(left.plan), outputIds(right.plan));
  const join = joinPlan(
    condition.keys.length + condition.filters.length > 0 ? "inner" : "cross",
    left.plan,
    right.plan,
    condition,
  );
  return { plan: join, conditions: [...left.conditions, ...right.conditions, ...outer] };
}

/** The subquery's value for an outer row without rows, unless it is NULL: a count, or something made of it. */
export function emptyValue(empty: EmptyRow | undefined, column: Column): Expr | undefined {
  const value = empty?.get(column.id);
  const folded = value && foldConstants(value);
  return folded?.kind === "literal" && folded.value === null ? undefined : folded;
}
