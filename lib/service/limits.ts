/** The caller's own limits. */
import { QueryError } from "../errors.ts";
import { results, scanCounter, sum } from "../explain/account.ts";
import type { QueryState } from "../scheduler/state.ts";

/** Bytes of tables that finished tasks have read. */
export function bytesReadSoFar(state: QueryState): number {
  return sum(state.stages.flatMap(results), ({ metrics }) => scanCounter(metrics, "bytesRead"));
}

export function tooManyBytes(maxBytes: number): QueryError {
  return new QueryError("limit_exceeded", `the query read more than its limit of ${maxBytes} bytes`, {
    hint: "Raise maxBytes, or read fewer columns, files or rows.",
  });
}
