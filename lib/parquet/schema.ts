/**
 * Parquet's schema tree → our fields. Only flat columns are read; a nested or untranslatable column becomes a field
 * with `unsupported` set, so that the table's other columns stay usable.
 * Source: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
 */
import type { DataType, Field } from "../arrow/types.ts";
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
 *   unsigned64: INT64 zero-extended to 128; widen: INT32 sign-extended to 64 bits (decimals)
 * - millis, nanos: INT64 to microseconds (nanoseconds round down); int96: nanoseconds of day + Julian day
 * - bigEndian: two's complement bytes (decimals); float16; uuid: 16 bytes to text; interval: months, days, milliseconds
 */
export type Conversion =
  | "plain"
  | "narrow8"
  | "narrow16"
  | "unsigned32"
  | "unsigned64"
  | "widen"
  | "millis"
  | "nanos"
  | "int96"
  | "bigEndian"
  | "float16"
  | "uuid"
  | "interval";

/** A flat column as the file stores it. */
export interface ParquetColumn {
  readonly name: string;
  /** Position among the leaves: index of its chunk in each row group. */
  readonly leaf: number;
  readonly physical: PhysicalType;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY value; else 0. */
  readonly typeLength: number;
  readonly optional: boolean;
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

interface SchemaElement {
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

const repetitionRequired = 0;
const repetitionRepeated = 2;

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
  let repetition = repetitionRequired;
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
    else if (id === 3) repetition = reader.i32();
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
  return { physical, typeLength, repetition, name, children, bytes, ...annotations };
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

export interface FileSchema {
  /** One per child of the root. */
  readonly fields: readonly Field[];
  /** By field index; undefined where the field is nested or unsupported. */
  readonly columns: readonly (ParquetColumn | undefined)[];
  /** Number of leaves: chunks in each row group. */
  readonly leaves: number;
}

export function fileSchema(elements: readonly SchemaElement[]): FileSchema {
  const root = elements[0];
  if (!root) throw new ThriftError("the schema is empty");
  const fields: Field[] = [];
  const columns: (ParquetColumn | undefined)[] = [];
  let leaves = 0;
  let at = 1;
  for (let child = 0; child < root.children; child++) {
    const element = elements[at];
    if (!element) throw new ThriftError("the schema ends early");
    const nested = element.children > 0 || element.physical < 0;
    if (nested || element.repetition === repetitionRepeated) {
      fields.push(unsupportedField(element.name, `nested column "${element.name}"`));
      columns.push(undefined);
      const end = subtreeEnd(elements, at);
      for (let i = at; i < end; i++) if (elements[i]!.children === 0) leaves++;
      at = end;
      continue;
    }
    const column = leafColumn(element, leaves);
    if (typeof column === "string") {
      fields.push(unsupportedField(element.name, column));
      columns.push(undefined);
    } else {
      fields.push({ name: column.name, type: column.type, nullable: column.optional });
      columns.push(column);
    }
    leaves++;
    at++;
  }
  return { fields, columns, leaves };
}

function unsupportedField(name: string, what: string): Field {
  return { name, type: types.null, nullable: true, unsupported: what };
}

/** Index just after the subtree that starts at `start`. */
function subtreeEnd(elements: readonly SchemaElement[], start: number): number {
  let open = 1;
  let at = start;
  while (open > 0) {
    const element = elements[at++];
    if (!element) throw new ThriftError("the schema ends early");
    open += element.children - 1;
  }
  return at;
}

/** The column, or what is unsupported about it. */
function leafColumn(element: SchemaElement, leaf: number): ParquetColumn | string {
  const physical = physicalTypes[element.physical];
  if (!physical) throw new ThriftError(`physical type ${element.physical}`);
  const typeLength = physical === "FIXED_LEN_BYTE_ARRAY" ? element.typeLength : 0;
  if (physical === "FIXED_LEN_BYTE_ARRAY" && (typeLength <= 0 || typeLength > 1 << 24)) {
    throw new ThriftError(`a fixed length of ${typeLength} bytes`);
  }
  const found = translate(element, physical, typeLength);
  if (typeof found === "string") return `${found} column "${element.name}"`;
  const [type, conversion, signed = false] = found;
  const optional = element.repetition !== repetitionRequired;
  const { name, bytes } = element;
  return { name, leaf, physical, typeLength, optional, type, conversion, signed, element: bytes };
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
  const text = id === logical.string || id === logical.enum || id === logical.json;
  const oldText = [converted.utf8, converted.enum, converted.json].some((kind) => kind === element.converted);
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
