/** Whether a plan may be computed twice where the query wrote it once. */
import { aggregateOf } from "../expr/aggregate-state.ts";
import type { ColumnIds } from "../expr/column-ids.ts";
import type { AggregateCall } from "../expr/expr.ts";
import { isDeterministic } from "../expr/properties.ts";
import { exprsOf, projectPlan, withInputs } from "../logical/build.ts";
import { inputsOf } from "../logical/format.ts";
import { freeColumns } from "../logical/free-columns.ts";
import type { LogicalPlan } from "../logical/plan.ts";
import { columnRef } from "../logical/plan.ts";

/**
 * Whether every run gives the same rows. Not so with random(), with LIMIT, which may pick other rows each time, and with
 * aggregates that depend on the order of their rows, as sums of floats do in their last digits.
 */
export function isRepeatable(plan: LogicalPlan): boolean {
  if (plan.kind === "shared") return true;
  if (plan.kind === "limit" || (plan.kind === "scan" && plan.limit !== undefined)) return false;
  if (plan.kind === "aggregate" && plan.aggregates.some(dependsOnOrder)) return false;
  // Peers may come in another order each time.
  if (plan.kind === "window") return false;
  return exprsOf(plan).every(isDeterministic) && inputsOf(plan).every(isRepeatable);
}

function dependsOnOrder(call: AggregateCall): boolean {
  const definition = aggregateOf(call);
  if (definition.ordered || call.fn === "any_value") return true;
  const float = (kind: string) => kind === "float32" || kind === "float64";
  return call.args.some((arg) => float(arg.type.kind)) && !["min", "max", "count"].includes(call.fn);
}

/** The plan with parts that cannot be repeated run once; undefined where such a part is itself correlated. */
export function makeRepeatable(plan: LogicalPlan, columnIds: ColumnIds): LogicalPlan | undefined {
  if (isRepeatable(plan)) return plan;
  if (freeColumns(plan).size === 0) return asShared(plan, columnIds);
  const inputs = inputsOf(plan).map((input) => makeRepeatable(input, columnIds));
  if (inputs.length === 0 || !inputs.every((input) => input !== undefined)) return undefined;
  const rebuilt = withInputs(plan, inputs);
  return isRepeatable(rebuilt) ? rebuilt : undefined;
}

/** The plan, under its own column ids, such that copies of it are references to one run. */
export function asShared(plan: LogicalPlan, columnIds: ColumnIds): LogicalPlan {
  const fresh = plan.columns.map((column) => columnIds.renew(column));
  const shared: LogicalPlan = { kind: "shared", id: columnIds.next(), input: plan, columns: fresh };
  return projectPlan(shared, fresh.map(columnRef), plan.columns);
}
