/** system.jdbc.*: what java.sql.DatabaseMetaData of Trino's JDBC driver asks for. */
import { type DataType, types } from "../../arrow/types.ts";
import type { Cell } from "./answer.ts";
import { type MetadataTable, type MetadataTables, schemasOf } from "./metadata-table.ts";
import { catalogName } from "./session.ts";
import { trinoType } from "./types.ts";

/** Of java.sql.Types, and the column size that java.sql.DatabaseMetaData.getColumns means: digits, or characters. */
interface JdbcType {
  readonly code: number;
  readonly size: number | null;
}

const longest = 2_147_483_647;

function jdbcType(type: DataType): JdbcType {
  if (type.kind === "decimal") return { code: 3, size: type.precision };
  if (type.kind === "timestamp") return type.utc ? { code: 2014, size: 32 } : { code: 93, size: 26 };
  return plainTypes[type.kind as keyof typeof plainTypes] ?? { code: 2000, size: null };
}

const plainTypes = {
  null: { code: 0, size: null },
  boolean: { code: 16, size: null },
  int8: { code: -6, size: 3 },
  int16: { code: 5, size: 5 },
  int32: { code: 4, size: 10 },
  int64: { code: -5, size: 19 },
  float32: { code: 7, size: 7 },
  float64: { code: 8, size: 15 },
  date: { code: 91, size: 10 },
  interval: { code: 12, size: longest },
  varchar: { code: 12, size: longest },
  binary: { code: -3, size: longest },
} as const satisfies Readonly<Record<string, JdbcType>>;

function radix({ kind }: DataType): number | null {
  return /^(int\d|float|decimal)/.test(kind) ? 10 : null;
}

/** What has a row in getTypeInfo. */
const typeInfo: readonly DataType[] = [
  types.boolean,
  ...[types.int8, types.int16, types.int32, types.int64, types.float32, types.float64],
  ...[types.decimal(38, 0), types.date, types.timestamp, types.timestamptz, types.varchar, types.binary],
];

function table(columns: string, rows: readonly (readonly Cell[])[] = []): MetadataTable {
  return { columns: columns.split(" "), rows };
}

export const jdbcTables: MetadataTables = {
  "system.jdbc.catalogs": () => table("table_cat", [[catalogName]]),
  "system.jdbc.schemas": (tables) =>
    table(
      "table_schem table_catalog",
      schemasOf(tables).map((schema) => [schema, catalogName]),
    ),
  "system.jdbc.table_types": () => table("table_type", [["TABLE"], ["VIEW"]]),
  "system.jdbc.tables": (tables) =>
    table(
      "table_cat table_schem table_name table_type remarks type_cat type_schem type_name self_referencing_col_name ref_generation",
      tables.map(({ schema, name }) => [catalogName, schema, name, "TABLE", null, null, null, null, null, null]),
    ),
  "system.jdbc.columns": (tables) =>
    table(
      "table_cat table_schem table_name column_name data_type:bigint type_name column_size:bigint buffer_length:bigint " +
        "decimal_digits:bigint num_prec_radix:bigint nullable:bigint remarks column_def sql_data_type:bigint " +
        "sql_datetime_sub:bigint char_octet_length:bigint ordinal_position:bigint is_nullable scope_catalog scope_schema " +
        "scope_table source_data_type:bigint is_autoincrement is_generatedcolumn",
      tables.flatMap(({ schema, name, columns }) =>
        columns.map(({ name: column, type, nullable }, i): readonly Cell[] => {
          const { code, size } = jdbcType(type);
          const digits = type.kind === "decimal" ? type.scale : type.kind === "timestamp" ? 6 : null;
          const octets = code === 12 || code === -3 ? size : null;
          const [nullCode, nullText] = nullable ? [1, "YES"] : [0, "NO"];
          return [
            ...[catalogName, schema, name, column],
            ...[code, trinoType(type), size, null, digits, radix(type), nullCode],
            ...[null, null, null, null, octets, i + 1, nullText],
            ...[null, null, null, null, "NO", "NO"],
          ];
        }),
      ),
    ),
  "system.jdbc.types": () =>
    table(
      "type_name data_type:bigint precision:bigint literal_prefix literal_suffix create_params nullable:bigint " +
        "case_sensitive:boolean searchable:bigint unsigned_attribute:boolean fixed_prec_scale:boolean auto_increment:boolean " +
        "local_type_name minimum_scale:bigint maximum_scale:bigint sql_data_type:bigint sql_datetime_sub:bigint num_prec_radix:bigint",
      typeInfo.map((type): readonly Cell[] => {
        const { code, size } = jdbcType(type);
        const isText = type.kind === "varchar";
        const [prefix, suffix] = isText ? ["'", "'"] : [null, null];
        const parameters = type.kind === "decimal" ? "precision,scale" : null;
        const scaleMax = type.kind === "decimal" ? 38 : 0;
        return [
          ...[trinoType(type).replace(/\(.*?\)/, ""), code, size, prefix, suffix, parameters],
          ...[1, isText, 3, null, false, null, null, 0, scaleMax, null, null, radix(type)],
        ];
      }),
    ),
  "system.jdbc.procedures": () =>
    table("procedure_cat procedure_schem procedure_name remarks procedure_type:bigint specific_name"),
  "system.jdbc.procedure_columns": () =>
    table(
      "procedure_cat procedure_schem procedure_name column_name column_type:bigint data_type:bigint type_name " +
        "precision:bigint length:bigint scale:bigint radix:bigint nullable:bigint remarks column_def sql_data_type:bigint " +
        "sql_datetime_sub:bigint char_octet_length:bigint ordinal_position:bigint is_nullable specific_name",
    ),
  "system.jdbc.pseudo_columns": () =>
    table(
      "table_cat table_schem table_name column_name data_type:bigint column_size:bigint decimal_digits:bigint " +
        "num_prec_radix:bigint column_usage remarks char_octet_length:bigint is_nullable",
    ),
  "system.jdbc.super_tables": () => table("table_cat table_schem table_name supertable_name"),
  "system.jdbc.super_types": () => table("type_cat type_schem type_name supertype_cat supertype_schem supertype_name"),
  "system.jdbc.udts": () => table("type_cat type_schem type_name class_name data_type:bigint remarks base_type:bigint"),
  "system.jdbc.attributes": () =>
    table(
      "type_cat type_schem type_name attr_name data_type:bigint attr_type_name attr_size:bigint decimal_digits:bigint " +
        "num_prec_radix:bigint nullable:bigint remarks attr_def sql_data_type:bigint sql_datetime_sub:bigint " +
        "char_octet_length:bigint ordinal_position:bigint is_nullable scope_catalog scope_schema scope_table source_data_type:bigint",
    ),
};
