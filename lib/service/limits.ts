/** The caller's own limits. */
import { QueryError } from "../errors.ts";
import { results, scanCounter, sum } from "../explain/account.ts";
import type { QueryState } from "../scheduler/state.ts";

/** Bytes of tables that finished tasks have read. */
export function bytesReadSoFar(state: QueryState): number {
  return sum(state.stages.flatMap(results), ({ metrics }) => scanCounter(metrics, "bytesRead"));
}

/** `estimate`: what it would read; absent when it did read more. */
export function tooManyBytes(maxBytes: number, estimate?: number): QueryError {
  const what = estimate === undefined ? "read more than" : `would read about ${estimate} bytes, and`;
  const rest = estimate === undefined ? "its limit of" : "its limit is";
  return new QueryError("limit_exceeded", `the query ${what} ${rest} ${maxBytes} bytes`, {
    hint: "Raise maxBytes, or read fewer columns, files or rows.",
  });
}

export function tooCostly(maxCost: number, estimate?: number): QueryError {
  const message =
    estimate === undefined
      ? `the query cost more than its limit of $${maxCost}`
      : `the query would cost about $${estimate.toPrecision(2)}, and its limit is $${maxCost}`;
  return new QueryError("limit_exceeded", message, { hint: "Raise maxCost, or read fewer columns, files or rows." });
}
