/**
 * Tables of the Glue Data Catalog, read-only, beside a deployment's own: each database is a schema. Parquet and CSV tables
 * can be read, partitioned ones when their files lie in folders named key=value; the others are listed, and say what they lack.
 */
import { GetTablesCommand, GlueClient, type Table } from "@aws-sdk/client-glue";
import { type DataType, types } from "../arrow/types.ts";
import { type CatalogStore, type Definitions, definitionKey, type TableDefinition } from "../catalog/catalog-store.ts";
import { type ErrorCode, QueryError } from "../errors.ts";

export function glueCatalogStore(
  own: CatalogStore,
  databases: readonly string[],
  client: Pick<GlueClient, "send"> = new GlueClient({}),
): CatalogStore {
  return {
    load: async () => {
      const [mine, ...theirs] = await Promise.all([own.load(), ...databases.map((name) => tablesOf(client, name))]);
      return merged(mine, theirs.flat());
    },
    putTable: (table, replace) => own.putTable(table, replace),
    putView: (view, replace) => own.putView(view, replace),
    drop: (kind, schema, name) => own.drop(kind, schema, name),
  };
}

/** The deployment's own names come first. */
function merged({ tables, views }: Definitions, glue: readonly TableDefinition[]): Definitions {
  const taken = new Set([...tables, ...views].map(definitionKey));
  return { tables: [...tables, ...glue.filter((table) => !taken.has(definitionKey(table)))], views };
}

const codes: Readonly<Record<string, ErrorCode>> = {
  AccessDeniedException: "unauthorized",
  EntityNotFoundException: "not_found",
  ThrottlingException: "throttled",
};

async function tablesOf(client: Pick<GlueClient, "send">, DatabaseName: string): Promise<TableDefinition[]> {
  const tables: Table[] = [];
  let NextToken: string | undefined;
  do {
    const command = new GetTablesCommand({ DatabaseName, ...(NextToken && { NextToken }) });
    const page = await client.send(command).catch((thrown: Error) => {
      throw new QueryError(
        codes[thrown.name] ?? "internal",
        `the Glue database ${DatabaseName} cannot be read: ${thrown.message}`,
        {
          cause: thrown,
        },
      );
    });
    tables.push(...(page.TableList ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return tables.map((table) => definitionOf(DatabaseName, table));
}

export function definitionOf(schema: string, table: Table): TableDefinition {
  const { Name: name = "", StorageDescriptor: storage, PartitionKeys = [], Parameters = {}, TableType } = table;
  const location = storage?.Location ?? "";
  const paths = [location.endsWith("/") ? location : `${location}/`];
  const described = (storage?.Columns ?? []).map((column) => ({
    name: column.Name ?? "",
    type: hiveType(column.Type ?? ""),
    nullable: true,
  }));
  const known = described.flatMap(({ type, ...column }) => (type ? [{ ...column, type }] : []));
  const columns = known.length === described.length && known.length > 0 ? { columns: known } : {};
  const base = { schema, name, paths, format: "parquet", ...columns } as const;
  const serde = storage?.SerdeInfo;
  const library = `${serde?.SerializationLibrary} ${storage?.InputFormat} ${Parameters.classification}`.toLowerCase();
  if (TableType === "VIRTUAL_VIEW") return { ...base, unsupported: "views of Glue" };
  if (Parameters.table_type) return { ...base, unsupported: `the table format ${Parameters.table_type}` };
  const keys = PartitionKeys.map(({ Name: key = "", Type: type = "" }) => ({ key, type, read: hiveType(type) }));
  const odd = keys.find(({ read }) => !read);
  if (odd) return { ...base, unsupported: `partition columns of the type ${odd.type}` };
  if (!/^s3a?:\/\//.test(location)) return { ...base, unsupported: `data at ${location || "no location"}` };
  const partitions = keys.length > 0 && {
    partitionedBy: keys.map(({ key }) => key),
    hiveTypes: Object.fromEntries(keys.map(({ key, read }) => [key, read!])),
  };
  if (library.includes("parquet")) return { ...base, ...(partitions && { options: partitions }) };
  if (!/csv|lazysimple/.test(library)) return { ...base, unsupported: `the format ${serde?.SerializationLibrary}` };
  const { "field.delim": field, separatorChar, quoteChar, escapeChar } = serde?.Parameters ?? {};
  const delimiter = field ?? separatorChar ?? (library.includes("opencsv") ? "," : "\u0001");
  const options = {
    delimiter,
    header: Number(Parameters["skip.header.line.count"] ?? 0) > 0,
    ...(quoteChar && { quote: quoteChar }),
    ...(escapeChar && { escape: escapeChar }),
    types: Object.fromEntries(known.map((column) => [column.name, column.type])),
    ...(described.length > 0 && { names: described.map((column) => column.name) }),
    ...partitions,
  };
  return { ...base, format: "csv", options };
}

const simple: Readonly<Record<string, DataType>> = {
  boolean: types.boolean,
  tinyint: types.int8,
  smallint: types.int16,
  int: types.int32,
  integer: types.int32,
  bigint: types.int64,
  float: types.float32,
  double: types.float64,
  string: types.varchar,
  date: types.date,
  timestamp: types.timestamp,
  binary: types.binary,
};

/** Undefined for nested types, and others that Volley does not have. */
function hiveType(text: string): DataType | undefined {
  const type = text.toLowerCase();
  const decimal = /^decimal\((\d+),\s*(\d+)\)$/.exec(type);
  if (decimal) return types.decimal(Number(decimal[1]), Number(decimal[2]));
  return /^(var)?char\(\d+\)$/.test(type) ? types.varchar : simple[type];
}
