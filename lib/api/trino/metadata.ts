/**
 * The tables that tell of tables — information_schema.*, system.jdbc.* and the like — as rows made from what the query
 * service knows. A statement that names one gets its rows as VALUES instead, so that all of SQL works on them.
 */
import type { TableInfo } from "../../service/query-service.ts";
import { catalogName, defaultSchema } from "./session.ts";
import { trinoType } from "./types.ts";

export type Cell = string | number | null;

export interface MetadataTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const informationSchema = "information_schema";

export function schemasOf(tables: readonly TableInfo[]): readonly string[] {
  return [...new Set([defaultSchema, informationSchema, ...tables.map(({ schema }) => schema)])].sort();
}

/** java.sql.Types */
const jdbcTypes: Readonly<Record<string, number>> = {
  null: 0,
  boolean: 16,
  int8: -6,
  int16: 5,
  int32: 4,
  int64: -5,
  float32: 7,
  float64: 8,
  decimal: 3,
  date: 91,
  timestamp: 93,
  interval: 12,
  varchar: 12,
  binary: -3,
};

/** By lower-case name without the catalog; undefined for any other table. */
export function metadataTable(name: string, tables: readonly TableInfo[]): MetadataTable | undefined {
  return builders[name]?.(tables);
}

const builders: Readonly<Record<string, (tables: readonly TableInfo[]) => MetadataTable>> = {
  "information_schema.schemata": (tables) => ({
    columns: ["catalog_name", "schema_name"],
    rows: schemasOf(tables).map((schema) => [catalogName, schema]),
  }),
  "information_schema.tables": (tables) => ({
    columns: ["table_catalog", "table_schema", "table_name", "table_type"],
    rows: tables.map(({ schema, name }) => [catalogName, schema, name, "BASE TABLE"]),
  }),
  "information_schema.views": () => ({
    columns: ["table_catalog", "table_schema", "table_name", "view_definition"],
    rows: [],
  }),
  "information_schema.columns": (tables) => ({
    columns: [
      "table_catalog",
      "table_schema",
      "table_name",
      "column_name",
      "ordinal_position",
      "column_default",
      "is_nullable",
      "data_type",
      // Hidden ones in Trino: SELECT * has them here, too.
      "comment",
      "extra_info",
    ],
    rows: tables.flatMap(({ schema, name, columns }) =>
      columns.map((column, i) => {
        const nullable = column.nullable ? "YES" : "NO";
        return [catalogName, schema, name, column.name, i + 1, null, nullable, trinoType(column.type), null, null];
      }),
    ),
  }),
  "information_schema.table_privileges": () => ({
    columns: ["grantor", "grantee", "table_catalog", "table_schema", "table_name", "privilege_type"],
    rows: [],
  }),
  "system.metadata.table_comments": (tables) => ({
    columns: ["catalog_name", "schema_name", "table_name", "comment"],
    rows: tables.map(({ schema, name }) => [catalogName, schema, name, null]),
  }),
  "system.metadata.catalogs": () => ({
    columns: ["catalog_name", "connector_id", "connector_name"],
    rows: [[catalogName, catalogName, "volley"]],
  }),
  "system.runtime.nodes": () => ({
    columns: ["node_id", "http_uri", "node_version", "coordinator", "state"],
    rows: [["volley", "", "volley", "true", "active"]],
  }),
  "system.jdbc.catalogs": () => ({ columns: ["table_cat"], rows: [[catalogName]] }),
  "system.jdbc.schemas": (tables) => ({
    columns: ["table_schem", "table_catalog"],
    rows: schemasOf(tables).map((schema) => [schema, catalogName]),
  }),
  "system.jdbc.table_types": () => ({ columns: ["table_type"], rows: [["TABLE"], ["VIEW"]] }),
  "system.jdbc.tables": (tables) => ({
    columns: [
      "table_cat",
      "table_schem",
      "table_name",
      "table_type",
      "remarks",
      "type_cat",
      "type_schem",
      "type_name",
      "self_referencing_col_name",
      "ref_generation",
    ],
    rows: tables.map(({ schema, name }) => [catalogName, schema, name, "TABLE", null, null, null, null, null, null]),
  }),
  "system.jdbc.columns": (tables) => ({
    columns: [
      "table_cat",
      "table_schem",
      "table_name",
      "column_name",
      "data_type",
      "type_name",
      "column_size",
      "buffer_length",
      "decimal_digits",
      "num_prec_radix",
      "nullable",
      "remarks",
      "column_def",
      "sql_data_type",
      "sql_datetime_sub",
      "char_octet_length",
      "ordinal_position",
      "is_nullable",
      "scope_catalog",
      "scope_schema",
      "scope_table",
      "source_data_type",
      "is_autoincrement",
      "is_generatedcolumn",
    ],
    rows: tables.flatMap(({ schema, name, columns }) =>
      columns.map(({ name: column, type, nullable }, i): readonly Cell[] => {
        const code = type.kind === "timestamp" && type.utc ? 2014 : jdbcTypes[type.kind]!;
        const [size, digits] = type.kind === "decimal" ? [type.precision, type.scale] : [null, null];
        const radix = /^(int|float|decimal)/.test(type.kind) ? 10 : null;
        const [nullCode, nullText] = nullable ? [1, "YES"] : [0, "NO"];
        const place = [catalogName, schema, name, column];
        const shape = [code, trinoType(type), size, null, digits, radix, nullCode, null, null, null, null, null];
        return [...place, ...shape, i + 1, nullText, null, null, null, null, null, "NO"];
      }),
    ),
  }),
};

/** The tables that SQLAlchemy, JDBC and others look into but that hold nothing here. */
export const knownMetadata: readonly string[] = Object.keys(builders);

/** A table as a query in parentheses. */
export function asValues({ columns, rows }: MetadataTable): string {
  const names = columns.map((name) => `"${name}"`).join(", ");
  if (rows.length === 0) {
    return `(select ${columns.map((name) => `cast(null as varchar) as "${name}"`).join(", ")} where false)`;
  }
  // A column without any value needs a type.
  const empty = columns.map((_, i) => rows.every((row) => row[i] === null));
  const lines = rows.map(
    (row) => `(${row.map((cell, i) => (empty[i] ? "cast(null as varchar)" : sqlCell(cell))).join(", ")})`,
  );
  return `(select * from (values ${lines.join(", ")}) as m(${names}))`;
}

function sqlCell(cell: Cell): string {
  if (cell === null) return "null";
  return typeof cell === "number" ? String(cell) : `'${cell.replaceAll("'", "''")}'`;
}

export function describeRows(table: TableInfo): readonly (readonly Cell[])[] {
  return table.columns.map(({ name, type }) => [name, trinoType(type), "", ""]);
}
