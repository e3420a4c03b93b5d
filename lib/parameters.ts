/** JavaScript values given for a query's parameters, as typed literals. */
import { type DataType, types } from "./arrow/types.ts";
import { QueryError } from "./errors.ts";
import type { LiteralExpr } from "./expr/expr.ts";

export type ParameterValue = null | boolean | number | bigint | string | Date | Uint8Array;
export type ParameterValues = readonly ParameterValue[] | Readonly<Record<string, ParameterValue>>;

export function parameterLiterals(
  values: ParameterValues | undefined,
): readonly LiteralExpr[] | Readonly<Record<string, LiteralExpr>> | undefined {
  if (values === undefined) return undefined;
  if (Array.isArray(values)) return values.map(literalOf);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, literalOf(value)]));
}

const int32Max = 2 ** 31 - 1;
const int64Max = 2n ** 63n - 1n;

function literalOf(value: ParameterValue): LiteralExpr {
  const literal = (type: DataType, json: LiteralExpr["value"]): LiteralExpr => ({ kind: "literal", type, value: json });
  if (value === null) return literal(types.null, null);
  if (typeof value === "boolean") return literal(types.boolean, value);
  if (typeof value === "string") return literal(types.varchar, value);
  if (typeof value === "bigint") {
    if (value >= -int64Max - 1n && value <= int64Max) return literal(types.int64, String(value));
    const digits = String(value).replace("-", "").length;
    if (digits <= 38) return literal(types.decimal(digits, 0), String(value));
    throw new QueryError("invalid_argument", `parameter ${value} has more than 38 digits`);
  }
  if (typeof value === "number") {
    if (Number.isInteger(value) && Math.abs(value) <= int32Max && !Object.is(value, -0))
      return literal(types.int32, value);
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return literal(types.int64, String(value));
    return literal(types.float64, Number.isFinite(value) ? value : String(value));
  }
  if (value instanceof Date) return literal(types.timestamptz, String(BigInt(value.getTime()) * 1000n));
  if (value instanceof Uint8Array) return literal(types.binary, Buffer.from(value).toString("hex"));
  throw new QueryError("invalid_argument", `a parameter cannot be ${typeof value}`);
}
