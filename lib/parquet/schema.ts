/**
 * The elements of Parquet's schema, and the leaves among them as columns of ours.
 * Source: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
 */
import type { DataType } from "../arrow/types.ts";
import { decimal64PrecisionMax, decimalPrecisionMax, types } from "../arrow/types.ts";
import { ThriftError, type ThriftReader } from "./thrift.ts";

/** Physical types, by their number in the format. */
export const physicalTypes = [
  "BOOLEAN",
  "INT32",
  "INT64",
  "INT96",
  "FLOAT",
  "DOUBLE",
  "BYTE_ARRAY",
  "FIXED_LEN_BYTE_ARRAY",
] as const;
export type PhysicalType = (typeof physicalTypes)[number];

/**
 * How stored values become values of the column's type:
 * - plain: as they are; narrow8, narrow16: the low bytes of an INT32; unsigned32: INT32 zero-extended to 64 bits;
 *   unsigned64: INT64 zero-extended to 128; widen: INT32 sign-extended to 64 bits; widen16: INT32 or INT64 to 128 (decimals)
 * - millis, nanos: INT64 to microseconds (nanoseconds round down); int96: nanoseconds of day + Julian day
 * - bigEndian: two's complement bytes (decimals); float16; double: FLOAT to DOUBLE; uuid: 16 bytes to text; interval: months, days, milliseconds
 */
export type Conversion =
  | "plain"
  | "narrow8"
  | "narrow16"
  | "unsigned32"
  | "unsigned64"
  | "widen"
  | "widen16"
  | "double"
  | "millis"
  | "nanos"
  | "int96"
  | "bigEndian"
  | "float16"
  | "uuid"
  | "interval";

/** A leaf of the schema, as the file stores it. */
export interface ParquetColumn {
  /** Inside of others: `s.a`. */
  readonly name: string;
  /** The groups around it, outermost first. */
  readonly groups: readonly { readonly name: string; readonly repetition: number }[];
  /** Position among the leaves: index of its chunk in each row group. */
  readonly leaf: number;
  readonly physical: PhysicalType;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY value; else 0. */
  readonly typeLength: number;
  /** Whether it or something around it may be missing: then there are definition levels, up to `definitionMax`. */
  readonly optional: boolean;
  readonly definitionMax: number;
  /** 0: one value a row. */
  readonly repetitionMax: number;
  readonly type: DataType;
  readonly conversion: Conversion;
  /** Whether stored values compare as signed numbers or floats, so that even old writers' min and max are right. */
  readonly signed: boolean;
  /** The column's SchemaElement as it stands in the footer. */
  readonly element: Uint8Array;
}

interface LogicalType {
  /** Field number in the LogicalType union. */
  readonly id: number;
  readonly scale: number;
  readonly precision: number;
  readonly utc: boolean;
  readonly unit: "millis" | "micros" | "nanos";
  readonly bits: number;
  readonly signed: boolean;
}

export interface SchemaElement {
  readonly physical: number;
  readonly typeLength: number;
  readonly repetition: number;
  readonly name: string;
  readonly children: number;
  readonly converted: number;
  readonly scale: number;
  readonly precision: number;
  readonly logical: LogicalType | undefined;
  readonly bytes: Uint8Array;
}

export const repetition = { required: 0, optional: 1, repeated: 2 } as const;

const logical = {
  string: 1,
  map: 2,
  list: 3,
  enum: 4,
  decimal: 5,
  date: 6,
  time: 7,
  timestamp: 8,
  integer: 10,
  unknown: 11,
  json: 12,
  bson: 13,
  uuid: 14,
  float16: 15,
} as const;

const converted = {
  utf8: 0,
  map: 1,
  mapKeyValue: 2,
  list: 3,
  enum: 4,
  decimal: 5,
  date: 6,
  timeMillis: 7,
  timeMicros: 8,
  timestampMillis: 9,
  timestampMicros: 10,
  uint8: 11,
  uint16: 12,
  uint32: 13,
  uint64: 14,
  int8: 15,
  int16: 16,
  int32: 17,
  int64: 18,
  json: 19,
  bson: 20,
  interval: 21,
} as const;

