/** SQL values at run time, one at a time: what the reference evaluator computes with and results are made of. */

/** 1 month is no fixed number of days, nor (in arithmetic) a day of hours: the three parts stay apart. */
export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

/**
 * boolean: boolean; int8–int32, date (days since 1970): number; float32/64: number; int64, decimal (unscaled), timestamp
 * (microseconds since 1970): bigint; varchar: string; binary: Uint8Array; interval: IntervalValue. NULL of any type: null.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | IntervalValue;
