/**
 * Conditions move as close to the scans as they may: through projections, aggregates (on their keys), unions and joins.
 * On the way, outer joins whose missing rows a condition rejects become inner ones, and equalities carry conditions on
 * one column over to the columns it equals. Conditions that can fail stay where the query put them.
 */
import { conjuncts } from "../../expr/build.ts";
import type { Expr } from "../../expr/expr.ts";
import { canFail, isDeterministic } from "../../expr/properties.ts";
import { columnIdsOf, substitute } from "../../expr/walk.ts";
import { filterPlan, joinPlan, keepColumns, mapInputs, onlyDrops, outputIds, withInputs } from "../../logical/build.ts";
import { joinCondition, keyCondition } from "../../logical/join-condition.ts";
import type {
  JoinType,
  LogicalAggregate,
  LogicalJoin,
  LogicalPlan,
  LogicalProject,
  LogicalUnion,
  LogicalWindow,
} from "../../logical/plan.ts";
import { columnRef } from "../../logical/plan.ts";
import { rejectsNull } from "../null-rejection.ts";
import type { Rule } from "../rule.ts";
import { equalColumns, impliedFor, withImplied } from "../transitivity.ts";
import { simplifyExpr } from "./simplify.ts";

export const pushDownFilters: Rule = { name: "push-down-filters", apply: (plan) => new PushDown().push(plan, []) };

class PushDown {
  readonly #shared = new Map<number, LogicalPlan>();

  /** The plan's rows that meet the conditions; its columns as they were. */
  push(plan: LogicalPlan, conditions: readonly Expr[]): LogicalPlan {
    switch (plan.kind) {
      case "filter":
        return this.push(plan.input, withImplied([...conjuncts(plan.predicate), ...conditions]));
      case "project":
        return this.#project(plan, conditions);
      case "aggregate":
        return this.#aggregate(plan, conditions);
      case "join":
        return isInner(plan) ? this.#innerJoins(plan, conditions) : this.#outerJoin(plan, conditions);
      case "sort":
        return withInputs(plan, [this.push(plan.input, conditions)]);
      case "window":
        return this.#window(plan, conditions);
      case "unnest": {
        const element = plan.columns.at(-1)!.id;
        const [stay, move] = partition(
          conditions,
          (condition) => columnIdsOf(condition).has(element) || !isMovable(condition),
        );
        return filterPlan(withInputs(plan, [this.push(plan.input, move)]), stay);
      }
      case "union":
        return this.#union(plan, conditions);
      case "scan": {
        if (plan.limit !== undefined) return filterPlan(plan, conditions);
        const [fallible, safe] = partition(
          conditions,
          (condition) => canFail(condition) || !isDeterministic(condition),
        );
        // Those that can fail see only rows that passed the rest.
        const filters = [...plan.filters, ...safe, ...fallible];
        return filters.length === plan.filters.length ? plan : { ...plan, filters };
      }
      case "shared": {
        const input = this.#shared.get(plan.id) ?? this.push(plan.input, []);
        this.#shared.set(plan.id, input);
        return filterPlan(withInputs(plan, [input]), conditions);
      }
      case "values":
      case "limit":
      case "single_row":
        return filterPlan(
          mapInputs(plan, (input) => this.push(input, [])),
          conditions,
        );
    }
  }