/** Reads FileMetaData.schema; the cursor stands at the list. */
export function readSchemaElements(reader: ThriftReader): SchemaElement[] {
  const count = reader.list();
  const elements: SchemaElement[] = [];
  for (let i = 0; i < count; i++) elements.push(readElement(reader));
  return elements;
}

function readElement(reader: ThriftReader): SchemaElement {
  const start = reader.position;
  let physical = -1;
  let typeLength = 0;
  let repeats: number = repetition.required;
  let name = "";
  let children = 0;
  let convertedType = -1;
  let scale = 0;
  let precision = 0;
  let logicalType: LogicalType | undefined;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) break;
    if (id === 1) physical = reader.i32();
    else if (id === 2) typeLength = reader.i32();
    else if (id === 3) repeats = reader.i32();
    else if (id === 4) name = reader.string();
    else if (id === 5) children = reader.i32();
    else if (id === 6) convertedType = reader.i32();
    else if (id === 7) scale = reader.i32();
    else if (id === 8) precision = reader.i32();
    else if (id === 10) logicalType = readLogicalType(reader);
    else reader.skip();
  }
  if (children < 0) throw new ThriftError("a schema element with a negative number of children");
  const bytes = reader.bytes.subarray(start, reader.position);
  const annotations = { converted: convertedType, scale, precision, logical: logicalType };
  return { physical, typeLength, repetition: repeats, name, children, bytes, ...annotations };
}

function readLogicalType(reader: ThriftReader): LogicalType | undefined {
  reader.struct();
  let result: LogicalType | undefined;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return result;
    if (reader.type === 12) result = readLogicalArguments(reader, id);
    else reader.skip();
  }
}

function readLogicalArguments(reader: ThriftReader, kind: number): LogicalType {
  let scale = 0;
  let precision = 0;
  let utc = false;
  let unit: LogicalType["unit"] = "micros";
  let bits = 0;
  let signed = false;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return { id: kind, scale, precision, utc, unit, bits, signed };
    if (kind === logical.decimal && id === 1) scale = reader.i32();
    else if (kind === logical.decimal && id === 2) precision = reader.i32();
    else if (kind === logical.integer && id === 1) bits = reader.i32();
    else if (kind === logical.integer && id === 2) signed = reader.bool();
    else if ((kind === logical.time || kind === logical.timestamp) && id === 1) utc = reader.bool();
    else if ((kind === logical.time || kind === logical.timestamp) && id === 2) unit = readUnit(reader);
    else reader.skip();
  }
}

function readUnit(reader: ThriftReader): LogicalType["unit"] {
  reader.struct();
  let unit: LogicalType["unit"] = "micros";
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return unit;
    unit = id === 1 ? "millis" : id === 3 ? "nanos" : "micros";
    reader.skip();
  }
}

/** Whether a group holds the elements of a list, or the entries of a map, in a repeated child. */
export function annotationOf(element: SchemaElement): "list" | "map" | undefined {
  if (isKind(element, logical.list, converted.list)) return "list";
  return isKind(element, logical.map, converted.map) || element.converted === converted.mapKeyValue ? "map" : undefined;
}

/** Where a leaf stands: its index among them, what is around it, and its levels. */
export type LeafPlace = Pick<ParquetColumn, "leaf" | "groups" | "definitionMax" | "repetitionMax">;

/** The column, or what is unsupported about it. */
export function leafColumn(element: SchemaElement, place: LeafPlace): ParquetColumn | string {
  const physical = physicalTypes[element.physical];
  if (!physical) throw new ThriftError(`physical type ${element.physical}`);
  const typeLength = physical === "FIXED_LEN_BYTE_ARRAY" ? element.typeLength : 0;
  if (physical === "FIXED_LEN_BYTE_ARRAY" && (typeLength <= 0 || typeLength > 1 << 24)) {
    throw new ThriftError(`a fixed length of ${typeLength} bytes`);
  }
  const found = translate(element, physical, typeLength);
  const name = [...place.groups.map((group) => group.name), element.name].join(".");
  if (typeof found === "string") return `${found} column "${name}"`;
  const [type, conversion, signed = false] = found;
  const optional = place.definitionMax > 0;
  return { name, ...place, physical, typeLength, optional, type, conversion, signed, element: element.bytes };
}

type Translation = readonly [type: DataType, conversion: Conversion, signed?: boolean];

