/** Values as JSON text, the same wherever it is made: of nested columns and by to_json. */
import type { DataType } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { formatValue } from "./format-value.ts";

/**
 * The JSON of a value that is no text: integers and decimals as numbers with all of their digits, floats as the shortest
 * number of a DOUBLE, those that are none as "NaN", "Infinity" and "-Infinity"; dates, timestamps, intervals and bytes as
 * text of their casts. NULL is null.
 */
export function jsonOfValue(value: Value, type: DataType): string {
  if (value === null) return "null";
  switch (type.kind) {
    case "boolean":
    case "int8":
    case "int16":
    case "int32":
    case "int64":
      return String(value);
    case "decimal":
      return formatValue(value, type);
    case "float32":
    case "float64":
      return jsonOfFloat(value as number);
    case "varchar":
      return type.nested ? (value as string) : jsonOfText(value as string);
    default:
      return jsonOfText(formatValue(value, type));
  }
}

function jsonOfFloat(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value).replace("e+", "e");
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The text of a key of an object. */
export function jsonOfKey(value: Value, type: DataType): string {
  return type.kind === "varchar"
    ? jsonOfText(value as string)
    : jsonOfText(value === null ? "null" : formatValue(value, type));
}

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** How a character (a byte of UTF-8) stands in a JSON string; undefined: as it is. */
export function jsonEscape(code: number): string | undefined {
  if (code >= 32 && code !== 34 && code !== 92) return undefined;
  return escapes[String.fromCharCode(code)] ?? `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Only what has to be is escaped. */
export function jsonOfText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what JSON escapes
  return `"${text.replace(/[\u0000-\u001f"\\]/g, (character) => jsonEscape(character.charCodeAt(0))!)}"`;
}
