/** Data types, fields and schemas. All are plain JSON-safe data. */

/** The SQL types; `typeName` spells them. */
export type DataType =
  | { readonly kind: "null" }
  | { readonly kind: "boolean" }
  | { readonly kind: "int8" | "int16" | "int32" | "int64" }
  | { readonly kind: "float32" | "float64" }
  /** precision 1–38, 0 ≤ scale ≤ precision */
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "date" } // days since 1970-01-01
  /** microseconds since 1970-01-01T00:00:00; utc: the instant is absolute (TIMESTAMP WITH TIME ZONE) */
  | { readonly kind: "timestamp"; readonly utc: boolean }
  | { readonly kind: "interval" } // months, days, microseconds
  /** UTF-8; nested: the text is JSON, and holds a value of that shape. */
  | { readonly kind: "varchar"; readonly nested?: NestedType }
  | { readonly kind: "binary" };

export type TypeKind = DataType["kind"];

/** A value with values inside, as our JSON text holds it; "json" is any JSON at all. */
export type NestedType =
  | { readonly kind: "json" }
  | { readonly kind: "list"; readonly element: DataType }
  | { readonly kind: "struct"; readonly fields: readonly NestedTypeField[] }
  | { readonly kind: "map"; readonly key: DataType; readonly value: DataType };

export interface NestedTypeField {
  readonly name: string;
  readonly type: DataType;
}

/**
 * How one value lies in linear memory.
 * - bool: u8, 0 or 1
 * - i8 … i64, f32, f64: little-endian; decimals of precision ≤ 18, timestamps: i64; dates: i32
 * - i128: low u64, then high i64 (decimals of precision > 18)
 * - interval: i32 months, i32 days, i64 microseconds (Arrow's MonthDayNano layout, in microseconds)
 * - view: u32 pointer, then u32 byte length (varchar, binary); the bytes lie anywhere in the same memory
 */
export type PhysicalKind = "bool" | "i8" | "i16" | "i32" | "i64" | "i128" | "f32" | "f64" | "interval" | "view";

export const physicalBytes: Readonly<Record<PhysicalKind, number>> = {
  bool: 1,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  i128: 16,
  f32: 4,
  f64: 8,
  interval: 16,
  view: 8,
};

/** Decimals of at most this precision are stored as i64. */
export const decimal64PrecisionMax = 18;
export const decimalPrecisionMax = 38;

export function physicalKind(type: DataType): PhysicalKind {
  switch (type.kind) {
    case "null":
    case "boolean":
      return "bool";
    case "int8":
      return "i8";
    case "int16":
      return "i16";
    case "int32":
    case "date":
      return "i32";
    case "int64":
    case "timestamp":
      return "i64";
    case "float32":
      return "f32";
    case "float64":
      return "f64";
    case "decimal":
      return type.precision <= decimal64PrecisionMax ? "i64" : "i128";
    case "interval":
      return "interval";
    case "varchar":
    case "binary":
      return "view";
  }
}

/** Bytes of one value of a type in a flat vector. */
export function widthOf(type: DataType): number {
  return physicalBytes[physicalKind(type)];
}

export const types = {
  null: { kind: "null" },
  boolean: { kind: "boolean" },
  int8: { kind: "int8" },
  int16: { kind: "int16" },
  int32: { kind: "int32" },
  int64: { kind: "int64" },
  float32: { kind: "float32" },
  float64: { kind: "float64" },
  date: { kind: "date" },
  timestamp: { kind: "timestamp", utc: false },
  timestamptz: { kind: "timestamp", utc: true },
  interval: { kind: "interval" },
  varchar: { kind: "varchar" },
  binary: { kind: "binary" },
  json: { kind: "varchar", nested: { kind: "json" } },
  decimal: (precision: number, scale: number) => ({ kind: "decimal", precision, scale }) as const,
} as const satisfies Record<string, DataType | ((p: number, s: number) => DataType)>;

/** Whether values of two types lie alike: what text means (see NestedType) does not matter. */
export function sameType(a: DataType, b: DataType): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === "decimal" && b.kind === "decimal") return a.precision === b.precision && a.scale === b.scale;
  if (a.kind === "timestamp" && b.kind === "timestamp") return a.utc === b.utc;
  return true;
}

/** sameType, where text of another meaning is another type. */
export function sameMeaning(a: DataType, b: DataType): boolean {
  const [inA, inB] = [nestedOf(a), nestedOf(b)];
  if (!inA || !inB) return inA === inB && sameType(a, b);
  switch (inA.kind) {
    case "json":
      return inB.kind === "json";
    case "list":
      return inB.kind === "list" && sameMeaning(inA.element, inB.element);
    case "map":
      return inB.kind === "map" && sameMeaning(inA.key, inB.key) && sameMeaning(inA.value, inB.value);
    case "struct":
      return inB.kind === "struct" && sameFields(inA.fields, inB.fields);
  }
}

function sameFields(a: readonly NestedTypeField[], b: readonly NestedTypeField[]): boolean {
  return a.length === b.length && a.every(({ name, type }, i) => name === b[i]!.name && sameMeaning(type, b[i]!.type));
}

