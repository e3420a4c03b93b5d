/** The columns in which partial aggregation hands its state on. */
import type { DataType } from "../arrow/types.ts";
import { QueryError } from "../errors.ts";
import type { AggregateFunction, AggregateSite } from "./aggregates/aggregate-function.ts";
import { findAggregate } from "./aggregates.ts";
import type { AggregateCall } from "./expr.ts";

/**
 * Whether the call can run in two phases: partial states per task, merged after the exchange. Otherwise (median, mode,
 * string_agg, any call with ORDER BY or DISTINCT) all rows of a group must first come to one task.
 */
export function hasPartialState(call: AggregateCall): boolean {
  return !call.distinct && !call.orderBy?.length && aggregateOf(call).state !== undefined;
}

/**
 * Types of the state columns, in order. Any of them may be NULL (nothing seen yet), except counts.
 * - count, count_star, count_if: int64
 * - sum: the exact sum, see below, NULL before the first value; avg: that and the int64 count
 * - min, max, any_value, bool_*, bit_*, product: the value so far
 * - first, last: the value, and boolean whether a row was seen; arg_min, arg_max: the value and its key
 * - variance family: int64 count, float64 mean, float64 sum of squared deviations from it (merged as Chan et al. 1979)
 * - covar, corr, regr: int64 count, mean of y, mean of x, sum of dy·dx, of dx², of dy²
 * - skewness, kurtosis: int64 count, mean, and the sums of the 2nd, 3rd and 4th powers of deviations
 * - approx_count_distinct: the registers of a HyperLogLog sketch (binary)
 *
 * Sums: of int8–int32 int64; of int64 decimal(38,0); of decimal(p,s) decimal(38,s); of floats float64.
 * @throws QueryError internal when the call has no partial state
 */
export function stateTypes(call: AggregateCall): readonly DataType[] {
  const { state } = aggregateOf(call);
  if (!state) throw new QueryError("internal", `${call.fn} has no partial state`);
  return state(siteOf(call));
}

/** The definition of a resolved call. */
export function aggregateOf(call: AggregateCall): AggregateFunction {
  const definition = findAggregate(call.fn);
  if (!definition) throw new QueryError("internal", `unknown aggregate ${call.fn}`);
  return definition;
}

export function siteOf(call: AggregateCall): AggregateSite {
  return { argTypes: call.args.map((arg) => arg.type), type: call.type };
}
