/** Statements other than those of our own syntax. */
import { unsupported } from "../errors.ts";
import type { Name } from "./ast.ts";
import { convertCopy, convertCreateTable, convertInsert, selectAll } from "./convert-table-statement.ts";
import { type Converter, convertName, convertNames, placeOf, syntaxError } from "./converter.ts";
import { list, onlyFields, payloadOf, type Raw, variant } from "./raw.ts";
import type { Statement } from "./statement-ast.ts";

/** What people call a statement that is not there. */
const statementNames: Readonly<Record<string, string>> = {
  Set: "SET",
  ShowVariable: "SHOW",
  StartTransaction: "a transaction",
};

/** `sql` is the statement's own text. */
export function convertStatement(converter: Converter, raw: unknown, sql: string): Statement {
  const [tag, payload] = variant(raw);
  const node = payload as Raw;
  const span = placeOf(converter, raw);
  switch (tag) {
    case "Query":
      return { kind: "query", query: converter.query(payload) };
    case "Explain": {
      // EXPLAIN itself is read before the library sees the text; this is DESCRIBE query.
      onlyFields(node, ["describe_alias", "statement"], span);
      const query = payloadOf(node.statement, "Query");
      if (!query) throw unsupported("DESCRIBE of anything but a query", span);
      return { kind: "describe", query: converter.query(query) };
    }
    case "ExplainTable": {
      onlyFields(node, ["describe_alias", "table_name", "has_table_keyword"], span);
      return { kind: "describe", query: selectAll(converter, node.table_name) };
    }
    case "ShowColumns": {
      const { parent_name } = ((node.show_options as Raw).show_in ?? {}) as { parent_name: unknown };
      onlyFields(node, ["show_options"], span);
      onlyFields(node.show_options, ["show_in"], span);
      if (!parent_name) throw syntaxError("SHOW COLUMNS needs FROM and a table", span);
      return { kind: "describe", query: selectAll(converter, parent_name) };
    }
    case "ShowTables": {
      onlyFields(node, ["show_options"], span);
      onlyFields(node.show_options, [], span);
      return { kind: "show_tables" };
    }
    case "CreateTable":
      return convertCreateTable(converter, node);
    case "Insert":
      return convertInsert(converter, node);
    case "Copy":
      return convertCopy(converter, node, span);
    case "CreateView":
      return convertCreateView(converter, node, sql);
    case "Drop": {
      onlyFields(node, ["object_type", "if_exists", "names", "restrict"], span);
      const object = String(node.object_type).toLowerCase();
      if (object !== "table" && object !== "view") throw unsupported(`DROP ${object.toUpperCase()}`, span);
      const names = list(node.names).map((name) => convertNames(converter, name));
      return { kind: "drop", object, ifExists: node.if_exists === true, names };
    }
    default:
      throw unsupported(
        statementNames[tag] ?? `the statement ${tag.replace(/([a-z])([A-Z])/g, "$1 $2").toUpperCase()}`,
        span,
      );
  }
}

function convertCreateView(converter: Converter, node: Raw, sql: string): Statement {
  const name = convertNames(converter, node.name);
  onlyFields(
    node,
    ["or_replace", "if_not_exists", "temporary", "name", "columns", "query", "name_before_not_exists"],
    name[0]?.span,
  );
  const columns = list(node.columns).map((column) => {
    onlyFields(column, ["name"], name[0]?.span);
    return convertName(converter, (column as Raw).name);
  });
  const query = converter.query(node.query);
  return {
    kind: "create_view",
    name,
    orReplace: node.or_replace === true,
    ifNotExists: node.if_not_exists === true,
    columns,
    query,
    sql: columns.length > 0 ? withColumns(columns, sql) : sql,
  };
}

/** A query with its columns renamed. */
function withColumns(columns: readonly Name[], sql: string): string {
  const names = columns.map(({ text }) => `"${text.replaceAll('"', '""')}"`);
  return `WITH v (${names.join(", ")}) AS (\n${sql}\n) SELECT * FROM v`;
}
