/** Engine values as JavaScript users get them. */
import type { DataType } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { formatValue } from "../expr/format-value.ts";

/** A value as JavaScript sees it: int64 is a bigint, a decimal its exact string, dates and timestamps are ISO strings. */
export type JsValue = null | boolean | number | bigint | string | Uint8Array;

/** Dates and timestamps become ISO strings, decimals their exact digits; the rest is what it is. */
export function jsValue(value: Value, type: DataType): JsValue {
  if (value === null) return null;
  switch (type.kind) {
    case "boolean":
    case "int8":
    case "int16":
    case "int32":
    case "int64":
    case "float32":
    case "float64":
    case "varchar":
    case "binary":
    case "null":
      return value as JsValue;
    case "timestamp":
      return formatValue(value, type).replace(" ", "T").replace(/\+00$/, "Z");
    case "decimal":
    case "date":
    case "interval":
      return formatValue(value, type);
  }
}
