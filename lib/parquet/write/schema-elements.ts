import type { DataType, Field } from "../../arrow/types.ts";
import type { ThriftWriter } from "./thrift-writer.ts";

/** How Parquet stores a type. Numbers are those of parquet.thrift. */
interface ParquetType {
  readonly physical: number;
  readonly fixedBytes?: number;
  readonly converted?: number;
  readonly logical?: (thrift: ThriftWriter) => void;
}

const int32 = 1;
const int64 = 2;
const byteArray = 6;
const fixedByteArray = 7;

/** The physical type's number in parquet.thrift. */
export function physicalTypeOf(type: DataType): number {
  return parquetType(type).physical;
}

/** Writes one column's SchemaElement. */
export function writeSchemaElement(thrift: ThriftWriter, field: Field): void {
  const stored = parquetType(field.type);
  const decimal = field.type.kind === "decimal" ? field.type : undefined;
  thrift.i32(1, stored.physical);
  thrift.i32(2, stored.fixedBytes);
  thrift.i32(3, field.nullable ? 1 : 0);
  thrift.text(4, field.name);
  thrift.i32(6, stored.converted);
  thrift.i32(7, decimal?.scale);
  thrift.i32(8, decimal?.precision);
  if (stored.logical) thrift.struct(10, () => stored.logical?.(thrift));
}

function parquetType(type: DataType): ParquetType {
  switch (type.kind) {
    case "null":
      return { physical: int32, logical: (t) => t.struct(11, () => {}) };
    case "boolean":
      return { physical: 0 };
    case "int8":
      return { physical: int32, converted: 15, logical: integer(8) };
    case "int16":
      return { physical: int32, converted: 16, logical: integer(16) };
    case "int32":
      return { physical: int32, converted: 17, logical: integer(32) };
    case "int64":
      return { physical: int64, converted: 18, logical: integer(64) };
    case "float32":
      return { physical: 4 };
    case "float64":
      return { physical: 5 };
    case "decimal":
      return decimalType(type.precision, type.scale);
    case "date":
      return { physical: int32, converted: 6, logical: (t) => t.struct(6, () => {}) };
    case "timestamp":
      return { physical: int64, ...(type.utc && { converted: 10 }), logical: timestampMicros(type.utc) };
    case "interval":
      return { physical: fixedByteArray, fixedBytes: 12, converted: 21 };
    case "varchar":
      if (type.nested) return { physical: byteArray, converted: 19, logical: (t) => t.struct(12, () => {}) };
      return { physical: byteArray, converted: 0, logical: (t) => t.struct(1, () => {}) };
    case "binary":
      return { physical: byteArray };
  }
}

function decimalType(precision: number, scale: number): ParquetType {
  const logical = (thrift: ThriftWriter) =>
    thrift.struct(5, () => {
      thrift.i32(1, scale);
      thrift.i32(2, precision);
    });
  if (precision <= 9) return { physical: int32, converted: 5, logical };
  if (precision <= 18) return { physical: int64, converted: 5, logical };
  return { physical: fixedByteArray, fixedBytes: 16, converted: 5, logical };
}

function integer(bits: number): (thrift: ThriftWriter) => void {
  return (thrift) =>
    thrift.struct(10, () => {
      thrift.i8(1, bits);
      thrift.bool(2, true); // signed
    });
}

function timestampMicros(utc: boolean): (thrift: ThriftWriter) => void {
  return (thrift) =>
    thrift.struct(8, () => {
      thrift.bool(1, utc);
      thrift.struct(2, () => thrift.struct(2, () => {}));
    });
}
