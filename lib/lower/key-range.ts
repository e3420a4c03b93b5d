/** Ranges of group and join keys, for range-addressed tables and narrow keys. */
import type { DataType } from "../arrow/types.ts";
import type { Expr } from "../expr/expr.ts";
import type { Estimate } from "../optimizer/column-estimate.ts";
import { exprEstimate, isIntegral } from "../optimizer/column-estimate.ts";
import type { KeyRange } from "../physical/plan.ts";

/** The key's bounds by the statistics of `input`; null where unknown or not a whole number. */
export function keyRange(key: Expr, input: Estimate): KeyRange | null {
  if (!isIntegral(key.type)) return null;
  const { min, max } = exprEstimate(key, input);
  if (min === undefined || max === undefined || min > max) return null;
  if (!Number.isSafeInteger(Math.floor(min)) || !Number.isSafeInteger(Math.ceil(max))) return null;
  return { min: literal(key.type, Math.floor(min)), max: literal(key.type, Math.ceil(max)) };
}

function literal(type: DataType, value: number): number | string {
  return type.kind === "int64" ? String(value) : value;
}
