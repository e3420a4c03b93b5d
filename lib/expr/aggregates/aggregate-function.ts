/** What the registry knows of an aggregate function. */
import type { DataType } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import type { Arg } from "../coercion.ts";

/** An aggregate chosen for given arguments. */
export interface AggregateResolution {
  readonly fn: string;
  readonly argTypes: readonly DataType[];
  readonly type: DataType;
}

/** The resolved types of a call, for the implementation. */
export interface AggregateSite {
  readonly argTypes: readonly DataType[];
  readonly type: DataType;
}

/**
 * The state of one group: for partial functions one Value per state column, in order, so that a state can be written
 * down, sent, and merged; for the others whatever update keeps.
 */
export type AggregateState = Value[];

/** A result made of the values at a few positions among a group's values in ascending order, which is `count` long. */
export interface Pick {
  /** @param params the arguments after the value, the same in every row */
  positions(count: number, params: readonly Value[]): readonly number[];
  result(picked: readonly Value[], count: number, params: readonly Value[], site: AggregateSite): Value;
}

/** A result folded over the runs of equal values among a group's values in ascending order. */
export interface RunFold {
  /** @param value the run's first value in the order of the rows @param row that row's number */
  add(value: Value, length: number, row: number): void;
  result(count: number): Value;
}

export interface AggregateFunction {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Accepted arguments, in the notation of ScalarFunction.signatures. */
  readonly signatures: readonly string[];
  /** Replaces matching by `signatures` (which then only document). */
  readonly resolve?: (args: readonly Arg[]) => Omit<AggregateResolution, "fn"> | undefined;
  /**
   * The columns of the mergeable partial state. Absent: the state is a bag of values, so that the planner brings all rows
   * of a group to one task and aggregates in one phase.
   */
  readonly state?: (site: AggregateSite) => readonly DataType[];
  /** The result can depend on the order of the rows: ORDER BY within the call matters. */
  readonly ordered?: boolean;
  /** Sees rows where an argument is NULL. Default: they are skipped. */
  readonly keepsNulls?: boolean;
  /** The result is never NULL, not even over no rows. */
  readonly neverNull?: boolean;
  /** DISTINCT does not change the result. */
  readonly duplicatesIgnored?: boolean;
  /** Other ways to the same result, through sorting, for bags too large to be held: at most one of them. */
  readonly pick?: Pick;
  readonly runs?: () => RunFold;
  init(site: AggregateSite): AggregateState;
  /** Adds one row in place. */
  update(state: AggregateState, values: readonly Value[], site: AggregateSite): void;
  /** Adds another partial state in place. Only where `state` is given. */
  merge?(state: AggregateState, other: readonly Value[], site: AggregateSite): void;
  final(state: AggregateState, site: AggregateSite): Value;
  readonly about?: string;
}
