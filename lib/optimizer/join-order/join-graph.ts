/** A block of joins as a graph: what may be joined in any order, and which conditions tie it together. */
import { call, conjuncts } from "../../expr/build.ts";
import type { ColumnExpr, ColumnId, Expr } from "../../expr/expr.ts";
import { canFail, isDeterministic } from "../../expr/properties.ts";
import { columnIdsOf } from "../../expr/walk.ts";
import { exprsOf, filterPlan, onlyDrops, outputIds } from "../../logical/build.ts";
import { keyCondition } from "../../logical/join-condition.ts";
import type { LogicalJoin, LogicalPlan } from "../../logical/plan.ts";
import { columnEquality, EqualColumns } from "../transitivity.ts";

/** A set of relations: bit i is relations[i]. */
export type RelationSet = number;

export interface Relation {
  readonly plan: LogicalPlan;
  readonly columns: ReadonlySet<ColumnId>;
  /**
   * Set for the right side of a semi, anti, left, mark or single join: it joins, by this join, a set of relations that
   * contains `needs`. Such joins and inner joins commute, for what they do to a row depends on that row alone.
   */
  readonly by?: LogicalJoin;
  readonly needs: RelationSet;
}

export interface Condition {
  readonly expr: Expr;
  readonly needs: RelationSet;
}

export interface JoinGraph {
  readonly relations: readonly Relation[];
  /** Columns that plain equalities make the same. */
  readonly equal: readonly (readonly ColumnExpr[])[];
  /** All other conditions. */
  readonly conditions: readonly Condition[];
  /** Conditions that must stay above the whole block. */
  readonly above: readonly Expr[];
}

/** Relations fit in the bits of a number. */
export const relationsMax = 30;

/**
 * The same graph with each class's columns ordered by their relation's rows, most first: the columns of large tables are
 * the better keys, for they tell foreign keys of several columns and are where the scans can be pruned.
 */
export function largestFirst(graph: JoinGraph, rowsOf: (relation: number) => number): JoinGraph {
  const rows = ({ id }: ColumnExpr) => rowsOf(graph.relations.findIndex((relation) => relation.columns.has(id)));
  return { ...graph, equal: graph.equal.map((columns) => columns.toSorted((a, b) => rows(b) - rows(a))) };
}

/** The block below a join, or undefined if it has just one relation. `visit` treats the plans of the relations. */
export function joinGraph(plan: LogicalPlan, visit: (plan: LogicalPlan) => LogicalPlan): JoinGraph | undefined {
  if (!isBlock(plan)) return undefined;
  const collector = new Collector(visit);
  collector.collect(plan);
  return collector.relations.length > 1 && collector.relations.length <= relationsMax ? collector.graph() : undefined;
}

class Collector {
  readonly relations: Relation[] = [];
  readonly #exprs: Expr[] = [];
  readonly #visit: (plan: LogicalPlan) => LogicalPlan;

  constructor(visit: (plan: LogicalPlan) => LogicalPlan) {
    this.#visit = visit;
  }

  collect(plan: LogicalPlan): void {
    if (plan.kind === "filter" && isBlock(plan.input)) {
      this.collect(plan.input);
      this.#exprs.push(...conjuncts(plan.predicate));
    } else if (plan.kind === "project" && onlyDrops(plan) && isBlock(plan.input)) {
      this.collect(plan.input);
    } else if (plan.kind === "join" && (plan.joinType === "inner" || plan.joinType === "cross")) {
      this.collect(plan.left);
      this.collect(plan.right);
      this.#exprs.push(...plan.keys.map(keyCondition), ...(plan.filter ? conjuncts(plan.filter) : []));
    } else if (plan.kind === "join" && isUnary(plan)) {
      this.collect(plan.left);
      const right = this.#visit(plan.right);
      const columns = new Set(plan.columns.map(({ id }) => id)).difference(outputIds(plan.left));
      const needs = this.#needs(columnIdsOf(...exprsOf(plan)).difference(outputIds(plan.right)));
      // A join that reads nothing of its left side hangs on its first relation.
      this.relations.push({ plan: right, columns, by: plan, needs: needs === 0 ? 1 : needs });
    } else {
      this.relations.push({ plan: this.#visit(plan), columns: outputIds(plan), needs: 0 });
    }
  }

  graph(): JoinGraph {
    const equal = new EqualColumns();
    const conditions: Condition[] = [];
    const above: Expr[] = [];
    for (const expr of this.#exprs) {
      const pair = columnEquality(expr);
      const needs = this.#needs(columnIdsOf(expr));
      if (pair && this.#isFree(needs)) equal.add(pair[0], pair[1]);
      else if (needs === 0 || !isDeterministic(expr) || (canFail(expr) && !isKey(expr))) above.push(expr);
      else conditions.push({ expr, needs });
    }
    const relations = this.relations.map((relation) => {
      const within = equal.classes().flatMap((columns) => chain(columns.filter(({ id }) => relation.columns.has(id))));
      return within.length > 0 ? { ...relation, plan: filterPlan(relation.plan, within) } : relation;
    });
    return { relations, equal: equal.classes(), conditions, above };
  }

  #needs(ids: ReadonlySet<ColumnId>): RelationSet {
    let set = 0;
    this.relations.forEach((relation, i) => {
      if (!relation.columns.isDisjointFrom(ids)) set |= 1 << i;
    });
    return set;
  }

  /** Whether none of the relations is the right side of an outer join, whose columns do not just equal. */
  #isFree(set: RelationSet): boolean {
    return this.relations.every((relation, i) => (set & (1 << i)) === 0 || !relation.by);
  }
}

/** Columns of one relation that equal each other by way of another relation. */
function chain(columns: readonly ColumnExpr[]): readonly Expr[] {
  return columns.slice(1).map((column, i) => call("=", [columns[i]!, column]));
}

function isKey(expr: Expr): boolean {
  return expr.kind === "call" && expr.fn === "=";
}

function isUnary(plan: LogicalJoin): boolean {
  return ["semi", "anti", "left", "mark", "single"].includes(plan.joinType);
}

/** Whether a plan, perhaps below filters and dropped columns, is a join that can take part in a block. */
function isBlock(plan: LogicalPlan): boolean {
  if (plan.kind === "filter" || (plan.kind === "project" && onlyDrops(plan))) return isBlock(plan.input);
  return plan.kind === "join" && plan.joinType !== "full" && plan.joinType !== "right";
}
