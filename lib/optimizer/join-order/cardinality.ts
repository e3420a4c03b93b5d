/** Estimated rows of any set of a join graph's relations, whatever order they are joined in. */
import type { ColumnExpr } from "../../expr/expr.ts";
import { joinPlan } from "../../logical/build.ts";
import type { Estimate } from "../column-estimate.ts";
import { exprEstimate, rowBytes } from "../column-estimate.ts";
import { keySelectivity } from "../join-estimate.ts";
import { selectivity } from "../selectivity.ts";
import type { Estimator } from "../statistics.ts";
import type { JoinGraph, Relation, RelationSet } from "./join-graph.ts";

export class Cardinality {
  readonly #graph: JoinGraph;
  readonly #estimator: Estimator;
  readonly #rows = new Map<RelationSet, number>();
  readonly #estimates: readonly Estimate[];
  readonly #everything: Estimate;

  constructor(graph: JoinGraph, estimator: Estimator) {
    this.#graph = graph;
    this.#estimator = estimator;
    this.#estimates = graph.relations.map(({ plan }) => estimator.estimate(plan));
    const columns = new Map(this.#estimates.flatMap((estimate) => [...estimate.columns]));
    this.#everything = { rows: Number.MAX_SAFE_INTEGER, columns };
  }

  /** Rows of a relation by itself. */
  ofRelation(index: number): number {
    return this.#estimates[index]!.rows;
  }

  /** Mean bytes of a row once all relations of the set are joined. */
  bytes(set: RelationSet): number {
    let bytes = 0;
    this.#graph.relations.forEach(({ by, columns }, i) => {
      if ((set >> i) & 1 && (!by || columns.size > 0)) bytes += rowBytes(this.#estimates[i]!, columns);
    });
    return bytes;
  }

  /** Rows once all relations of the set are joined. */
  rows(set: RelationSet): number {
    const known = this.#rows.get(set);
    if (known !== undefined) return known;
    const rows = this.#compute(set);
    this.#rows.set(set, rows);
    return rows;
  }

  /** Takes away the relation with the fewest rows that the others can do without, and asks what joining it does. */
  #compute(set: RelationSet): number {
    const members = this.#graph.relations.map((_, i) => i).filter((i) => set & (1 << i));
    if (members.length === 1) return Math.max(1, this.ofRelation(members[0]!));
    const last = this.#last(members, set);
    const rest = set & ~(1 << last);
    const relation = this.#graph.relations[last]!;
    const before = this.rows(rest);
    const conditions = this.#conditionFraction(set, rest);
    if (relation.by) return Math.max(1, before * this.#unaryFactor(relation) * conditions);
    return Math.max(1, before * this.ofRelation(last) * this.#keyFraction(last, rest) * conditions);
  }

  #last(members: readonly number[], set: RelationSet): number {
    const { relations } = this.#graph;
    const removable = members.filter((i) => members.every((j) => !((relations[j]!.needs >> i) & 1)));
    const unary = removable.filter((i) => relations[i]!.by);
    if (unary.length > 0) return unary.at(-1)!;
    const tied = removable.filter((i) => this.#partners(i, set & ~(1 << i)).length > 0);
    const candidates = tied.length > 0 ? tied : removable;
    return candidates.reduce((best, i) => (this.ofRelation(i) < this.ofRelation(best) ? i : best));
  }

  /** For each class of equal columns with a member in the relation: that member and one in the rest. */
  #partners(index: number, rest: RelationSet): readonly { left: ColumnExpr; right: ColumnExpr; from: number }[] {
    const { relations, equal } = this.#graph;
    return equal.flatMap((columns) => {
      const right = columns.find(({ id }) => relations[index]!.columns.has(id));
      if (!right) return [];
      for (const left of columns) {
        const from = relations.findIndex((relation, i) => (rest >> i) & 1 && relation.columns.has(left.id));
        if (from >= 0) return [{ left, right, from }];
      }
      return [];
    });
  }

  /** Keys towards one relation are judged together, for they may be one foreign key; others are independent. */
  #keyFraction(index: number, rest: RelationSet): number {
    const groups = Map.groupBy(this.#partners(index, rest), ({ from }) => from);
    let fraction = 1;
    for (const [from, keys] of groups)
      fraction *= keySelectivity(keys, this.#estimates[from]!, this.#estimates[index]!);
    return fraction;
  }

  /** Conditions that can be tested from now on. */
  #conditionFraction(set: RelationSet, rest: RelationSet): number {
    const now = this.#graph.conditions.filter(({ needs }) => (needs & set) === needs && (needs & rest) !== needs);
    let fraction = 1;
    for (const { expr } of now) {
      const equality = expr.kind === "call" && expr.fn === "=";
      const [left, right] = equality ? expr.args : [];
      if (left && right) {
        const distinct = (side: typeof left) => Math.min(exprEstimate(side, this.#everything).distinct, 1e6);
        fraction /= Math.max(1, distinct(left), distinct(right));
      } else fraction *= selectivity([expr], this.#everything).fraction;
    }
    return fraction;
  }

  /** How many rows a semi, anti, left, mark or single join makes of one. */
  #unaryFactor({ by, plan }: Relation): number {
    const join = joinPlan(by!.joinType, by!.left, plan, {
      keys: by!.keys,
      filters: by!.filter ? [by!.filter] : [],
      nullAware: by!.nullAware,
      ...(by!.mark && { mark: by!.mark }),
    });
    const left = this.#estimator.rows(by!.left);
    return left > 0 ? this.#estimator.rows(join) / left : 1;
  }
}