/** What JSON text of the type means; undefined for all other types. */
export function nestedOf(type: DataType): NestedType | undefined {
  return type.kind === "varchar" ? type.nested : undefined;
}

/** Lists, structs and maps: their text converts to and from nothing by itself, and has no order. */
export function isComposite(type: DataType): boolean {
  const nested = nestedOf(type);
  return nested !== undefined && nested.kind !== "json";
}

const sqlNames: Readonly<Record<Exclude<TypeKind, "decimal" | "timestamp">, string>> = {
  null: "NULL",
  boolean: "BOOLEAN",
  int8: "TINYINT",
  int16: "SMALLINT",
  int32: "INTEGER",
  int64: "BIGINT",
  float32: "REAL",
  float64: "DOUBLE",
  date: "DATE",
  interval: "INTERVAL",
  varchar: "VARCHAR",
  binary: "VARBINARY",
};

/** The SQL spelling, such as `DECIMAL(15,2)` or `STRUCT(a INTEGER, b VARCHAR[])`. */
export function typeName(type: DataType): string {
  if (type.kind === "varchar" && type.nested) return nestedName(type.nested);
  if (type.kind === "decimal") return `DECIMAL(${type.precision},${type.scale})`;
  if (type.kind === "timestamp") return type.utc ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP";
  return sqlNames[type.kind];
}

function nestedName(nested: NestedType): string {
  switch (nested.kind) {
    case "json":
      return "JSON";
    case "list":
      return `${typeName(nested.element)}[]`;
    case "map":
      return `MAP(${typeName(nested.key)}, ${typeName(nested.value)})`;
    case "struct":
      return `STRUCT(${nested.fields.map((field) => `${fieldName(field.name)} ${typeName(field.type)}`).join(", ")})`;
  }
}

function fieldName(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** The type that typeName writes so, in any case and spacing; undefined for other text. */
export function typeNamed(name: string): DataType | undefined {
  return plainTypeNamed(name) ?? nestedTypeNamed(name);
}

function plainTypeNamed(name: string): DataType | undefined {
  const text = name.trim().replace(/\s+/g, " ").toUpperCase();
  if (text === "TIMESTAMP") return types.timestamp;
  if (text === "TIMESTAMP WITH TIME ZONE") return types.timestamptz;
  const plain = Object.entries(sqlNames).find(([, sqlName]) => sqlName === text);
  if (plain) return { kind: plain[0] } as DataType;
  const match = /^DECIMAL ?\( ?(\d+) ?, ?(\d+) ?\)$/.exec(text);
  const [precision, scale] = [Number(match?.[1]), Number(match?.[2])];
  const fits = precision >= 1 && precision <= decimalPrecisionMax && scale <= precision;
  return fits ? types.decimal(precision, scale) : undefined;
}

function nestedTypeNamed(name: string): DataType | undefined {
  const text = name.trim();
  if (/^json$/i.test(text)) return types.json;
  if (text.endsWith("]")) {
    const element = /\[\s*\]$/.test(text) ? typeNamed(text.replace(/\[\s*\]$/, "")) : undefined;
    return element && { kind: "varchar", nested: { kind: "list", element } };
  }
  const [, word, inner = ""] = /^(struct|map)\s*\((.*)\)$/is.exec(text) ?? [];
  if (!word) return undefined;
  const parts = partsOf(inner);
  if (word.toLowerCase() === "map") {
    const [key, value, more] = parts.map(typeNamed);
    return key && value && !more ? { kind: "varchar", nested: { kind: "map", key, value } } : undefined;
  }
  const fields = parts.map((part) => {
    const [, quoted, plain, rest = ""] = /^\s*(?:"((?:[^"]|"")*)"|(\w+))\s+(.*)$/s.exec(part) ?? [];
    const type = typeNamed(rest);
    return type && { name: quoted?.replaceAll('""', '"') ?? plain!, type };
  });
  if (!fields.every((field) => field !== undefined)) return undefined;
  return { kind: "varchar", nested: { kind: "struct", fields } };
}

/** The parts between the outermost commas. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let [depth, start, quoted] = [0, 0, false];
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === '"') quoted = !quoted;
    if (quoted && c !== undefined) continue;
    if (c === "(") depth++;
    if (c === ")") depth--;
    if ((c === "," && depth === 0) || c === undefined) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return parts;
}

/** A column of a schema. */
export interface Field {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** What Volley cannot read about this column, such as "nested column \"a\"": then `type` is null and any use of the column fails. */
  readonly unsupported?: string;
}

/** A field inside struct columns, which can be read by itself. */
export interface NestedField extends Field {
  /** The structs around it, outermost first. */
  readonly within: readonly string[];
}

/** Columns in order; names may repeat. */
export interface Schema {
  readonly fields: readonly Field[];
  /** What can be read of the struct columns; their indexes follow those of `fields`. */
  readonly nested?: readonly NestedField[];
}

/** The columns that can be read, by the indexes that scans use. */
export function readableFields(schema: Schema): readonly Field[] {
  return schema.nested ? [...schema.fields, ...schema.nested] : schema.fields;
}

/** What tells the readable columns of a schema apart. */
export function fieldPath(field: Field | NestedField): readonly string[] {
  return "within" in field ? [...field.within, field.name] : [field.name];
}