  #project(plan: LogicalProject, conditions: readonly Expr[]): LogicalPlan {
    const exprs = new Map(plan.columns.map((column, i) => [column.id, plan.exprs[i]!]));
    // A value must not be computed twice if it differs each time, nor before rows that would fail are gone.
    const [stay, move] = partition(conditions, (condition) => {
      return (
        [...columnIdsOf(condition)].some((id) => !exprs.has(id) || !isDeterministic(exprs.get(id)!)) ||
        !isDeterministic(condition)
      );
    });
    const moved = move.map((condition) => substitute(condition, (column) => exprs.get(column.id)));
    return filterPlan(withInputs(plan, [this.push(plan.input, moved)]), stay);
  }

  #aggregate(plan: LogicalAggregate, conditions: readonly Expr[]): LogicalPlan {
    const keys = new Map(plan.groupBy.map((key, i) => [plan.columns[i]!.id, key]));
    const [move, stay] = partition(conditions, (condition) => {
      const read = [...columnIdsOf(condition)];
      return read.length > 0 && read.every((id) => keys.has(id)) && isMovable(condition);
    });
    const moved = move.map((condition) => substitute(condition, (column) => keys.get(column.id)));
    return filterPlan(withInputs(plan, [this.push(plan.input, moved)]), stay);
  }

  /** What a condition on partition keys rejects are whole partitions. */
  #window(plan: LogicalWindow, conditions: readonly Expr[]): LogicalPlan {
    const keys = new Set(plan.partitionBy.flatMap((key) => (key.kind === "column" ? [key.id] : [])));
    const [move, stay] = partition(conditions, (condition) => {
      const read = columnIdsOf(condition);
      return read.size > 0 && read.isSubsetOf(keys) && isMovable(condition);
    });
    return filterPlan(withInputs(plan, [this.push(plan.input, move)]), stay);
  }

  #union(plan: LogicalUnion, conditions: readonly Expr[]): LogicalPlan {
    const [move, stay] = partition(conditions, isDeterministic);
    const inputs = plan.inputs.map((input) => {
      const position = new Map(plan.columns.map((column, i) => [column.id, columnRef(input.columns[i]!)]));
      return this.push(
        input,
        move.map((condition) => substitute(condition, (column) => position.get(column.id))),
      );
    });
    return filterPlan(withInputs(plan, inputs), stay);
  }

  /** A whole block of inner joins at once, so that a condition can reach any of its inputs. */
  #innerJoins(plan: LogicalJoin, above: readonly Expr[]): LogicalPlan {
    const inputs: LogicalPlan[] = [];
    const own: Expr[] = [];
    flattenInner(plan, inputs, own);
    const [stay, free] = partition([...own, ...above], (condition) => !isDeterministic(condition));
    const conditions = withImplied(free);
    const columns = inputs.map(outputIds);
    const local = inputs.map((): Expr[] => []);
    const between: Expr[] = [];
    for (const condition of conditions) {
      const read = columnIdsOf(condition);
      const home = columns.findIndex((ids) => read.isSubsetOf(ids));
      if (home >= 0 && read.size > 0 && !canFail(condition)) local[home]!.push(condition);
      else {
        between.push(condition);
        for (const [i, ids] of columns.entries()) {
          const implied = impliedFor(condition, ids);
          if (implied) local[i]!.push(simplifyExpr(implied));
        }
      }
    }
    let joined: LogicalPlan | undefined;
    let left = between;
    for (const [i, input] of inputs.entries()) {
      const pushed = this.push(input, local[i]!);
      if (!joined) {
        joined = pushed;
        continue;
      }
      const ids = outputIds(joined).union(columns[i]!);
      // An equality that can fail is still better computed for every row of a side than for every pair.
      const [now, later] = partition(left, (condition) => {
        const isKey = joinCondition([condition], outputIds(joined!), columns[i]!).keys.length > 0;
        return columnIdsOf(condition).isSubsetOf(ids) && (isKey || !canFail(condition));
      });
      joined = joinPlan("cross", joined, pushed, joinCondition(now, outputIds(joined), columns[i]!));
      left = later;
    }
    return keepColumns(filterPlan(joined!, [...left, ...stay]), plan.columns);
  }

  #outerJoin(plan: LogicalJoin, above: readonly Expr[]): LogicalPlan {
    const joinType = stricter(plan, above);
    if (joinType !== plan.joinType) {
      const { keys, filter, left, right } = plan;
      const join = joinPlan(joinType, left, right, { keys, filters: filter ? conjuncts(filter) : [] });
      return keepColumns(this.push(join, above), plan.columns);
    }
    const [leftIds, rightIds] = [outputIds(plan.left), outputIds(plan.right)];
    const keepsLeft = joinType !== "right" && joinType !== "full";
    const keepsRight = joinType === "right";
    const readsOnly = (condition: Expr, ids: ReadonlySet<number>) => {
      const read = columnIdsOf(condition);
      return read.size > 0 && read.isSubsetOf(ids) && isMovable(condition);
    };
    const toLeft = keepsLeft ? above.filter((condition) => readsOnly(condition, leftIds)) : [];
    const toRight = keepsRight ? above.filter((condition) => readsOnly(condition, rightIds)) : [];
    const stay = above.filter((condition) => !toLeft.includes(condition) && !toRight.includes(condition));
    // A condition of the join itself only decides what matches: it may shrink the side whose unmatched rows vanish.
    const on = plan.filter ? conjuncts(plan.filter) : [];
    const equal = equalColumns(plan.keys.filter((key) => !key.nullSafe).map(keyCondition));
    const implied = withImplied([...on, ...toLeft, ...toRight], equal);
    const matchLeft =
      keepsRight || joinType === "semi" ? implied.filter((c) => !toLeft.includes(c) && readsOnly(c, leftIds)) : [];
    const matchRight =
      keepsLeft && !plan.nullAware ? implied.filter((c) => !toRight.includes(c) && readsOnly(c, rightIds)) : [];
    const filters = on.filter((condition) => !matchLeft.includes(condition) && !matchRight.includes(condition));
    const left = this.push(plan.left, [...toLeft, ...matchLeft]);
    const right = this.push(plan.right, [...toRight, ...matchRight]);
    const { nullAware, mark } = plan;
    const condition = joinCondition(filters, leftIds, rightIds);
    const join = joinPlan(joinType, left, right, {
      keys: nullAware ? plan.keys : [...plan.keys, ...condition.keys],
      filters: nullAware ? filters : condition.filters,
      nullAware,
      ...(mark && { mark }),
    });
    return filterPlan(join, stay);
  }
}

