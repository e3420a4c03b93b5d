/**
 * A join that must hold, send or group all of a large side first asks which keys the other side has at all: the large
 * side goes through a semi join with those keys, as deep as below its aggregation. The keys come from a copy of the
 * cheapest part of the other side that limits them; sharing makes that copy one with the original where it pays.
 * After Bernstein and Chiu, "Using Semi-Joins to Solve Relational Queries" (1981), and the magic sets of correlated
 * subqueries.
 */
import type { ColumnId } from "../../expr/expr.ts";
import { joinPlan, mapInputs, projectPlan, rejoin, withInputs } from "../../logical/build.ts";
import { copyPlan } from "../../logical/copy.ts";
import { inputsOf } from "../../logical/format.ts";
import type { JoinKey, LogicalJoin, LogicalPlan } from "../../logical/plan.ts";
import { columnRef } from "../../logical/plan.ts";
import { broadcastRowsDefault } from "../cost.ts";
import { isRepeatable } from "../repeatable.ts";
import type { Rule, RuleContext } from "../rule.ts";
import { Estimator } from "../statistics.ts";
import { orderJoins } from "./order-joins.ts";

/** Below so many rows a side is handled as it is. */
const rowsMin = 50_000;
/** Cost of a row that is sent or grouped; of one that is shared between stages. */
const rowCost = { moved: 4, shared: 8 } as const;
/** The reduced side, reduction included, must cost less than this part of what it did. */
const worthwhile = 0.5;

export const reduceBySemiJoin: Rule = {
  name: "reduce-by-semi-join",
  apply: (plan, context) => new Reduction(context).visit(plan),
};

/** Columns that limit a key, and the plan that has them. */
interface Provider {
  readonly plan: LogicalPlan;
  readonly columns: readonly ColumnId[];
}

class Reduction {
  readonly #context: RuleContext;
  readonly #estimator: Estimator;

  constructor(context: RuleContext) {
    this.#context = context;
    this.#estimator = new Estimator(context.snapshot);
  }

  visit(plan: LogicalPlan): LogicalPlan {
    // A shared plan serves other places too, where other keys count.
    if (plan.kind === "shared") return plan;
    const node = mapInputs(plan, (input) => this.visit(input));
    return node.kind === "join" && !node.nullAware ? this.#join(node) : node;
  }

