/** The arguments of read_parquet and read_csv. */
import type { DataType } from "../arrow/types.ts";
import type { Catalog, PathOptions } from "../catalog/table.ts";
import { QueryError, unsupported } from "../errors.ts";
import type { SqlExpr, TableFunctionArg, TableFunctionValue, TableRef } from "../sql/ast.ts";
import { parse } from "../sql/parse.ts";
import { near } from "./scope.ts";

const fileFunctions: Readonly<Record<string, "parquet" | "csv">> = {
  read_parquet: "parquet",
  parquet_scan: "parquet",
  read_csv: "csv",
  read_csv_auto: "csv",
};

export function isFileFunction(name: string): boolean {
  return name.toLowerCase() in fileFunctions;
}

export interface FileFunction {
  readonly paths: readonly string[];
  readonly format: "parquet" | "csv";
  readonly options: Parameters<Catalog["path"]>[2];
}

type TableFunctionRef = Extract<TableRef, { kind: "table_function" }>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export async function readFileFunction(ref: TableFunctionRef): Promise<FileFunction> {
  const format = fileFunctions[ref.name.text.toLowerCase()]!;
  const [first, ...rest] = ref.args;
  if (!first || first.name) throw invalid(`${ref.name.text} needs a path`, ref);
  const options: Mutable<PathOptions> = {};
  for (const arg of rest) await readOption(ref, format, arg, options);
  return { paths: pathsOf(ref, first.value), format, options };
}

function pathsOf(ref: TableFunctionRef, value: TableFunctionValue): readonly string[] {
  const items = "kind" in value && value.kind === "list" ? value.items : [value as SqlExpr];
  if (items.length === 0) throw invalid(`${ref.name.text} needs a path`, ref);
  return items.map((item) => {
    if (item.kind === "string") return item.value;
    throw invalid(`${ref.name.text} needs its paths as strings`, ref);
  });
}

const textOptions: Readonly<Record<string, "delimiter" | "quote" | "escape" | "nullValue">> = {
  delim: "delimiter",
  sep: "delimiter",
  delimiter: "delimiter",
  quote: "quote",
  escape: "escape",
  nullstr: "nullValue",
};
/** Options of every format: which columns the files make together. */
const layoutOptions: Readonly<Record<string, "hivePartitioning" | "hiveTypesAutocast" | "unionByName">> = {
  hive_partitioning: "hivePartitioning",
  hive_types_autocast: "hiveTypesAutocast",
  union_by_name: "unionByName",
};
const typeOptions: ReadonlySet<string> = new Set(["types", "dtypes", "column_types", "columns"]);

async function readOption(
  ref: TableFunctionRef,
  format: "parquet" | "csv",
  arg: TableFunctionArg,
  options: Mutable<PathOptions>,
): Promise<void> {
  const name = arg.name?.text.toLowerCase();
  if (!name) throw invalid(`${ref.name.text} takes one path, or a list of paths, and named options`, arg);
  const value = arg.value;
  const layout = layoutOptions[name];
  if (layout) {
    options[layout] = booleanOf(name, arg);
    return;
  }
  if (name === "hive_types") {
    if (!("kind" in value) || value.kind !== "map") throw invalid(`the option ${name} needs {'key': 'TYPE', …}`, arg);
    options.hiveTypes = await readTypes(value.entries, arg);
    return;
  }
  if (format !== "csv") throw unsupported(`the option ${name} of ${ref.name.text}`, arg.span);
  const text = textOptions[name];
  if (text) {
    if (!("kind" in value) || value.kind !== "string") throw invalid(`the option ${name} needs a string`, arg);
    options[text] = value.value;
  } else if (name === "header") {
    options.header = booleanOf(name, arg);
  } else if (typeOptions.has(name)) {
    if (!("kind" in value) || value.kind !== "map")
      throw invalid(`the option ${name} needs {'column': 'TYPE', …}`, arg);
    options.types = await readTypes(value.entries, arg);
  } else {
    const hint = near(name, [
      "header",
      "types",
      "columns",
      "hive_types",
      ...Object.keys(layoutOptions),
      ...Object.keys(textOptions),
    ]);
    throw new QueryError("unsupported", `the option ${name} of ${ref.name.text} is not supported`, {
      span: arg.span,
      ...hint,
    });
  }
}

function booleanOf(name: string, arg: TableFunctionArg): boolean {
  const { value } = arg;
  if ("kind" in value && value.kind === "constant" && typeof value.value === "boolean") return value.value;
  throw invalid(`the option ${name} needs true or false`, arg);
}

async function readTypes(
  entries: readonly { readonly key: string; readonly value: SqlExpr }[],
  arg: TableFunctionArg,
): Promise<Readonly<Record<string, DataType>>> {
  const types: Record<string, DataType> = {};
  for (const { key, value } of entries) {
    if (value.kind !== "string") throw invalid(`the type of ${key} must be a string`, arg);
    types[key] = await typeOf(value.value, arg);
  }
  return types;
}

/** A type's text, read by the parser as the type of a cast. */
async function typeOf(text: string, arg: TableFunctionArg): Promise<DataType> {
  const [statement] = await parse(`SELECT CAST(NULL AS ${text})`).catch(() => []);
  const body = statement?.kind === "query" ? statement.query.body : undefined;
  const item = body?.kind === "select" && body.items.length === 1 ? body.items[0] : undefined;
  if (item?.kind === "expr" && item.expr.kind === "cast") return item.expr.type;
  throw invalid(`${text} is not a type`, arg);
}

function invalid(message: string, { span }: { readonly span?: TableRef["span"] }): QueryError {
  return new QueryError("invalid_argument", message, span ? { span } : {});
}
