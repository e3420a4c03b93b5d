/** SHOW …: what there is, in Trino's words. */
import { QueryError, unsupported } from "../../errors.ts";
import { nearestName } from "../../expr/nearest-name.ts";
import type { TableInfo } from "../../service/query-service.ts";
import type { TokenReader } from "../../sql/token-reader.ts";
import { type Answer, answer, type Cell } from "./answer.ts";
import { dottedName, knownCatalog, knownSchema, type Statement } from "./context.ts";
import { schemasOf } from "./metadata-table.ts";
import { catalogName } from "./session.ts";
import { trinoType } from "./types.ts";

export async function show(statement: Statement): Promise<Answer> {
  const { reader, session, knowledge } = statement;
  if (reader.accept("CATALOGS")) return listed("Catalog", [catalogName, "system"], reader);
  if (reader.accept("SCHEMAS") || reader.accept("DATABASES")) {
    if (reader.accept("FROM") || reader.accept("IN")) knownCatalog(dottedName(reader, "a catalog"));
    return listed("Schema", schemasOf(await knowledge.tables()), reader);
  }
  if (reader.accept("TABLES")) return showTables(statement);
  if (reader.accept("COLUMNS", "FROM") || reader.accept("COLUMNS", "IN")) return showColumns(statement);
  if (reader.accept("CREATE")) return showCreate(statement);
  if (reader.accept("STATS", "FOR")) return showStatistics(statement);
  if (reader.accept("SESSION")) {
    const rows = [...session.properties].map(([name, value]) => [name, value, "", "varchar", ""]);
    return like(answer(["Name", "Value", "Default", "Type", "Description"], rows), reader);
  }
  if (reader.accept("FUNCTIONS")) return like(await showFunctions(), reader);
  if (reader.accept("ROLES") || reader.accept("CURRENT", "ROLES")) return answer(["Role"], []);
  if (reader.accept("ROLE", "GRANTS")) return answer(["Role Grants"], []);
  if (reader.accept("GRANTS")) return answer(grantColumns, []);
  throw unsupported(`SHOW ${reader.peek()?.text ?? ""}`.trim());
}

const grantColumns = [
  ...["Grantor", "Grantor Type", "Grantee", "Grantee Type"],
  ...["Catalog", "Schema", "Table", "Privilege", "Grantable"],
];

async function showTables({ reader, session, knowledge }: Statement): Promise<Answer> {
  const from = reader.accept("FROM") || reader.accept("IN") ? reader.qualifiedName("a schema") : [];
  if (from.length > 1) knownCatalog(from[0]!.text);
  const schema = from.at(-1)?.text ?? session.schema;
  const all = await knownSchema(schema, knowledge);
  const names = all.filter((table) => sameName(table.schema, schema)).map(({ name }) => name);
  return listed("Table", names.sort(), reader);
}

export async function showColumns(statement: Statement): Promise<Answer> {
  const table = await namedTable(statement);
  const rows = table.columns.map(({ name, type }) => [name, trinoType(type), "", ""]);
  return like(answer(["Column", "Type", "Extra", "Comment"], rows), statement.reader);
}

async function showCreate(statement: Statement): Promise<Answer> {
  const { reader, knowledge } = statement;
  if (reader.accept("SCHEMA")) {
    const parts = reader.qualifiedName("a schema").map(({ text }) => text);
    if (parts.length > 1) knownCatalog(parts[0]!);
    await knownSchema(parts.at(-1)!, knowledge);
    return answer(["Create Schema"], [[`CREATE SCHEMA ${catalogName}.${parts.at(-1)}`]]);
  }
  if (!reader.accept("TABLE")) throw unsupported(`SHOW CREATE ${reader.peek()?.text ?? ""}`.trim());
  const { schema, name, columns } = await namedTable(statement);
  const lines = columns.map(
    (column) => `   ${quoted(column.name)} ${trinoType(column.type)}${column.nullable ? "" : " NOT NULL"}`,
  );
  const place = [catalogName, schema, name].map(quoted).join(".");
  return answer(["Create Table"], [[`CREATE TABLE ${place} (\n${lines.join(",\n")}\n)`]]);
}

