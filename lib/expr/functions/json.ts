/** JSON text, and the lists, structs and maps that are read as such. */
import { type DataType, isComposite, nestedOf, sameMeaning, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { type Arg, isFloat, isInteger } from "../coercion.ts";
import { countItems, elementAt, findInJson, memberAt, parseJsonPath } from "../json-path.ts";
import { checkJson, compactJson, endOfValue, isJson, textOfLiteral } from "../json-scan.ts";
import { jsonOfKey, jsonOfText, jsonOfValue } from "../json-text.ts";
import { elementsOf, keysOf, valueOfJson } from "../json-values.ts";
import type { CallSite, Resolution, ScalarFunction } from "./scalar-function.ts";

type Resolved = Omit<Resolution, "fn"> | undefined;

const isText = (type: DataType): boolean => type.kind === "varchar" || type.kind === "null";
const listOf = (element: DataType): DataType => ({ kind: "varchar", nested: { kind: "list", element } });

/** JSON or text that should be, and perhaps a path: text, or a whole number. */
function documentAndPath(type: DataType, pathRequired: boolean): ScalarFunction["resolve"] {
  return (args) => {
    const [document, path, ...more] = args;
    if (!document || !isText(document.type) || more.length > 0 || (pathRequired && !path)) return undefined;
    const argTypes = [document.type];
    if (path) {
      const pathType = pathArgument(path);
      if (!pathType) return undefined;
      argTypes.push(pathType);
    }
    return { argTypes, type };
  };
}

function pathArgument({ type, literal }: Arg): DataType | undefined {
  if (isInteger(type)) return types.int64;
  if (!isText(type) || isComposite(type)) return undefined;
  if (typeof literal?.value === "string") parseJsonPath(literal.value); // a wrong one is found at once
  return types.varchar;
}

/** Where the document starts; text that may be anything (files claim JSON, too) is checked. */
function documentStart(text: string, site: CallSite): number {
  return isComposite(site.argTypes[0]!) ? 0 : checkJson(text);
}

/** The part of a document, as it stands there; undefined when there is none. */
function part([document, path]: readonly Value[], site: CallSite): string | undefined {
  const text = document as string;
  const start = documentStart(text, site);
  const found = findInJson(text, start, path === undefined ? [] : parseJsonPath(path as string | bigint));
  return found && text.slice(...found);
}

/** A string without its quotes; NULL for null; everything else as JSON. */
function textOfJson(json: string): Value {
  if (json === "null") return null;
  return json.startsWith('"') ? textOfLiteral(json) : compactJson(json);
}

function kindOfJson(json: string): string {
  switch (json[0]) {
    case "{":
      return "OBJECT";
    case "[":
      return "ARRAY";
    case '"':
      return "VARCHAR";
    case "t":
    case "f":
      return "BOOLEAN";
    case "n":
      return "NULL";
  }
  if (/[.eE]/.test(json)) return "DOUBLE";
  const value = BigInt(json);
  if (value >= 0n) return value < 2n ** 64n ? "UBIGINT" : "DOUBLE";
  return value >= -(2n ** 63n) ? "BIGINT" : "DOUBLE";
}

const mayBeMalformed = (argTypes: readonly DataType[]) => !isComposite(argTypes[0]!);

function overDocument(
  name: string,
  options: {
    readonly type: DataType;
    readonly result: string;
    readonly aliases?: readonly string[];
    readonly pathRequired?: boolean;
    readonly evaluate: (values: readonly Value[], site: CallSite) => Value;
    readonly about: string;
  },
): ScalarFunction {
  const { type, result, aliases = [], pathRequired = false, evaluate, about } = options;
  const withPath = [`varchar, varchar -> ${result}`, `varchar, int64 -> ${result}`];
  return {
    name,
    aliases,
    signatures: pathRequired ? withPath : [`varchar -> ${result}`, ...withPath],
    resolve: documentAndPath(type, pathRequired),
    nullable: true,
    canFail: mayBeMalformed,
    evaluate,
    about,
  };
}

/** A function of one list (or map). */
function overItems(kind: "list" | "map" | "both", type: (of: DataType) => DataType): ScalarFunction["resolve"] {
  return ([arg, ...more]): Resolved => {
    const nested = arg && nestedOf(arg.type);
    const fits = nested && (kind === "both" ? nested.kind === "list" || nested.kind === "map" : nested.kind === kind);
    return fits && more.length === 0 ? { argTypes: [arg.type], type: type(arg.type) } : undefined;
  };
}

function keyAndValue(type: DataType): { readonly key: DataType; readonly value: DataType } {
  const nested = nestedOf(type);
  return nested?.kind === "map" ? nested : { key: types.null, value: types.null };
}

/** A key stands as a string, whatever its type; one of JSON text as that. */
function keyOfJson(literal: string, type: DataType): string {
  const text = textOfLiteral(literal);
  const plain = nestedOf(type) || !(isInteger(type) || isFloat(type) || ["decimal", "boolean"].includes(type.kind));
  return plain && !nestedOf(type) ? literal : text;
}

export const jsonFunctions: readonly ScalarFunction[] = [
  overDocument("json_extract", {
    aliases: ["json_extract_path", "->"],
    type: types.json,
    result: "json",
    pathRequired: true,
    evaluate: (values, site) => {
      const found = part(values, site);
      return found === undefined ? null : compactJson(found);
    },
    about:
      "The JSON at a path such as `'$.a[0]'`, `'a'` (a key) or `0` (an index; -1 is the last); `->`. NULL when there is none.",
  }),
  overDocument("json_extract_string", {
    aliases: ["json_extract_path_text", "->>"],
    type: types.varchar,
    result: "varchar",
    pathRequired: true,
    evaluate: (values, site) => {
      const found = part(values, site);
      return found === undefined ? null : textOfJson(found);
    },
    about: "The same as text; `->>`. Strings lose their quotes, null is NULL.",
  }),
  overDocument("json_exists", {
    type: types.boolean,
    result: "boolean",
    pathRequired: true,
    evaluate: (values, site) => part(values, site) !== undefined,
    about: "Whether there is something at a path, be it null.",
  }),
  overDocument("json_array_length", {
    type: types.int64,
    result: "int64",
    evaluate: (values, site) => {
      const found = part(values, site);
      if (found === undefined) return null;
      return found.startsWith("[") ? BigInt(countItems(found, 0)) : 0n;
    },
    about: "Elements of an array, perhaps at a path; 0 for what is no array.",
  }),
  overDocument("json_type", {
    type: types.varchar,
    result: "varchar",
    evaluate: (values, site) => {
      const found = part(values, site);
      return found === undefined ? null : kindOfJson(found);
    },
    about: "`OBJECT`, `ARRAY`, `VARCHAR`, `BOOLEAN`, `NULL`, or of numbers `UBIGINT`, `BIGINT` or `DOUBLE`.",
  }),
  overDocument("json_keys", {
    type: listOf(types.varchar),
    result: "varchar[]",
    evaluate: (values, site) => {
      const found = part(values, site);
      if (found === undefined) return null;
      return found.startsWith("{") ? `[${keysOf(found).join(",")}]` : "[]";
    },
    about: "The keys of an object, perhaps at a path; none of what is no object.",
  }),
  {
    name: "json_valid",
    signatures: ["varchar -> boolean"],
    evaluate: ([text]) => isJson(text as string),
    about: "Whether a text is JSON (RFC 8259: neither NaN nor trailing commas are).",
  },
  {
    name: "json",
    signatures: ["varchar -> json"],
    resolve: documentAndPath(types.json, false),
    canFail: mayBeMalformed,
    evaluate: ([text], site) => {
      documentStart(text as string, site);
      return compactJson((text as string).trim());
    },
    about: "The same JSON without white space.",
  },
  {
    name: "parse_json",
    signatures: ["varchar -> json"],
    canFail: true,
    evaluate: ([text]) => {
      checkJson(text as string);
      return (text as string).trim();
    },
    about: "A text as JSON, as CAST does; an error when it is none.",
  },
  {
    name: "try_parse_json",
    signatures: ["varchar -> json"],
    nullable: true,
    evaluate: ([text]) => (isJson(text as string) ? (text as string).trim() : null),
    about: "A text as JSON; NULL when it is none.",
  },
  {
    name: "to_json",
    aliases: ["json_quote"],
    signatures: ["any -> json"],
    evaluate: ([value], { argTypes }) => jsonOfValue(value!, argTypes[0]!),
    about: "A value as JSON: numbers, booleans and JSON as they are, everything else as a string.",
  },
  {
    name: "json_array",
    signatures: ["any... -> json"],
    nullPropagating: false,
    evaluate: (values, { argTypes }) => `[${values.map((value, i) => jsonOfValue(value, argTypes[i]!)).join(",")}]`,
    about: "The values as a JSON array; NULL is null.",
  },
  {
    name: "json_object",
    signatures: ["any... -> json"],
    nullPropagating: false,
    canFail: true,
    resolve: (args) => {
      if (args.length % 2 !== 0 || args.some(({ type }, i) => i % 2 === 0 && !isText(type))) return undefined;
      return { argTypes: args.map(({ type }, i) => (i % 2 === 0 ? types.varchar : type)), type: types.json };
    },
    evaluate: (values, { argTypes }) => {
      const members: string[] = [];
      for (let i = 0; i < values.length; i += 2) {
        if (values[i] === null) throw new QueryError("invalid_argument", "a key of json_object is NULL");
        members.push(`${jsonOfText(values[i] as string)}:${jsonOfValue(values[i + 1]!, argTypes[i + 1]!)}`);
      }
      return `{${members.join(",")}}`;
    },
    about: "Keys and values in turn as a JSON object.",
  },
  {
    name: "struct_extract",
    signatures: ["struct, varchar -> any"],
    nullable: true,
    resolve: ([struct, field, ...more]) => {
      const nested = struct && nestedOf(struct.type);
      const name = field?.literal?.value;
      if (!struct || nested?.kind !== "struct" || typeof name !== "string" || more.length > 0) return undefined;
      const found =
        nested.fields.find((other) => other.name === name) ??
        nested.fields.find((other) => other.name.toLowerCase() === name.toLowerCase());
      return found && { argTypes: [struct.type, types.varchar], type: found.type };
    },
    evaluate: ([struct, name], { argTypes, type }) => {
      const text = struct as string;
      const nested = nestedOf(argTypes[0]!);
      const fields = nested?.kind === "struct" ? nested.fields : [];
      const exact = fields.some((field) => field.name === name);
      const key = exact
        ? name
        : fields.find((field) => field.name.toLowerCase() === (name as string).toLowerCase())?.name;
      const from = memberAt(text, 0, key as string);
      return from === undefined ? null : valueOfJson(text.slice(from, endOfValue(text, from)), type);
    },
    about: "A field of a struct; also written `s.field` and `s['field']`.",
  },
  {
    name: "list_extract",
    aliases: ["list_element", "array_extract"],
    signatures: ["list, int64 -> any"],
    nullable: true,
    resolve: ([list, index, ...more]) => {
      const nested = list && nestedOf(list.type);
      if (!list || nested?.kind !== "list" || !index || more.length > 0) return undefined;
      if (!isInteger(index.type) && index.type.kind !== "null") return undefined;
      return { argTypes: [list.type, types.int64], type: nested.element };
    },
    evaluate: ([list, index], { type }) => {
      const text = list as string;
      const at = Number(index);
      const from = at === 0 ? undefined : elementAt(text, 0, at > 0 ? at - 1 : at);
      return from === undefined ? null : valueOfJson(text.slice(from, endOfValue(text, from)), type);
    },
    about: "An element of a list, counted from 1, or from -1 backwards; also written `l[1]`. NULL when there is none.",
  },
  {
    name: "map_extract_value",
    signatures: ["map, any -> any"],
    nullable: true,
    resolve: ([map, key, ...more]) => {
      const nested = map && nestedOf(map.type);
      if (!map || nested?.kind !== "map" || !key || more.length > 0 || isComposite(nested.key)) return undefined;
      return { argTypes: [map.type, nested.key], type: nested.value };
    },
    canFail: true,
    evaluate: ([map, key], { argTypes, type }) => {
      const text = map as string;
      const from = memberAt(text, 0, textOfLiteral(jsonOfKey(key!, argTypes[1]!)));
      return from === undefined ? null : valueOfJson(text.slice(from, endOfValue(text, from)), type);
    },
    about: "The value of a key of a map; also written `m[key]`. NULL when there is none.",
  },
  {
    name: "map_keys",
    signatures: ["map -> list"],
    resolve: overItems("map", (type) => listOf(keyAndValue(type).key)),
    evaluate: ([map], { argTypes }) => {
      const { key } = keyAndValue(argTypes[0]!);
      return `[${keysOf(map as string)
        .map((item) => keyOfJson(item, key))
        .join(",")}]`;
    },
    about: "The keys of a map, as a list.",
  },
  {
    name: "map_values",
    signatures: ["map -> list"],
    resolve: overItems("map", (type) => listOf(keyAndValue(type).value)),
    evaluate: ([map]) => `[${elementsOf(map as string).join(",")}]`,
    about: "The values of a map, as a list.",
  },
  {
    name: "list_length",
    aliases: ["array_length", "cardinality"],
    signatures: ["list -> int64", "map -> int64"],
    resolve: overItems("both", () => types.int64),
    evaluate: ([items]) => BigInt(countItems(items as string, 0)),
    about: "Elements of a list, or entries of a map; `len` and `length` of a list are the same.",
  },
  {
    name: "list_contains",
    aliases: ["array_contains", "list_has", "array_has"],
    signatures: ["list, any -> boolean"],
    resolve: ([list, item, ...more]) => {
      const nested = list && nestedOf(list.type);
      if (!list || nested?.kind !== "list" || !item || more.length > 0) return undefined;
      if (isComposite(nested.element) && !sameMeaning(nested.element, item.type)) return undefined;
      return { argTypes: [list.type, nested.element], type: types.boolean };
    },
    canFail: true,
    evaluate: ([list, item], { argTypes }) => {
      const wanted = jsonOfValue(item!, argTypes[1]!);
      const float = isFloat(argTypes[1]!);
      return elementsOf(list as string).some((json) => json === wanted || (float && Number(json) === Number(wanted)));
    },
    about: "Whether a list has an element equal to a value. Elements that are NULL are never equal.",
  },
];
