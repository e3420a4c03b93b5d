/** Aggregation in one step, or in two where the first shrinks what the second has to collect. */
import { hasPartialState, stateTypes } from "../expr/aggregate-state.ts";
import type { ColumnId, Expr } from "../expr/expr.ts";
import { columnIdsOf, exprsOfAggregate } from "../expr/walk.ts";
import type { LogicalAggregate } from "../logical/plan.ts";
import { columnRef } from "../logical/plan.ts";
import type { Estimate } from "../optimizer/column-estimate.ts";
import { groupCount } from "../optimizer/statistics.ts";
import type { PhysicalPlan } from "../physical/plan.ts";
import { keyRange } from "./key-range.ts";
import type { Lowering } from "./lower.ts";

/** A first step is worth its hash table if it leaves less than this part of its rows. */
const partialReductionMax = 0.75;

export function lowerAggregate(
  lowering: Lowering,
  plan: LogicalAggregate,
  required: ReadonlySet<ColumnId>,
): PhysicalPlan {
  const keyCount = plan.groupBy.length;
  const kept = plan.aggregates
    .map((call, i) => ({ call, column: plan.columns[keyCount + i]! }))
    .filter(({ column }) => required.has(column.id));
  const aggregates = kept.map(({ call }) => call);
  const columns = [...plan.columns.slice(0, keyCount), ...kept.map(({ column }) => column)];
  const input = lowering.lower(plan.input, columnIdsOf(...plan.groupBy, ...aggregates.flatMap(exprsOfAggregate)));
  const estimate = lowering.estimator.estimate(plan.input);
  const groups = Math.ceil(groupCount(plan.groupBy, estimate));
  const keyRanges = plan.groupBy.map((key) => keyRange(key, estimate));
  const common = { kind: "aggregate", aggregates, groups, keyRanges } as const;
  if (!mayShrink(plan.groupBy, estimate) || !aggregates.every(hasPartialState)) {
    return { ...common, mode: "single", input, groupBy: plan.groupBy, columns };
  }
  const keys = columns.slice(0, keyCount);
  const states = kept.flatMap(({ call, column }) =>
    stateTypes(call).map((type, i) => lowering.options.columnIds.column(`${column.name}.${i}`, type, true)),
  );
  const partial = { ...common, mode: "partial", input, groupBy: plan.groupBy, columns: [...keys, ...states] } as const;
  return { ...common, mode: "final", input: partial, groupBy: keys.map(columnRef), columns };
}

/**
 * Whether there may be far fewer groups than rows. Keys that belong together (a customer's name and address) have far
 * fewer combinations than their counts multiplied: as long as no key alone has too many values, the first step finds out
 * while it runs, and passes rows through once it sees that it does not help.
 */
function mayShrink(keys: readonly Expr[], estimate: Estimate): boolean {
  return keys.every((key) => groupCount([key], estimate) < estimate.rows * partialReductionMax);
}
