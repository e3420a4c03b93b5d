/** Parameters as JSON has them, to typed constants. */
import { type DataType, typeNamed, types } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { QueryError } from "../errors.ts";
import { castValue } from "../expr/cast.ts";
import type { LiteralExpr } from "../expr/expr.ts";
import { literalOfValue } from "../expr/value.ts";

/** A value that says its type itself: {"type": "DATE", "value": "2026-11-22"}. */
export interface TypedValue {
  readonly type: string;
  readonly value: string | number | boolean | null;
}

export type JsonParameter = null | boolean | number | string | TypedValue;

export type JsonParameters = readonly JsonParameter[] | Readonly<Record<string, JsonParameter>>;

type Literals = readonly LiteralExpr[] | Readonly<Record<string, LiteralExpr>>;

/** Numbers without a fraction are INTEGER or BIGINT, others DOUBLE; text is VARCHAR. @throws QueryError invalid_argument */
export function literalsOf(parameters: JsonParameters): Literals {
  if (Array.isArray(parameters)) return parameters.map(literalOf);
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, literalOf(value)]));
}

function literalOf(parameter: JsonParameter): LiteralExpr {
  switch (typeof parameter) {
    case "boolean":
      return literal(types.boolean, parameter);
    case "string":
      return literal(types.varchar, parameter);
    case "number":
      return ofNumber(parameter);
    default:
      return parameter === null ? literal(types.null, null) : ofTyped(parameter);
  }
}

function ofNumber(value: number): LiteralExpr {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return literal(types.float64, value);
  return value === (value | 0) ? literal(types.int32, value) : literal(types.int64, BigInt(value));
}

function ofTyped({ type: name, value }: TypedValue): LiteralExpr {
  const type = typeNamed(name);
  if (!type || type.kind === "null") {
    throw new QueryError("invalid_argument", `${name} is no type of a parameter`, {
      hint: "Types are written as in answers: BIGINT, DECIMAL(15,2), TIMESTAMP, …",
    });
  }
  if (value === null) return literal(type, null);
  if (type.kind === "binary") return literal(type, new Uint8Array(Buffer.from(String(value), "base64")));
  return literal(type, castValue(String(value), types.varchar, type));
}

function literal(type: DataType, value: Value): LiteralExpr {
  return { kind: "literal", type, value: literalOfValue(type, value) };
}
