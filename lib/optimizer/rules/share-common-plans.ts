/**
 * Sub-plans that compute the same become one that is computed once, where that saves more than passing its rows on costs.
 * Two plans are the same if they are equal once columns are named by where they come from instead of by their ids.
 */
import type { ColumnExpr, ColumnId, Expr } from "../../expr/expr.ts";
import { isDeterministic } from "../../expr/properties.ts";
import { exprKey, rewriteExpr } from "../../expr/walk.ts";
import { exprsOf, mapInputs, windowColumns } from "../../logical/build.ts";
import { copyPlan } from "../../logical/copy.ts";
import { inputsOf } from "../../logical/format.ts";
import { inlineShared } from "../../logical/inline-shared.ts";
import type { LogicalPlan } from "../../logical/plan.ts";
import type { Rule, RuleContext } from "../rule.ts";
import { Estimator } from "../statistics.ts";
import { uniteColumns } from "./unite-columns.ts";

/** Cost of a row written once and read by each that shares it, in rows scanned. */
const sharedRowCost = 4;

/** What a stage of its own must save at least, in rows scanned. */
const savedMin = 100_000;

export const shareCommonPlans: Rule = {
  name: "share-common-plans",
  // A plan inside a shared one may have lost its twins.
  apply: (plan, context) => inlineShared(new Sharing(plan, context).visit(plan)),
};

/** A plan named by what it computes, and its columns likewise. */
interface Canonical {
  readonly key: number;
  readonly columns: ReadonlyMap<ColumnId, number>;
}

class Sharing {
  readonly #context: RuleContext;
  readonly #estimator: Estimator;
  readonly #names = new Map<string, number>();
  readonly #canonical = new Map<LogicalPlan, Canonical>();
  /** The plans of each key. */
  readonly #twins = new Map<number, LogicalPlan[]>();
  /** What stands for a key once its first plan was met: the shared plan's id, its input, its columns' names. */
  readonly #shared = new Map<number, { id: number; input: LogicalPlan; names: readonly number[] }>();

  constructor(plan: LogicalPlan, context: RuleContext) {
    this.#context = context;
    this.#estimator = new Estimator(context.snapshot);
    this.#collect(plan, new Set());
  }

  visit(plan: LogicalPlan): LogicalPlan {
    if (plan.kind === "shared") return plan;
    const { key } = this.#name(plan);
    const twins = this.#twins.get(key) ?? [];
    if (twins.length < 2 || !this.#worthSharing(uniteColumns(twins), twins.length)) {
      return mapInputs(plan, (input) => this.visit(input));
    }
    return this.#share(plan, key, twins);
  }

  #share(plan: LogicalPlan, key: number, twins: readonly LogicalPlan[]): LogicalPlan {
    const { columnIds } = this.#context;
    let known = this.#shared.get(key);
    if (!known) {
      const united = uniteColumns(twins);
      const input = copyPlan(
        mapInputs(united, (below) => this.visit(below)),
        columnIds,
      ).plan;
      known = { id: columnIds.next(), input, names: united.columns.map(({ id }) => this.#columnName(united, id)) };
      this.#shared.set(key, known);
    }
    const own = new Map(plan.columns.map((column) => [this.#columnName(plan, column.id), column]));
    const columns = known.names.map((name, i) => own.get(name) ?? columnIds.renew(known.input.columns[i]!));
    return { kind: "shared", id: known.id, input: known.input, columns };
  }

  #columnName(plan: LogicalPlan, id: ColumnId): number {
    return this.#name(plan).columns.get(id)!;
  }

  #worthSharing(plan: LogicalPlan, count: number): boolean {
    if (!hasDistinctNames(this.#name(plan))) return false;
    const saved = (count - 1) * this.#work(plan) - count * this.#estimator.rows(plan) * sharedRowCost;
    return saved > savedMin;
  }

  #work(plan: LogicalPlan): number {
    if (plan.kind === "scan")
      return this.#context.snapshot.get(plan.table)?.statistics.rows ?? this.#estimator.rows(plan);
    return inputsOf(plan).reduce((sum, input) => sum + this.#work(input), this.#estimator.rows(plan));
  }

  /** Collects plans by key; what is inside a shared plan already runs once. */
  #collect(plan: LogicalPlan, shared: Set<number>): void {
    if (plan.kind === "shared") {
      shared.add(plan.id);
      return;
    }
    const { key } = this.#name(plan);
    const twins = this.#twins.get(key);
    if (twins) twins.push(plan);
    else this.#twins.set(key, [plan]);
    for (const input of inputsOf(plan)) this.#collect(input, shared);
  }

  #name(plan: LogicalPlan): Canonical {
    const known = this.#canonical.get(plan);
    if (known) return known;
    const named = this.#compute(plan);
    this.#canonical.set(plan, named);
    return named;
  }

  /** A number for a text: the same for the same. */
  #intern(...parts: readonly (string | number | undefined)[]): number {
    const text = parts.join("\u0001");
    const number = this.#names.get(text) ?? this.#names.size;
    this.#names.set(text, number);
    return number;
  }

  #exprName(expr: Expr, columns: ReadonlyMap<ColumnId, number>): string {
    if (!isDeterministic(expr))
      return `unlike any other ${this.#names.size} ${this.#intern("volatile", this.#names.size)}`;
    // Ids below zero name columns from outside, which are the same everywhere.
    const named = rewriteExpr(expr, (part) => {
      return part.kind === "column" ? ({ ...part, id: columns.get(part.id) ?? -1 - part.id } as ColumnExpr) : part;
    });
    return exprKey(named);
  }

