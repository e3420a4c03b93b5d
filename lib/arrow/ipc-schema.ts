/** Arrow's schema message in both directions. Numbers are those of Arrow's Schema.fbs and Message.fbs. */
import { QueryError, unsupported } from "../errors.ts";
import { FlatbufferBuilder, type Offset } from "./flatbuffer-builder.ts";
import type { FlatbufferTable } from "./flatbuffer-table.ts";
import { type DataType, decimalPrecisionMax, type Field, type Schema } from "./types.ts";

export const messageHeader = { schema: 1, dictionaryBatch: 2, recordBatch: 3 } as const;
export const metadataVersion5 = 4;

const typeId = {
  null: 1,
  int: 2,
  floatingPoint: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  timestamp: 10,
  interval: 11,
  largeBinary: 19,
  largeUtf8: 20,
} as const;
const dateUnit = { day: 0, millisecond: 1 } as const;
const timeUnit = { second: 0, millisecond: 1, microsecond: 2, nanosecond: 3 } as const;
const monthDayNano = 2;

/** How a column lies in the body: our type and, where Arrow has several layouts of it, which one. */
export interface IpcField extends Field {
  readonly offsets: 32 | 64;
}

/** The schema message's header. */
export function encodeSchema(schema: Schema): Uint8Array {
  const builder = new FlatbufferBuilder();
  const fields = builder.vectorOfOffsets(schema.fields.map((field) => encodeField(builder, field)));
  builder.startTable();
  builder.offset(1, fields);
  return encodeMessage(builder, messageHeader.schema, builder.endTable(), 0);
}

/** Wraps a header in a Message and finishes the buffer. */
export function encodeMessage(builder: FlatbufferBuilder, kind: number, header: Offset, bodyBytes: number): Uint8Array {
  builder.startTable();
  builder.int64(3, bodyBytes);
  builder.offset(2, header);
  builder.int16(0, metadataVersion5);
  builder.int8(1, kind);
  return builder.finish(builder.endTable());
}

function encodeField(builder: FlatbufferBuilder, { name, type, nullable }: Field): Offset {
  const nameOffset = builder.string(name);
  const [id, typeOffset] = encodeType(builder, type);
  const children = builder.vectorOfOffsets([]);
  builder.startTable();
  builder.offset(0, nameOffset);
  builder.offset(3, typeOffset);
  builder.offset(5, children);
  builder.int8(1, nullable ? 1 : 0);
  builder.int8(2, id);
  return builder.endTable();
}

function encodeType(builder: FlatbufferBuilder, type: DataType): [number, Offset] {
  const zone = type.kind === "timestamp" && type.utc ? builder.string("UTC") : undefined;
  builder.startTable();
  const id = typeFields(builder, type);
  if (zone !== undefined) builder.offset(1, zone);
  return [id, builder.endTable()];
}

function typeFields(builder: FlatbufferBuilder, type: DataType): number {
  const int = (bits: number) => {
    builder.int32(0, bits);
    builder.int8(1, 1);
    return typeId.int;
  };
  switch (type.kind) {
    case "null":
      return typeId.null;
    case "boolean":
      return typeId.bool;
    case "int8":
      return int(8);
    case "int16":
      return int(16);
    case "int32":
      return int(32);
    case "int64":
      return int(64);
    case "float32":
    case "float64":
      builder.int16(0, type.kind === "float32" ? 1 : 2);
      return typeId.floatingPoint;
    case "decimal":
      builder.int32(0, type.precision);
      builder.int32(1, type.scale);
      builder.int32(2, 128);
      return typeId.decimal;
    case "date":
      builder.int16(0, dateUnit.day);
      return typeId.date;
    case "timestamp":
      builder.int16(0, timeUnit.microsecond);
      return typeId.timestamp;
    case "interval":
      builder.int16(0, monthDayNano);
      return typeId.interval;
    case "varchar":
      return typeId.utf8;
    case "binary":
      return typeId.binary;
  }
}

/** Reads a schema header. @throws QueryError unsupported for layouts that Volley never writes and does not read */
export function decodeSchema(table: FlatbufferTable): IpcField[] {
  if (table.int16(0) !== 0) throw unsupported("a big-endian Arrow stream");
  return table.tables(1).map(decodeField);
}

function decodeField(table: FlatbufferTable): IpcField {
  const name = table.string(0) ?? "";
  if (table.table(4) !== undefined) throw unsupported(`the dictionary-encoded Arrow column ${name}`);
  const type = table.table(3);
  const id = table.int8(2);
  if (type === undefined) throw new QueryError("corrupt_file", `the Arrow column ${name} has no type`);
  const decoded = decodeType(id, type);
  if (decoded === undefined) throw unsupported(`Arrow's type ${id} of column ${name}`);
  const large = id === typeId.largeUtf8 || id === typeId.largeBinary;
  return { name, nullable: table.int8(1) !== 0, type: decoded, offsets: large ? 64 : 32 };
}

function decodeType(id: number, type: FlatbufferTable): DataType | undefined {
  switch (id) {
    case typeId.null:
      return { kind: "null" };
    case typeId.bool:
      return { kind: "boolean" };
    case typeId.int:
      return decodeInt(type.int32(0), type.int8(1) !== 0);
    case typeId.floatingPoint:
      return ([undefined, { kind: "float32" }, { kind: "float64" }] as const)[type.int16(0)];
    case typeId.decimal: {
      const [precision, scale, bits] = [type.int32(0), type.int32(1), type.int32(2, 128)];
      const known = bits === 128 && precision <= decimalPrecisionMax && scale >= 0 && scale <= precision;
      return known ? { kind: "decimal", precision, scale } : undefined;
    }
    case typeId.date:
      return type.int16(0, dateUnit.millisecond) === dateUnit.day ? { kind: "date" } : undefined;
    case typeId.timestamp:
      if (type.int16(0) !== timeUnit.microsecond) return undefined;
      return { kind: "timestamp", utc: (type.string(1) ?? "") !== "" };
    case typeId.interval:
      return type.int16(0) === monthDayNano ? { kind: "interval" } : undefined;
    case typeId.utf8:
    case typeId.largeUtf8:
      return { kind: "varchar" };
    case typeId.binary:
    case typeId.largeBinary:
      return { kind: "binary" };
    default:
      return undefined;
  }
}

function decodeInt(bits: number, signed: boolean): DataType | undefined {
  if (!signed) return undefined;
  switch (bits) {
    case 8:
      return { kind: "int8" };
    case 16:
      return { kind: "int16" };
    case 32:
      return { kind: "int32" };
    case 64:
      return { kind: "int64" };
    default:
      return undefined;
  }
}