function isInner(plan: LogicalJoin): boolean {
  return plan.joinType === "inner" || plan.joinType === "cross";
}

/** Inputs and conditions of a block of inner joins; filters and projections that only drop columns are part of it. */
function flattenInner(plan: LogicalPlan, inputs: LogicalPlan[], conditions: Expr[]): void {
  if (plan.kind === "join" && isInner(plan)) {
    flattenInner(plan.left, inputs, conditions);
    flattenInner(plan.right, inputs, conditions);
    conditions.push(...plan.keys.map(keyCondition), ...(plan.filter ? conjuncts(plan.filter) : []));
  } else if (plan.kind === "filter") {
    flattenInner(plan.input, inputs, conditions);
    conditions.push(...conjuncts(plan.predicate));
  } else if (plan.kind === "project" && onlyDrops(plan)) {
    flattenInner(plan.input, inputs, conditions);
  } else {
    inputs.push(plan);
  }
}

/** The join type once rows that the conditions reject anyway need not be made. */
function stricter({ joinType, left, right }: LogicalJoin, conditions: readonly Expr[]): JoinType {
  const rejects = (plan: LogicalPlan) => conditions.some((condition) => rejectsNull(condition, outputIds(plan)));
  switch (joinType) {
    case "left":
      return rejects(right) ? "inner" : "left";
    case "right":
      return rejects(left) ? "inner" : "right";
    case "full": {
      const [leftPresent, rightPresent] = [rejects(left), rejects(right)];
      if (leftPresent && rightPresent) return "inner";
      return leftPresent ? "left" : rightPresent ? "right" : "full";
    }
    default:
      return joinType;
  }
}

function isMovable(condition: Expr): boolean {
  return isDeterministic(condition) && !canFail(condition);
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
