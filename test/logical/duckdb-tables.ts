/** Tables of a DuckDB connection as a catalog and as rows for the interpreter. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { types } from "../../lib/arrow/types.ts";
import type { Value } from "../../lib/arrow/value.ts";
import type { Catalog, Table } from "../../lib/catalog/table.ts";
import { castValue } from "../../lib/expr/cast.ts";
import { parse } from "../../lib/sql/parse.ts";
import type { Row } from "./interpret-plan.ts";

export interface DuckdbTables {
  readonly catalog: Catalog;
  readonly rows: ReadonlyMap<string, readonly Row[]>;
}

export async function duckdbTables(duckdb: DuckDBConnection, names: readonly string[]): Promise<DuckdbTables> {
  const tables = new Map<string, Table>();
  const rows = new Map<string, readonly Row[]>();
  for (const name of names) {
    const reader = await duckdb.runAndReadAll(`SELECT * FROM ${name}`);
    const columnTypes = await Promise.all(reader.columnTypes().map((type) => typeOf(String(type))));
    const fields = reader.columnNames().map((column, i) => ({ name: column, type: columnTypes[i]!, nullable: true }));
    const read = reader.getRowsJson().map((row) => {
      return row.map(
        (value, i): Value => (value === null ? null : castValue(text(value), types.varchar, columnTypes[i]!)),
      );
    });
    rows.set(name, read);
    const statistics = { rows: read.length, bytes: 1000 * read.length, exact: true, columns: fields.map(() => ({})) };
    tables.set(name, { name, format: "parquet", schema: { fields }, files: [], statistics });
  }
  const catalog: Catalog = {
    table: async (parts) => tables.get(parts.at(-1)!.toLowerCase()),
    path: () => Promise.reject(new Error("no paths here")),
    names: () => [...tables.keys()],
  };
  return { catalog, rows };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : String(value);
}

async function typeOf(name: string) {
  const [statement] = await parse(`SELECT CAST(NULL AS ${name})`);
  const body = statement?.kind === "query" && statement.query.body.kind === "select" ? statement.query.body : undefined;
  const item = body?.items[0];
  if (item?.kind !== "expr" || item.expr.kind !== "cast") throw new Error(`no type ${name}`);
  return item.expr.type;
}
