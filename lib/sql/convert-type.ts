/** Type names as written, to data types. Lengths of VARCHAR(n) and CHAR(n) are not enforced, as in DuckDB. */
import { type DataType, decimalPrecisionMax, types } from "../arrow/types.ts";
import { QueryError, type Span, unsupported } from "../errors.ts";
import { list, type Raw, variant } from "./raw.ts";

const plainTypes: Readonly<Record<string, DataType>> = {
  Bool: types.boolean,
  Boolean: types.boolean,
  TinyInt: types.int8,
  SmallInt: types.int16,
  Int2: types.int16,
  Int16: types.int16,
  Int: types.int32,
  Integer: types.int32,
  Int4: types.int32,
  Int32: types.int32,
  Signed: types.int64,
  BigInt: types.int64,
  Int8: types.int64, // eight bytes, as in PostgreSQL and DuckDB
  Int64: types.int64,
  Real: types.float32,
  Float4: types.float32,
  Float32: types.float32,
  Double: types.float64,
  DoublePrecision: types.float64,
  Float8: types.float64,
  Float64: types.float64,
  Varchar: types.varchar,
  Nvarchar: types.varchar,
  Char: types.varchar,
  Character: types.varchar,
  CharacterVarying: types.varchar,
  CharVarying: types.varchar,
  Text: types.varchar,
  String: types.varchar,
  Date: types.date,
  Blob: types.binary,
  Binary: types.binary,
  Varbinary: types.binary,
  Bytea: types.binary,
  Bytes: types.binary,
  JSON: types.json,
  JSONB: types.json,
};

const customTypes: Readonly<Record<string, DataType>> = {
  int1: types.int8,
  short: types.int16,
  long: types.int64,
  logical: types.boolean,
  bpchar: types.varchar,
  json: types.json,
};

export function convertType(raw: unknown, span: Span | undefined): DataType {
  const [tag, payload] = variant(raw);
  const plain = plainTypes[tag];
  if (plain) return plain;
  switch (tag) {
    case "Float":
      return convertFloat(payload);
    case "Decimal":
    case "Numeric":
    case "Dec":
      return convertDecimal(payload, span);
    case "Datetime":
      return timestamp(payload, "None", span);
    case "Timestamp":
      return timestamp(list(payload)[0], list(payload)[1], span);
    case "Interval":
      return types.interval;
    case "Custom": {
      const custom = customTypes[customName(payload).toLowerCase()];
      if (custom) return custom;
      throw unsupported(`type ${customName(payload)}`, span);
    }
    default:
      throw unsupported(`type ${tag.toUpperCase()}`, span);
  }
}

function convertFloat(payload: unknown): DataType {
  const precision = (payload as Raw | undefined)?.Precision;
  return typeof precision === "number" && precision > 24 ? types.float64 : types.float32;
}

function convertDecimal(payload: unknown, span: Span | undefined): DataType {
  const [tag, value] = variant(payload);
  // DECIMAL alone is DECIMAL(18,3), as in DuckDB.
  const [precision, scale] =
    tag === "None" ? [18, 3] : tag === "Precision" ? [Number(value), 0] : list(value).map(Number);
  if (precision === undefined || scale === undefined || precision < 1 || precision > decimalPrecisionMax) {
    throw new QueryError("invalid_argument", `the precision of a DECIMAL must be from 1 to ${decimalPrecisionMax}`, {
      ...(span && { span }),
    });
  }
  if (scale < 0 || scale > precision) {
    throw new QueryError("invalid_argument", "the scale of a DECIMAL must be from 0 to its precision", {
      ...(span && { span }),
    });
  }
  return types.decimal(precision, scale);
}

function timestamp(precision: unknown, zone: unknown, span: Span | undefined): DataType {
  if (typeof precision === "number" && precision !== 6) throw unsupported(`TIMESTAMP(${precision})`, span);
  return zone === "WithTimeZone" || zone === "Tz" ? types.timestamptz : types.timestamp;
}

function customName(payload: unknown): string {
  const parts = list(list(payload)[0]).map((part) => (variant(part)[1] as Raw).value);
  return parts.join(".");
}
