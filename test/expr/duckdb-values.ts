/** DuckDB as the oracle of single expressions. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type DataType, typeName } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import { formatValue } from "../../lib/expr/format-value.ts";

export async function connectDuckDb(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  return instance.connect();
}

/** A value as SQL that DuckDB reads back as the same value. */
export function duckLiteral(value: Value, type: DataType): string {
  const name = typeName(type) === "VARBINARY" ? "BLOB" : typeName(type) === "NULL" ? "INTEGER" : typeName(type);
  if (value === null) return `CAST(NULL AS ${name})`;
  return `CAST('${formatValue(value, type).replaceAll("'", "''")}' AS ${name})`;
}

/** `sql` over columns c0, c1, … for each row, as text; errors are NULL. */
export async function duckEvaluate(
  connection: DuckDBConnection,
  sql: string,
  types: readonly DataType[],
  rows: readonly (readonly Value[])[],
): Promise<(string | null)[]> {
  const values = rows.map((row, i) => `(${[i, ...row.map((value, j) => duckLiteral(value, types[j]!))].join(", ")})`);
  const columns = ["i", ...types.map((_, i) => `c${i}`)].join(", ");
  const query = `SELECT TRY((${sql})::VARCHAR) FROM (VALUES ${values.join(",\n")}) t(${columns}) ORDER BY i`;
  const reader = await connection.runAndReadAll(query);
  return reader.getRows().map((row) => row[0] as string | null);
}
