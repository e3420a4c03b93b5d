/** Values inside the JSON text of lists, structs and maps. */
import { type DataType, nestedOf, types } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { castValue } from "./cast.ts";
import { textOfLiteral, visitItems } from "./json-scan.ts";

/** A value inside a list, struct or map as one of its type. */
export function valueOfJson(json: string, type: DataType): Value {
  if (json === "null") return null;
  if (nestedOf(type)) return json;
  const text = json.startsWith('"') ? textOfLiteral(json) : json;
  return type.kind === "varchar" ? text : castValue(text, types.varchar, type);
}

/** The elements of a list, or the values of a map, as they stand in its text. */
export function elementsOf(text: string): string[] {
  const elements: string[] = [];
  visitItems(text, 0, (_keyFrom, _keyTo, from, to) => {
    elements.push(text.slice(from, to));
    return false;
  });
  return elements;
}

/** The literals of a map's keys. */
export function keysOf(text: string): string[] {
  const keys: string[] = [];
  visitItems(text, 0, (from, to) => {
    keys.push(text.slice(from, to));
    return false;
  });
  return keys;
}