  #join(join: LogicalJoin): LogicalPlan {
    switch (join.joinType) {
      case "semi":
      case "anti":
      case "mark":
      case "left":
      case "single":
        return rejoin(join, join.left, this.#reduce(join, "right", true));
      case "inner": {
        const right = this.#reduce(join, "right", false);
        if (right !== join.right) return rejoin(join, join.left, right);
        return rejoin(join, this.#reduce(join, "left", false), join.right);
      }
      default:
        return join;
    }
  }

  /** One side with only the keys that the other has; `moved`: the join moves the side even if it is not aggregated. */
  #reduce(join: LogicalJoin, side: "left" | "right", moved: boolean): LogicalPlan {
    const other = side === "right" ? "left" : "right";
    const keys = join.keys.filter((key) => !key.nullSafe && key.left.kind === "column" && key.right.kind === "column");
    const target = join[side];
    if (keys.length === 0 || (!moved && !overAggregate(target))) return target;
    const rows = this.#inputRows(target);
    if (rows < rowsMin) return target;
    const ids = keys.map((key) => (key[other].kind === "column" ? key[other].id : -1));
    let best: { provider: Provider; used: readonly JoinKey[]; cost: number } | undefined;
    for (const provider of providers(join[other], ids)) {
      const cost = this.#cost(provider, keys, side, target, rows);
      const used = keys.filter((_, i) => provider.columns[i]! >= 0);
      if (cost < rows * rowCost.moved * worthwhile && (!best || cost < best.cost)) best = { provider, used, cost };
    }
    if (!best) return target;
    const { provider } = best;
    const positions = keys.flatMap((_, i) => (provider.columns[i]! >= 0 ? [i] : []));
    return this.#insert(
      target,
      positions.map((i) => keys[i]![side]).map((expr) => (expr.kind === "column" ? expr.id : -1)),
      {
        plan: provider.plan,
        columns: positions.map((i) => provider.columns[i]!),
      },
    );
  }

  /** Rows that the side moves: of an aggregation, those it groups. */
  #inputRows(plan: LogicalPlan): number {
    const aggregate = overAggregate(plan);
    return this.#estimator.rows(aggregate ? aggregate.input : plan);
  }

  #cost(
    provider: Provider,
    keys: readonly JoinKey[],
    side: "left" | "right",
    target: LogicalPlan,
    rows: number,
  ): number {
    const estimate = this.#estimator.estimate(provider.plan);
    const targetEstimate = this.#estimator.estimate(target);
    if (estimate.rows > Math.min(rows / 4, broadcastRowsDefault)) return Number.POSITIVE_INFINITY;
    let kept = 1;
    keys.forEach((key, i) => {
      const has = estimate.columns.get(provider.columns[i]!);
      const expr = key[side];
      const domain = expr.kind === "column" ? targetEstimate.columns.get(expr.id)?.domain : undefined;
      if (has && domain) kept = Math.min(kept, has.distinct / Math.max(1, Math.min(domain, Math.max(has.domain, 1))));
    });
    const computed = inputsOf(provider.plan).length > 1 || provider.plan.kind === "aggregate";
    const work = Math.min(
      this.#work(provider.plan),
      computed ? estimate.rows * rowCost.shared : Number.POSITIVE_INFINITY,
    );
    return work + rows * Math.min(1, kept) * rowCost.moved;
  }

  /** Rows that computing the plan touches. */
  #work(plan: LogicalPlan): number {
    if (plan.kind === "scan")
      return this.#context.snapshot.get(plan.table)?.statistics.rows ?? this.#estimator.rows(plan);
    return inputsOf(plan).reduce((sum, input) => sum + this.#work(input), this.#estimator.rows(plan));
  }

  /** Puts the semi join on the plan, or below the aggregation that the keys pass through unchanged. */
  #insert(plan: LogicalPlan, ids: readonly ColumnId[], provider: Provider): LogicalPlan {
    if (plan.kind === "filter") return withInputs(plan, [this.#insert(plan.input, ids, provider)]);
    if (plan.kind === "project") {
      const inner = ids.map((id) => sourceColumn(plan, id));
      if (inner.every((id) => id !== undefined))
        return withInputs(plan, [this.#insert(plan.input, inner as ColumnId[], provider)]);
    }
    if (plan.kind === "aggregate") {
      const inner = ids.map((id) => groupColumn(plan, id));
      const known = inner.flatMap((id, i) => (id === undefined ? [] : [i]));
      if (known.length > 0) {
        const columns = known.map((i) => provider.columns[i]!);
        const input = this.#insert(
          plan.input,
          known.map((i) => inner[i]!),
          { ...provider, columns },
        );
        // Among the joins below, the new one may have a better place.
        return withInputs(plan, [orderJoins.apply(input, this.#context)]);
      }
    }
    const copy = copyPlan(provider.plan, this.#context.columnIds);
    const columns = provider.columns.map((id) => copy.columns.get(id)!);
    const keysOnly = projectPlan(copy.plan, columns.map(columnRef), columns);
    const keys = ids.map((id, i): JoinKey => {
      const column = plan.columns.find((candidate) => candidate.id === id)!;
      return { left: columnRef(column), right: columnRef(columns[i]!), nullSafe: false };
    });
    return joinPlan("semi", plan, keysOnly, { keys });
  }
}

/** The aggregation that a plan is, perhaps below filters and projections. */
function overAggregate(plan: LogicalPlan): (LogicalPlan & { kind: "aggregate" }) | undefined {
  if (plan.kind === "filter" || plan.kind === "project") return overAggregate(plan.input);
  return plan.kind === "aggregate" && plan.groupBy.length > 0 ? plan : undefined;
}

function sourceColumn(plan: LogicalPlan & { kind: "project" }, id: ColumnId): ColumnId | undefined {
  const expr = plan.exprs[plan.columns.findIndex((column) => column.id === id)];
  return expr?.kind === "column" ? expr.id : undefined;
}

function groupColumn(plan: LogicalPlan & { kind: "aggregate" }, id: ColumnId): ColumnId | undefined {
  const expr = plan.groupBy[plan.columns.findIndex((column) => column.id === id)];
  return expr?.kind === "column" ? expr.id : undefined;
}

/**
 * Parts of a plan that have all values its columns can take: the plan, and below joins whichever side has the columns or
 * equals them. A column that a part does not have is −1 there.
 */
function* providers(plan: LogicalPlan, columns: readonly ColumnId[]): Iterable<Provider> {
  if (columns.every((id) => id < 0)) return;
  if (isRepeatable(plan)) yield { plan, columns };
  if (plan.kind === "project")
    yield* providers(
      plan.input,
      columns.map((id) => (id < 0 ? id : (sourceColumn(plan, id) ?? -1))),
    );
  if (plan.kind === "filter") yield* providers(plan.input, columns);
  if (plan.kind !== "join") return;
  const sides =
    plan.joinType === "inner" || plan.joinType === "semi" ? (["left", "right"] as const) : (["left"] as const);
  if (["right", "full"].includes(plan.joinType)) return;
  for (const side of sides) {
    const own = new Set(plan[side].columns.map((column) => column.id));
    yield* providers(
      plan[side],
      columns.map((id) => (own.has(id) ? id : equalColumn(plan, id, side))),
    );
  }
}

/** The column of one side that a join makes equal to a column of the other; −1 if there is none. */
function equalColumn(join: LogicalJoin, id: ColumnId, side: "left" | "right"): ColumnId {
  if (id < 0 || (join.joinType !== "inner" && join.joinType !== "semi")) return -1;
  const other = side === "left" ? "right" : "left";
  for (const key of join.keys) {
    const [to, from] = [key[side], key[other]];
    if (!key.nullSafe && from.kind === "column" && from.id === id && to.kind === "column") return to.id;
  }
  return -1;
}
