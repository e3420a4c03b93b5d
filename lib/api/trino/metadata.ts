/**
 * The tables that tell of tables — information_schema.*, system.* — as rows made from what the query service knows. A
 * statement that names one gets its rows as VALUES instead, so that all of SQL works on them.
 */
import { typeName } from "../../arrow/types.ts";
import type { TableInfo } from "../../service/query-service.ts";
import { version } from "../../version.ts";
import { type Cell, columnOf } from "./answer.ts";
import { jdbcTables } from "./jdbc-metadata.ts";
import { type MetadataTable, type MetadataTables, schemasOf } from "./metadata-table.ts";
import { catalogName } from "./session.ts";
import { trinoType } from "./types.ts";

/** By lower-case name without the catalog; undefined for any other table. */
export function metadataTable(name: string, tables: readonly TableInfo[]): MetadataTable | undefined {
  return Object.hasOwn(builders, name) ? builders[name]!(tables) : undefined;
}

/** A table that exists, with nothing in it. */
function empty(columns: string): () => MetadataTable {
  return () => ({ columns: columns.split(" "), rows: [] });
}

const builders: MetadataTables = {
  "information_schema.schemata": (tables) => ({
    columns: ["catalog_name", "schema_name"],
    rows: schemasOf(tables).map((schema) => [catalogName, schema]),
  }),
  "information_schema.tables": (tables) => ({
    columns: ["table_catalog", "table_schema", "table_name", "table_type"],
    rows: tables.map(({ schema, name }) => [catalogName, schema, name, "BASE TABLE"]),
  }),
  "information_schema.columns": (tables) => ({
    // Trino hides the last two; SELECT * has them here.
    columns:
      "table_catalog table_schema table_name column_name ordinal_position:bigint column_default is_nullable data_type comment extra_info".split(
        " ",
      ),
    rows: tables.flatMap(({ schema, name, columns }) =>
      columns.map((column, i) => {
        const nullable = column.nullable ? "YES" : "NO";
        return [catalogName, schema, name, column.name, i + 1, null, nullable, trinoType(column.type), null, null];
      }),
    ),
  }),
  "information_schema.views": empty("table_catalog table_schema table_name view_definition"),
  "information_schema.table_privileges": empty(
    "grantor grantor_type grantee grantee_type table_catalog table_schema table_name privilege_type is_grantable with_hierarchy",
  ),
  "information_schema.roles": empty("role_name"),
  "information_schema.applicable_roles": empty("grantee grantee_type role_name is_grantable"),
  "information_schema.enabled_roles": empty("role_name"),
  "information_schema.role_authorization_descriptors": empty(
    "role_name grantor grantor_type grantee grantee_type is_grantable",
  ),
  "system.metadata.catalogs": () => ({
    columns: ["catalog_name", "connector_id", "connector_name", "state"],
    rows: [[catalogName, catalogName, "volley", "READY"]],
  }),
  "system.metadata.table_comments": (tables) => ({
    columns: ["catalog_name", "schema_name", "table_name", "comment"],
    rows: tables.map(({ schema, name }) => [catalogName, schema, name, null]),
  }),
  "system.metadata.schema_properties": empty("catalog_name property_name default_value type description"),
  "system.metadata.table_properties": empty("catalog_name property_name default_value type description"),
  "system.metadata.column_properties": empty("catalog_name property_name default_value type description"),
  "system.metadata.analyze_properties": empty("catalog_name property_name default_value type description"),
  "system.metadata.materialized_views": empty(
    "catalog_name schema_name name storage_catalog storage_schema storage_table freshness last_fresh_time comment definition",
  ),
  "system.runtime.nodes": () => ({
    columns: ["node_id", "http_uri", "node_version", "coordinator:boolean", "state"],
    rows: [["volley", "", version, true, "active"]],
  }),
  ...jdbcTables,
};

/** A table as a query in parentheses. */
export function asValues({ columns, rows }: MetadataTable): string {
  const described = columns.map(columnOf);
  const names = described.map(({ name }) => `"${name}"`).join(", ");
  const typed = described.map(({ name, type }) => ({ name, sqlType: typeName(type) }));
  if (rows.length === 0) {
    return `(select ${typed.map(({ name, sqlType }) => `cast(null as ${sqlType}) as "${name}"`).join(", ")} where false)`;
  }
  // The first row says the types of all.
  const lines = rows.map((row, line) => {
    const cells = row.map((cell, i) => (line === 0 ? `cast(${sqlCell(cell)} as ${typed[i]!.sqlType})` : sqlCell(cell)));
    return `(${cells.join(", ")})`;
  });
  return `(select * from (values ${lines.join(", ")}) as m(${names}))`;
}

function sqlCell(cell: Cell): string {
  return typeof cell === "string" ? `'${cell.replaceAll("'", "''")}'` : String(cell);
}
