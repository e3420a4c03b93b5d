/** One group of one aggregate call, a row at a time: the oracle of the aggregation kernels, and the fallback for rare aggregates. */

import type { Value } from "../arrow/value.ts";
import { aggregateOf, siteOf } from "./aggregate-state.ts";
import type { AggregateFunction, AggregateSite, AggregateState } from "./aggregates/aggregate-function.ts";
import { located } from "./build.ts";
import { type EvaluationContext, evaluate, newEvaluationContext } from "./evaluate.ts";
import type { AggregateCall, ColumnId, SortKey } from "./expr.ts";
import { compareValues, keyOfValue } from "./value.ts";

/** Compares two rows of sort key values as ORDER BY does. */
export function compareSortKeys(keys: readonly SortKey[], a: readonly Value[], b: readonly Value[]): number {
  for (const [i, { descending, nullsFirst }] of keys.entries()) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1;
    const order = compareValues(x, y);
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

export class Accumulator {
  readonly #call: AggregateCall;
  readonly #context: EvaluationContext;
  readonly #definition: AggregateFunction;
  readonly #site: AggregateSite;
  readonly #state: AggregateState;
  readonly #seen: Set<string> | undefined;
  /** Rows held back until all are there to be sorted. */
  readonly #held: { readonly keys: Value[]; readonly values: Value[] }[] = [];

  constructor(call: AggregateCall, context: EvaluationContext = newEvaluationContext()) {
    this.#call = call;
    this.#context = context;
    this.#definition = aggregateOf(call);
    this.#site = siteOf(call);
    this.#state = this.#definition.init(this.#site);
    this.#seen = call.distinct ? new Set() : undefined;
  }

  /** Evaluates filter, arguments and order keys of a row, and adds it. */
  addRow(row: (id: ColumnId) => Value): void {
    const { args, filter, orderBy } = this.#call;
    if (filter && evaluate(filter, row, this.#context) !== true) return;
    const values = args.map((arg) => evaluate(arg, row, this.#context));
    if (orderBy?.length)
      this.#held.push({ keys: orderBy.map(({ expr }) => evaluate(expr, row, this.#context)), values });
    else this.add(values);
  }

  /** Adds argument values; filter and ORDER BY are the caller's. */
  add(values: readonly Value[]): void {
    if (!this.#definition.keepsNulls && values.includes(null)) return;
    if (this.#seen) {
      const key = JSON.stringify(values.map(keyOfValue));
      if (this.#seen.has(key)) return;
      this.#seen.add(key);
    }
    located(this.#call.span, () => this.#definition.update(this.#state, values, this.#site));
  }

  /** Adds a partial state, in the columns of stateTypes. */
  merge(state: readonly Value[]): void {
    located(this.#call.span, () => this.#definition.merge!(this.#state, state, this.#site));
  }

  /** The partial state, in the columns of stateTypes. */
  state(): readonly Value[] {
    return this.#state;
  }

  result(): Value {
    this.#release();
    return located(this.#call.span, () => this.#definition.final(this.#state, this.#site));
  }

  #release(): void {
    const { orderBy } = this.#call;
    if (!orderBy) return;
    this.#held.sort((a, b) => compareSortKeys(orderBy, a.keys, b.keys));
    for (const { values } of this.#held.splice(0)) this.add(values);
  }
}
