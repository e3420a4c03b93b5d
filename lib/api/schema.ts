/**
 * The part of JSON Schema (2020-12) that this API's requests are described in, and the validator of it. The same objects
 * stand in the OpenAPI document, so that it cannot say anything else than what is checked.
 */
import { QueryError } from "../errors.ts";
import { nearestName } from "../expr/nearest-name.ts";

export interface JsonSchema {
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly items?: JsonSchema;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly $ref?: string;
}

/** @throws QueryError invalid_argument that names the place, and the nearest known name of an unknown field */
export function validate(schema: JsonSchema, value: unknown, place = ""): void {
  if (schema.anyOf) return validateAny(schema.anyOf, value, place);
  const type = typeOf(value);
  const wanted = schema.type;
  if (wanted && type !== wanted && !(wanted === "number" && type === "integer")) {
    throw wrong(place, `must be ${article(wanted)}, not ${article(type)}`);
  }
  if (typeof value === "string") validateString(schema, value, place);
  if (typeof value === "number") validateNumber(schema, value, place);
  if (Array.isArray(value)) validateItems(schema, value, place);
  else if (type === "object") validateObject(schema, value as Readonly<Record<string, unknown>>, place);
}

/** The text of a query string's field as the schema's type; what does not fit stays text, for `validate` to refuse. */
export function fromText(schema: JsonSchema, text: string): unknown {
  const isNumber = schema.type === "number" || schema.type === "integer";
  if (isNumber && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (schema.type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function validateAny(choices: readonly JsonSchema[], value: unknown, place: string): void {
  let first: unknown;
  for (const choice of choices) {
    try {
      return validate(choice, value, place);
    } catch (error) {
      // The choice of the value's own type has the most to say.
      if (first === undefined || choice.type === typeOf(value)) first = error;
    }
  }
  throw first;
}

function validateString(schema: JsonSchema, value: string, place: string): void {
  if (schema.enum && !schema.enum.includes(value)) {
    const near = nearestName(value, schema.enum);
    throw wrong(place, `must be one of ${schema.enum.join(", ")}`, near ? `Did you mean ${near}?` : undefined);
  }
  if (value.length < (schema.minLength ?? 0)) throw wrong(place, "must not be empty");
  if (value.length > (schema.maxLength ?? Number.POSITIVE_INFINITY)) {
    throw wrong(place, `must not be longer than ${schema.maxLength} characters`);
  }
  if (schema.pattern && !new RegExp(schema.pattern, "u").test(value))
    throw wrong(place, `must match ${schema.pattern}`);
}

function validateNumber(schema: JsonSchema, value: number, place: string): void {
  const { minimum, maximum, exclusiveMinimum } = schema;
  if (minimum !== undefined && value < minimum) throw wrong(place, `must be at least ${minimum}`);
  if (maximum !== undefined && value > maximum) throw wrong(place, `must be at most ${maximum}`);
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    throw wrong(place, `must be more than ${exclusiveMinimum}`);
  }
}

function validateItems(schema: JsonSchema, items: readonly unknown[], place: string): void {
  if (items.length > (schema.maxItems ?? Number.POSITIVE_INFINITY)) {
    throw wrong(place, `must not have more than ${schema.maxItems} items`);
  }
  if (schema.items) for (const [i, item] of items.entries()) validate(schema.items, item, `${place}[${i}]`);
}

function validateObject(schema: JsonSchema, value: Readonly<Record<string, unknown>>, place: string): void {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  for (const name of required) if (!Object.hasOwn(value, name)) throw wrong(place, `must have the field ${name}`);
  for (const [name, field] of Object.entries(value)) {
    const inside = place === "" ? name : `${place}.${name}`;
    if (Object.hasOwn(properties, name)) validate(properties[name]!, field, inside);
    else if (typeof additionalProperties === "object") validate(additionalProperties, field, inside);
    else if (!additionalProperties) {
      const near = nearestName(name, Object.keys(properties));
      const known = `The fields are ${Object.keys(properties).join(", ")}.`;
      throw wrong(place, `has no field ${name}`, near ? `Did you mean ${near}?` : known);
    }
  }
}

function typeOf(value: unknown): NonNullable<JsonSchema["type"]> {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value as "object" | "string" | "boolean";
}

function article(type: string): string {
  if (type === "null") return "null";
  return `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

function wrong(place: string, message: string, hint?: string): QueryError {
  const what = place === "" ? "the request" : place;
  return new QueryError("invalid_argument", `${what} ${message}`, hint ? { hint } : {});
}
