/** Statements that make, fill and write out tables of the session's own. */
import { type Span, unsupported } from "../errors.ts";
import type { Name, Query, Select } from "./ast.ts";
import { convertType } from "./convert-type.ts";
import { type Converter, convertName, convertNames, placeOf, syntaxError } from "./converter.ts";
import { list, onlyFields, payloadOf, type Raw, variant } from "./raw.ts";
import type { ColumnDefinition, CopyStatement, CreateTableStatement, InsertStatement } from "./statement-ast.ts";

export function convertCreateTable(converter: Converter, node: Raw): CreateTableStatement {
  const name = convertNames(converter, node.name);
  const span = name[0]?.span;
  if (list(node.constraints).length > 0) throw unsupported("a table constraint", span);
  onlyFields(
    node,
    [
      "or_replace",
      "if_not_exists",
      "temporary",
      "name",
      "columns",
      "query",
      "hive_distribution",
      "hive_formats",
      "table_options",
    ],
    span,
  );
  const columns = columnDefinitions(converter, node);
  if (columns.length === 0 && !node.query) {
    throw syntaxError("CREATE TABLE needs columns or AS and a query", span ?? converter.source.start);
  }
  return {
    kind: "create_table",
    name,
    orReplace: node.or_replace === true,
    ifNotExists: node.if_not_exists === true,
    columns,
    ...(node.query !== null && node.query !== undefined && { query: converter.query(node.query) }),
  };
}

export function convertInsert(converter: Converter, node: Raw): InsertStatement {
  const [tag, table] = variant(node.table);
  const name = convertNames(converter, table);
  if (tag !== "TableName") throw unsupported("INSERT into anything but a table", name[0]?.span);
  onlyFields(node, ["insert_token", "into", "table", "columns", "source"], name[0]?.span);
  if (!node.source) throw syntaxError("INSERT needs VALUES or a query", name[0]?.span ?? converter.source.start);
  const columns = list(node.columns).map((column) => convertNames(converter, column).at(-1)!);
  return { kind: "insert", name, columns, query: converter.query(node.source) };
}

export function convertCopy(converter: Converter, node: Raw, span: Span): CopyStatement {
  onlyFields(node, ["source", "to", "target", "options"], span);
  if (node.to !== true) {
    throw unsupported("COPY … FROM", span, "FROM 'file' in a query reads a file, INSERT INTO … SELECT keeps its rows");
  }
  const [place, target] = variant(node.target);
  if (place !== "File") throw unsupported(`COPY … TO ${place.toUpperCase()}`, span);
  let format: Name | undefined;
  for (const option of list(node.options)) {
    const [tag, value] = variant(option);
    // Every format that has a header writes it.
    if (tag === "Format") format = convertName(converter, value);
    else if (tag !== "Header" || value !== true) throw unsupported(`the COPY option ${tag.toUpperCase()}`, span);
  }
  const path = String((target as Raw).filename);
  return { kind: "copy", query: copied(converter, node.source), path, ...(format && { format }), span };
}

function copied(converter: Converter, source: unknown): Query {
  const [tag, payload] = variant(source);
  if (tag === "Query") return converter.query(payload);
  const { table_name, columns } = payload as Raw;
  if (list(columns).length === 0) return selectAll(converter, table_name);
  throw unsupported(
    "a column list of COPY",
    placeOf(converter, columns),
    "COPY (SELECT …) TO writes just these columns",
  );
}

/** SELECT * FROM name */
export function selectAll(converter: Converter, raw: unknown): Query {
  const name = convertNames(converter, raw);
  const span = name[0]?.span ?? converter.source.start;
  const body: Select = {
    kind: "select",
    distinct: false,
    items: [{ kind: "wildcard", exclude: [], replace: [], rename: [], span }],
    from: [
      name[0] && placeholderIsPath(raw)
        ? { kind: "path", path: name[0].text, span: converter.placeOfString(name[0].text) ?? span }
        : { kind: "table", name, span },
    ],
    groupBy: { kind: "items", items: [] },
    windows: [],
  };
  return { ctes: [], body, orderBy: [] };
}

function placeholderIsPath(raw: unknown): boolean {
  const [, ident] = variant(list(raw)[0]);
  return (ident as Raw | undefined)?.quote_style === "'";
}

/** The columns of a CREATE TABLE that holds nothing else. */
export function convertColumns(converter: Converter, raw: unknown): readonly ColumnDefinition[] {
  const table = payloadOf(raw, "CreateTable")!;
  if (list(table.constraints).length > 0) throw unsupported("a table constraint", placeOf(converter, raw));
  return columnDefinitions(converter, table);
}

function columnDefinitions(converter: Converter, table: Raw): readonly ColumnDefinition[] {
  return list(table.columns).map((column) => {
    const node = column as Raw;
    const name = convertName(converter, node.name);
    onlyFields(node, ["name", "data_type", "options"], name.span);
    let nullable = true;
    for (const option of list(node.options)) {
      const [tag] = variant((option as Raw).option);
      if (tag === "NotNull") nullable = false;
      else if (tag !== "Null") throw unsupported(`the column option ${tag}`, name.span);
    }
    return { name, type: convertType(node.data_type, name.span), nullable };
  });
}
