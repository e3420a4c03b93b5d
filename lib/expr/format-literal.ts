/** A constant as SQL text that reads back as the same value. */
import { typeName } from "../arrow/types.ts";
import type { LiteralExpr } from "./expr.ts";
import { formatValue } from "./format-value.ts";
import { valueOfLiteral } from "./value.ts";

export function formatLiteral(literal: LiteralExpr): string {
  const { type } = literal;
  const value = valueOfLiteral(type, literal.value);
  if (value === null) return "NULL";
  const text = formatValue(value, type);
  switch (type.kind) {
    case "varchar":
      return quote(text);
    case "binary":
      return `X'${literal.value}'`;
    case "boolean":
      return text.toUpperCase();
    case "date":
    case "interval":
      return `${typeName(type)} ${quote(text)}`;
    case "timestamp":
      return `TIMESTAMP ${quote(text)}`;
    case "float32":
    case "float64":
      // An exponent tells it from a decimal.
      return /^-?\d+(\.\d+)?$/.test(text) ? `${text}e0` : /^-?\d/.test(text) ? text : `CAST(${quote(text)} AS DOUBLE)`;
    default:
      return text;
  }
}

/** Text as a single-quoted SQL string. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
