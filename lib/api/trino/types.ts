/** Our types in Trino's names, and values as Trino writes them in JSON. */
import { type DataType, nestedOf } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { civilOfDays, splitTimestamp } from "../../expr/calendar.ts";
import { formatValue } from "../../expr/format-value.ts";
import type { ResultColumnInfo } from "../../service/query-service.ts";

interface TypeArgument {
  readonly kind: "LONG";
  readonly value: number;
}

export interface TrinoColumn {
  readonly name: string;
  readonly type: string;
  readonly typeSignature: { readonly rawType: string; readonly arguments: readonly TypeArgument[] };
}

const plainNames = {
  null: "unknown",
  boolean: "boolean",
  int8: "tinyint",
  int16: "smallint",
  int32: "integer",
  int64: "bigint",
  float32: "real",
  float64: "double",
  date: "date",
  // Trino has two interval types, and a value of ours may be both at once.
  interval: "varchar",
  varchar: "varchar",
  binary: "varbinary",
} as const satisfies Readonly<Record<Exclude<DataType["kind"], "decimal" | "timestamp">, string>>;

/** `decimal(15,2)`, `timestamp(6) with time zone`, …; lists, structs and maps are what their values are here: `json`. */
export function trinoType(type: DataType): string {
  if (type.kind === "decimal") return `decimal(${type.precision},${type.scale})`;
  if (type.kind === "timestamp") return type.utc ? "timestamp(6) with time zone" : "timestamp(6)";
  return nestedOf(type) ? "json" : plainNames[type.kind];
}

/** @param parametric whether the client knows that timestamps have a precision (capability PARAMETRIC_DATETIME) */
export function trinoColumn({ name, type }: ResultColumnInfo, parametric: boolean): TrinoColumn {
  const full = trinoType(type);
  if (type.kind === "decimal") return column(name, full, "decimal", [type.precision, type.scale]);
  if (type.kind === "timestamp") {
    const rawType = type.utc ? "timestamp with time zone" : "timestamp";
    return parametric ? column(name, full, rawType, [6]) : column(name, rawType, rawType, []);
  }
  return column(name, full, full, full === "varchar" ? [2147483647] : []);
}

function column(name: string, type: string, rawType: string, numbers: readonly number[]): TrinoColumn {
  return { name, type, typeSignature: { rawType, arguments: numbers.map((value) => ({ kind: "LONG", value })) } };
}

/** A row as the text of a JSON array. BIGINT stays a number whatever its size: clients of this protocol read it so. */
export function trinoRow(columns: readonly ResultColumnInfo[], parametric: boolean): (row: readonly Value[]) => string {
  return (row) => `[${row.map((value, i) => trinoValue(value, columns[i]!.type, parametric)).join(",")}]`;
}

function trinoValue(value: Value, type: DataType, parametric: boolean): string {
  if (value === null) return "null";
  switch (type.kind) {
    case "boolean":
    case "int8":
    case "int16":
    case "int32":
    case "int64":
      return String(value);
    case "float32":
      return float(value as number, (number) => formatValue(number, type));
    case "float64":
      return float(value as number, String);
    case "date":
      return JSON.stringify(dateText(value as number));
    case "timestamp":
      return JSON.stringify(timestampText(value as bigint, parametric ? 6 : 3) + (type.utc ? " UTC" : ""));
    case "binary":
      return JSON.stringify(Buffer.from(value as Uint8Array).toString("base64"));
    default:
      return JSON.stringify(formatValue(value, type));
  }
}

function float(value: number, format: (value: number) => string): string {
  if (!Number.isFinite(value)) return `"${String(value)}"`;
  return Object.is(value, -0) ? "-0.0" : format(value);
}

function dateText(days: number): string {
  const { year, month, day } = civilOfDays(days);
  const sign = year < 0 ? "-" : "";
  return `${sign}${String(Math.abs(year)).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

/** Fractions beyond the digits are cut off, as Trino does for old clients. */
function timestampText(timestamp: bigint, digits: number): string {
  const { days, micros } = splitTimestamp(timestamp);
  const seconds = Number(micros / 1_000_000n);
  const fraction = String(micros % 1_000_000n)
    .padStart(6, "0")
    .slice(0, digits);
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${dateText(days)} ${clock}.${fraction}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
