/** Aggregation in one step, or in two where the first shrinks what the second has to collect. */
import type { ColumnId } from "../expr/expr.ts";
import { columnIdsOf, exprsOfAggregate } from "../expr/walk.ts";
import type { LogicalAggregate } from "../logical/plan.ts";
import { groupCount } from "../optimizer/statistics.ts";
import { keyRange } from "./key-range.ts";
import type { Lowering } from "./lower.ts";
import type { PhysicalPlan } from "./plan.ts";

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
  return { kind: "aggregate", mode: "single", input, groupBy: plan.groupBy, aggregates, columns, groups, keyRanges };
}