/** The statistics of files are not asked for here: nothing is known, and Trino shows that as NULL. */
async function showStatistics(statement: Statement): Promise<Answer> {
  const { columns } = await namedTable(statement);
  const unknown: readonly Cell[] = [null, null, null, null, null, null];
  const numbers = ["data_size", "distinct_values_count", "nulls_fraction", "row_count"].map((name) => `${name}:double`);
  const rows = [...columns.map(({ name }): readonly Cell[] => [name, ...unknown]), [null, ...unknown]];
  return answer(["column_name", ...numbers, "low_value", "high_value"], rows);
}

async function showFunctions(): Promise<Answer> {
  const { functionFamilies } = await import("../../expr/functions/registry.ts");
  const { aggregateFamilies } = await import("../../expr/aggregates.ts");
  const scalars = Object.values(functionFamilies).flat();
  const aggregates = Object.values(aggregateFamilies).flat();
  const rows = [
    ...scalars.flatMap((fn) => functionRows(fn, "scalar", fn.volatility === undefined)),
    ...aggregates.flatMap((fn) => functionRows(fn, "aggregate", true)),
  ].filter(([name]) => /^[a-z]/.test(name as string));
  return answer(
    ["Function", "Return Type", "Argument Types", "Function Type", "Deterministic:boolean", "Description"],
    rows.sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  );
}

interface NamedFunction {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly signatures: readonly string[];
  readonly about?: string;
}

/** One for each name and signature (`varchar, int64 -> varchar`). */
function functionRows(fn: NamedFunction, kind: string, deterministic: boolean): (readonly Cell[])[] {
  return [fn.name, ...(fn.aliases ?? [])].flatMap((name) =>
    fn.signatures.map((signature): readonly Cell[] => {
      const [from = "", to = ""] = signature.split("->").map((part) => trinoNames(part.trim()));
      return [name, to, from, kind, deterministic, fn.about ?? ""];
    }),
  );
}

function trinoNames(signature: string): string {
  return signature.replace(/\b\w+\b/g, (word) => signatureNames[word] ?? word);
}

const signatureNames: Readonly<Record<string, string>> = {
  int8: "tinyint",
  int16: "smallint",
  int32: "integer",
  int64: "bigint",
  float32: "real",
  float64: "double",
  binary: "varbinary",
};

async function namedTable({ reader, session, knowledge }: Statement): Promise<TableInfo> {
  const parts = reader.qualifiedName("a table").map(({ text }) => text);
  if (parts.length > 2) knownCatalog(parts.shift()!);
  const [schema, name] = parts.length === 2 ? [parts[0]!, parts[1]!] : [session.schema, parts[0]!];
  const all = await knowledge.tables();
  const table = all.find((each) => sameName(each.schema, schema) && sameName(each.name, name));
  if (table) return table;
  const near = nearestName(
    name,
    all.map((each) => each.name),
  );
  const hint = near ? { hint: `Did you mean ${near}?` } : {};
  throw new QueryError("unknown_table", `Table '${catalogName}.${schema}.${name}' does not exist`, hint);
}

/** One column, through LIKE if the statement has one. */
function listed(column: string, names: readonly string[], reader: TokenReader): Answer {
  return like(
    answer(
      [column],
      names.map((name) => [name]),
    ),
    reader,
  );
}

/** Rows whose first cell fits the pattern, if there is one. */
function like(all: Answer, reader: TokenReader): Answer {
  if (!reader.accept("LIKE")) return all;
  const pattern = reader.string("a pattern");
  const escaping = reader.accept("ESCAPE") ? reader.string("a character") : undefined;
  const expression = likeExpression(pattern, escaping);
  return { ...all, rows: all.rows.filter(([first]) => expression.test(String(first))) };
}

function likeExpression(pattern: string, escaping: string | undefined): RegExp {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === escaping && i + 1 < pattern.length) source += literally(pattern[++i]!);
    else source += char === "%" ? ".*" : char === "_" ? "." : literally(char);
  }
  return new RegExp(`^${source}$`, "su");
}

function literally(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
}

function quoted(name: string): string {
  return /^[a-z_]\w*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