function translate(element: SchemaElement, physical: PhysicalType, typeLength: number): Translation | string {
  switch (physical) {
    case "BOOLEAN":
      return [types.boolean, "plain", true];
    case "INT32":
      return translateInt32(element);
    case "INT64":
      return translateInt64(element);
    case "INT96":
      return [types.timestamp, "int96"];
    case "FLOAT":
      return [types.float32, "plain", true];
    case "DOUBLE":
      return [types.float64, "plain", true];
    case "BYTE_ARRAY":
    case "FIXED_LEN_BYTE_ARRAY":
      return translateBytes(element, typeLength);
  }
}

function translateInt32(element: SchemaElement): Translation | string {
  const decimal = decimalType(element, decimal64PrecisionMax);
  if (decimal) return typeof decimal === "string" ? decimal : [decimal, "widen", true];
  const integer = integerType(element);
  if (isKind(element, logical.date, converted.date)) return [types.date, "plain", true];
  if (isKind(element, logical.time, converted.timeMillis)) return "TIME";
  if (integer === "int8") return [types.int8, "narrow8", true];
  if (integer === "int16") return [types.int16, "narrow16", true];
  if (integer === "uint8") return [types.int16, "narrow16"];
  if (integer === "uint16") return [types.int32, "plain"];
  if (integer === "uint32") return [types.int64, "unsigned32"];
  return [types.int32, "plain", true];
}

function translateInt64(element: SchemaElement): Translation | string {
  const decimal = decimalType(element, decimal64PrecisionMax);
  if (decimal) return typeof decimal === "string" ? decimal : [decimal, "plain", true];
  if (integerType(element) === "uint64") return [types.decimal(20, 0), "unsigned64"];
  if (element.logical?.id === logical.timestamp) {
    const type = element.logical.utc ? types.timestamptz : types.timestamp;
    return [type, element.logical.unit === "micros" ? "plain" : element.logical.unit, true];
  }
  if (isKind(element, logical.time, converted.timeMicros)) return "TIME";
  // The old annotations do not say whether they mean instants; like DuckDB we take them as local times.
  if (element.converted === converted.timestampMillis) return [types.timestamp, "millis", true];
  if (element.converted === converted.timestampMicros) return [types.timestamp, "plain", true];
  return [types.int64, "plain", true];
}

function translateBytes(element: SchemaElement, typeLength: number): Translation | string {
  const decimal = decimalType(element, decimalPrecisionMax);
  if (decimal) return typeof decimal === "string" ? decimal : [decimal, "bigEndian"];
  const id = element.logical?.id;
  if (typeLength === 16 && id === logical.uuid) return [types.varchar, "uuid"];
  if (typeLength === 2 && id === logical.float16) return [types.float32, "float16"];
  if (typeLength === 12 && element.converted === converted.interval) return [types.interval, "interval"];
  if (isKind(element, logical.json, converted.json)) return [types.json, "plain"];
  const text = id === logical.string || id === logical.enum;
  const oldText = [converted.utf8, converted.enum].some((kind) => kind === element.converted);
  return [text || (id === undefined && oldText) ? types.varchar : types.binary, "plain"];
}

function isKind(element: SchemaElement, logicalId: number, convertedId: number): boolean {
  return element.logical ? element.logical.id === logicalId : element.converted === convertedId;
}

/** A decimal type, undefined when the element is none, or a description when it is out of our range. */
function decimalType(element: SchemaElement, precisionMax: number): DataType | string | undefined {
  if (!isKind(element, logical.decimal, converted.decimal)) return undefined;
  const precision = element.logical?.precision ?? element.precision;
  const scale = element.logical?.scale ?? element.scale;
  if (precision < 1 || scale < 0 || scale > precision) throw new ThriftError(`DECIMAL(${precision},${scale})`);
  if (precision > precisionMax) return `DECIMAL(${precision},${scale})`;
  return types.decimal(precision, scale);
}

function integerType(element: SchemaElement): string | undefined {
  if (element.logical) {
    const { id, bits, signed } = element.logical;
    return id === logical.integer ? `${signed ? "int" : "uint"}${bits}` : undefined;
  }
  const names = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"] as const;
  return names.find((name) => converted[name] === element.converted);
}
