/**
 * Work that changes nothing goes: sorting what is not read in order, DISTINCT over distinct rows, conditions that are
 * never true with all that is below them, outer joins of which no column is used.
 */

import { aggregateOf } from "../../expr/aggregate-state.ts";
import { conjuncts } from "../../expr/build.ts";
import type { AggregateCall, ColumnId } from "../../expr/expr.ts";
import { isNeverTrue } from "../../expr/fold.ts";
import { columnIdsOf } from "../../expr/walk.ts";
import { exprsOf, outputIds, projectPlan, rejoin, withInputs } from "../../logical/build.ts";
import { inputsOf } from "../../logical/format.ts";
import type { LogicalJoin, LogicalPlan } from "../../logical/plan.ts";
import type { Rule } from "../rule.ts";
import { isKeyUnique, isUnique } from "../unique.ts";

export const removeRedundant: Rule = {
  name: "remove-redundant",
  apply: (plan) => visit(plan, { ordered: true, used: outputIds(plan) }),
};

/** What the parent makes of a plan's rows. */
interface Use {
  /** Their order matters. */
  readonly ordered: boolean;
  readonly used: ReadonlySet<ColumnId>;
}

function visit(plan: LogicalPlan, use: Use): LogicalPlan {
  const used = use.used.union(columnIdsOf(...exprsOf(plan)));
  switch (plan.kind) {
    case "scan":
      return plan.filters.some(isNeverTrue) ? nothing(plan) : plan;
    case "filter": {
      if (conjuncts(plan.predicate).some(isNeverTrue)) return nothing(plan);
      const input = visit(plan.input, { ...use, used });
      return isNothing(input) ? nothing(plan) : withInputs(plan, [input]);
    }
    case "sort": {
      const input = visit(plan.input, { ordered: false, used });
      if (isNothing(input)) return nothing(plan);
      return use.ordered ? withInputs(plan, [input]) : input;
    }
    case "limit":
      return withInputs(plan, [visit(plan.input, { ...use, ordered: true })]);
    case "project": {
      const read = plan.columns.map((column) => use.used.has(column.id));
      const exprs = plan.exprs.filter((_, i) => read[i]);
      const input = visit(plan.input, { ordered: use.ordered, used: columnIdsOf(...exprs) });
      if (isNothing(input)) return nothing(plan);
      if (exprs.length === plan.exprs.length) return withInputs(plan, [input]);
      return projectPlan(
        input,
        exprs,
        plan.columns.filter((_, i) => read[i]),
      );
    }
    case "aggregate": {
      const distinct = plan.aggregates.length === 0 && plan.groupBy.length > 0;
      if (distinct && isUnique(plan.input, new Set(keyColumns(plan)))) {
        return visit(projectPlan(plan.input, plan.groupBy, plan.columns), use);
      }
      const ordered = plan.aggregates.some(readsInOrder);
      const input = visit(plan.input, { ordered, used: columnIdsOf(...exprsOf(plan)) });
      return plan.groupBy.length > 0 && isNothing(input) ? nothing(plan) : withInputs(plan, [input]);
    }
    case "window": {
      const input = visit(plan.input, { ordered: false, used });
      return isNothing(input) ? nothing(plan) : withInputs(plan, [input]);
    }
    case "unnest": {
      const input = visit(plan.input, { ordered: use.ordered, used });
      return isNothing(input) ? nothing(plan) : withInputs(plan, [input]);
    }
    case "join":
      return visitJoin(plan, use.used, used);
    case "union": {
      // Columns of the branches go by position: all stay.
      const inputs = plan.inputs.map((input) => visit(input, { ordered: false, used: outputIds(input) }));
      return inputs.every(isNothing) ? nothing(plan) : withInputs(plan, inputs);
    }
    case "single_row":
      return withInputs(plan, [visit(plan.input, { ordered: false, used: outputIds(plan.input) })]);
    case "values":
    case "shared":
      // Every reference of a shared plan must stay the same plan.
      return plan;
  }
}

/** `above`: columns read above the join; `used`: those, and what its own condition reads. */
function visitJoin(plan: LogicalJoin, above: ReadonlySet<ColumnId>, used: ReadonlySet<ColumnId>): LogicalPlan {
  const left = visit(plan.left, { ordered: false, used });
  const unread = outputIds(plan.right).isDisjointFrom(above);
  if (plan.joinType === "left" && unread && isKeyUnique(plan.right, plan.keys, "right")) return left;
  const right = visit(plan.right, { ordered: false, used });
  const join = rejoin(plan, left, right);
  const unmatched = plan.filter !== undefined && !plan.nullAware && conjuncts(plan.filter).some(isNeverTrue);
  const noLeft = isNothing(left);
  const noRight = isNothing(right) || (unmatched && ["inner", "semi", "anti"].includes(plan.joinType));
  switch (plan.joinType) {
    case "inner":
    case "cross":
      return noLeft || noRight ? nothing(plan) : join;
    case "semi":
      return noLeft || noRight ? nothing(plan) : join;
    case "anti":
      return noLeft ? nothing(plan) : noRight ? left : join;
    case "left":
    case "mark":
    case "single":
      return noLeft ? nothing(plan) : join;
    case "right":
      return noRight ? nothing(plan) : join;
    case "full":
      return noLeft && noRight ? nothing(plan) : join;
  }
}

function keyColumns(plan: LogicalPlan & { kind: "aggregate" }): ColumnId[] {
  return plan.groupBy.flatMap((key) => (key.kind === "column" ? [key.id] : []));
}

/** Whether the result depends on the order in which rows come, as of first(x). */
function readsInOrder(call: AggregateCall): boolean {
  return aggregateOf(call).ordered === true && !call.orderBy?.length;
}

function nothing(plan: LogicalPlan): LogicalPlan {
  return { kind: "values", columns: plan.columns, rows: [] };
}

function isNothing(plan: LogicalPlan): boolean {
  return (
    (plan.kind === "values" && plan.rows.length === 0) || (plan.kind === "project" && inputsOf(plan).every(isNothing))
  );
}