  #compute(plan: LogicalPlan): Canonical {
    const inputs = inputsOf(plan).map((input) => this.#name(input));
    const below = new Map<ColumnId, number>();
    const tags = plan.kind === "join" ? ["left", "right"] : inputs.map(() => "");
    inputs.forEach((input, i) => {
      for (const [id, name] of input.columns) below.set(id, tags[i] ? this.#intern(tags[i], name) : name);
    });
    if (plan.kind === "scan")
      for (const [i, column] of plan.columns.entries()) below.set(column.id, this.#intern("field", plan.source[i]!));
    const exprs = exprsOf(plan).map((expr) => this.#exprName(expr, below));
    const inputKeys = inputs.map(({ key }) => key);
    const columns = new Map<ColumnId, number>();
    const passOn = () => {
      for (const { id } of plan.columns) columns.set(id, below.get(id) ?? this.#intern("column", plan.kind));
    };
    const numbered = (what: string) => {
      for (const [i, { id }] of plan.columns.entries()) columns.set(id, this.#intern(what, i));
    };
    switch (plan.kind) {
      case "scan":
        passOn();
        return { key: this.#intern("scan", plan.table, plan.limit, ...exprs.toSorted()), columns };
      case "filter":
      case "sort": {
        passOn();
        const directions = plan.kind === "sort" ? plan.keys.map((key) => `${key.descending} ${key.nullsFirst}`) : [];
        return { key: this.#intern(plan.kind, ...inputKeys, ...exprs, ...directions), columns };
      }
      case "unnest":
        passOn();
        return { key: this.#intern("unnest", ...inputKeys, plan.outer ? 1 : 0, ...exprs), columns };
      case "limit":
        passOn();
        return { key: this.#intern("limit", ...inputKeys, plan.limit, plan.offset), columns };
      case "project": {
        for (const [i, { id }] of plan.columns.entries()) columns.set(id, this.#intern("expr", exprs[i]!));
        return { key: this.#intern("project", ...inputKeys, ...exprs), columns };
      }
      case "aggregate": {
        numbered("aggregate");
        const calls = plan.aggregates.map((call) =>
          JSON.stringify([
            call.fn,
            call.args.length,
            call.distinct,
            !!call.filter,
            call.orderBy?.map((key) => [key.descending, key.nullsFirst]),
          ]),
        );
        return { key: this.#intern("aggregate", ...inputKeys, plan.groupBy.length, ...calls, ...exprs), columns };
      }
      case "window": {
        passOn();
        for (const [i, { id }] of windowColumns(plan).entries())
          columns.set(id, this.#intern("window", i, ...inputKeys));
        const calls = plan.functions.map(({ span: _, args, filter, ...rest }) =>
          JSON.stringify([args.length, !!filter, rest], (name, value) => (name === "value" ? undefined : value)),
        );
        const directions = plan.orderBy.map((key) => `${key.descending} ${key.nullsFirst}`);
        return {
          key: this.#intern(
            "window",
            ...inputKeys,
            plan.partitionBy.length,
            plan.limit,
            ...directions,
            ...calls,
            ...exprs,
          ),
          columns,
        };
      }
      case "join": {
        for (const { id } of plan.columns) columns.set(id, below.get(id) ?? this.#intern("mark"));
        const nullSafe = plan.keys.map((key) => key.nullSafe).join();
        return {
          key: this.#intern(
            "join",
            plan.joinType,
            ...inputKeys,
            plan.nullAware ? 1 : 0,
            nullSafe,
            plan.keys.length,
            ...exprs,
          ),
          columns,
        };
      }
      case "values":
      case "union":
      case "single_row":
        numbered(plan.kind);
        return { key: this.#intern(plan.kind, plan.columns.length, ...inputKeys, ...exprs), columns };
      case "shared":
        numbered("shared");
        return { key: this.#intern("shared", plan.id), columns };
    }
  }
}

/** Whether no two columns are the same one, so that a name finds its column. */
function hasDistinctNames({ columns }: Canonical): boolean {
  return new Set(columns.values()).size === columns.size;
}
