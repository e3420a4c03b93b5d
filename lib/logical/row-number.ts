/** Rows numbered 1, 2, … within partitions: a way to say several things that SQL has words for. */
import { types } from "../arrow/types.ts";
import type { ColumnIds } from "../expr/column-ids.ts";
import type { Column, Expr, SortKey } from "../expr/expr.ts";
import { windowCall } from "../expr/window-functions.ts";
import { windowPlan } from "./build.ts";
import type { LogicalPlan } from "./plan.ts";

export interface NumberedRows {
  /** The input's columns, and the number. */
  readonly plan: LogicalPlan;
  readonly number: Column;
}

/** @param orderBy which rows come first; without keys any do */
export function numberRows(
  input: LogicalPlan,
  partitionBy: readonly Expr[],
  orderBy: readonly SortKey[],
  ids: ColumnIds,
): NumberedRows {
  const number = ids.column("row_number", types.int64, false);
  const frame = {
    unit: "rows",
    start: { kind: "unbounded_preceding" },
    end: { kind: "unbounded_following" },
  } as const;
  const functions = [{ ...windowCall("row_number", []), orderKeys: orderBy.length, frame }];
  return { plan: windowPlan(input, { partitionBy, orderBy, functions }, [number]), number };
}
