/** Values of both engines in one comparable form. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { types } from "../../lib/arrow/types.ts";
import { formatValue } from "../../lib/expr/format-value.ts";
import type { SessionContext } from "../../lib/index.ts";

/** Text of each cell; floats keep a mark, since they are compared with a tolerance. */
export type Row = readonly string[];

export async function volleyRows(session: SessionContext, sql: string): Promise<Row[]> {
  const handle = await session.sql(sql);
  const rows: Row[] = [];
  for await (const values of handle.values()) {
    rows.push(values.map((value, i) => (value === null ? "NULL" : formatValue(value, handle.columns[i]!.type))));
  }
  return rows;
}

export async function duckdbRows(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowsJson().map((row) => row.map(jsonText));
}

/** Integers are written as text, so that a number is a float; the only objects are intervals. */
function jsonText(value: unknown): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return value.toExponential();
  if (typeof value !== "object") return String(value);
  const { months, days, micros } = value as { months: number; days: number; micros: string };
  return formatValue({ months, days, micros: BigInt(micros) }, types.interval);
}

const numeric = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const names: Readonly<Record<string, string>> = { Infinity: "inf", "-Infinity": "-inf", NaN: "nan" };

/** One spelling for equal values: decimals without trailing zeros, floats to 10 significant digits. */
export function canonical(cell: string): string {
  const text = names[cell] ?? cell;
  if (!numeric.test(text)) return text;
  const exact = /^[+-]?\d+$/.test(text) && text.length > 15;
  if (exact) return text.replace(/^\+/, "");
  const value = Number(text);
  return value === 0 ? "0" : String(Number(value.toPrecision(10)));
}

/** Rows in comparable form; in a fixed order when the query leaves theirs open. */
export function comparable(rows: readonly Row[], ordered: boolean): string[] {
  const lines = rows.map((row) => row.map(canonical).join("\t"));
  return ordered ? lines : lines.sort();
}
