/** Queries of the parser library, to ours. */
import { QueryError, type Span, unsupported } from "../errors.ts";
import type { Cte, OrderItem, Query, QueryBody, Select, SelectItem, SetOperation, SqlExpr } from "./ast.ts";
import { convertExpr, convertOrderItem } from "./convert-expr.ts";
import { convertFrom } from "./convert-from.ts";
import { convertGroupBy } from "./convert-group-by.ts";
import { convertNamedWindows, type WindowConverter } from "./convert-window.ts";
import { type Converter, convertName, convertNames, placeOf, spanOf, syntaxError } from "./converter.ts";
import { list, onlyFields, type Raw, unknownNode, variant } from "./raw.ts";

export function convertQuery(converter: Converter, raw: unknown): Query {
  const node = raw as Raw;
  const span = placeOf(converter, node.body);
  onlyFields(node, ["with", "body", "order_by", "limit_clause", "fetch"], span);
  const { limit, offset } = convertLimit(converter, node, span);
  return {
    ctes: node.with ? convertWith(converter, node.with as Raw, span) : [],
    body: convertBody(converter, node.body),
    orderBy: convertOrderBy(converter, node.order_by, span),
    ...(limit && { limit }),
    ...(offset && { offset }),
  };
}

function convertWith(converter: Converter, node: Raw, span: Span): readonly Cte[] {
  onlyFields(node, ["cte_tables", "recursive"], span);
  const ctes = list(node.cte_tables).map((raw): Cte => {
    const cte = raw as Raw;
    // MATERIALIZED and NOT MATERIALIZED are advice on how to run it; the answer is the same.
    onlyFields(cte, ["alias", "query", "materialized"], span);
    const alias = cte.alias as Raw;
    return {
      name: convertName(converter, alias.name),
      columns: list(alias.columns).map((column) => convertName(converter, (column as Raw).name)),
      query: convertQuery(converter, cte.query),
    };
  });
  // RECURSIVE allows a CTE to name itself; one that does not is like any other.
  const recursive = node.recursive ? ctes.find(({ name, query }) => namesTable(query, name.text)) : undefined;
  if (!recursive) return ctes;
  throw new QueryError(
    "unsupported",
    `WITH RECURSIVE of ${recursive.name.text}, which reads itself, is not supported`,
    {
      span: recursive.name.span,
      hint: "How often it would run is known only as it runs; the stages of a query are laid out before.",
    },
  );
}

/** Whether some part of a query reads a table of this name. */
function namesTable(node: unknown, name: string): boolean {
  if (typeof node !== "object" || node === null) return false;
  const { kind, name: parts } = node as { readonly kind?: unknown; readonly name?: unknown };
  if (kind === "table" && Array.isArray(parts) && parts.length === 1) {
    return (parts[0] as { readonly text: string }).text.toLowerCase() === name.toLowerCase();
  }
  return Object.values(node).some((value) => namesTable(value, name));
}

function convertOrderBy(converter: Converter, raw: unknown, span: Span): Query["orderBy"] {
  if (!raw) return [];
  onlyFields(raw, ["kind"], span);
  const [tag, payload] = variant((raw as Raw).kind);
  if (tag === "All") {
    const options = payload as { asc?: boolean; nulls_first?: boolean };
    return { all: { descending: options.asc === false, nullsFirst: options.nulls_first === true } };
  }
  const items = list(payload).map((item) => convertOrderItem(converter, item));
  return orderByAll(items) ?? items;
}

/** The library's generic dialect reads the ALL of ORDER BY ALL as a column. */
function orderByAll(items: readonly OrderItem[]): Query["orderBy"] | undefined {
  const [item] = items;
  if (items.length !== 1 || item?.expr.kind !== "name" || item.expr.parts.length !== 1) return undefined;
  const [name] = item.expr.parts;
  if (name!.quoted || name!.text.toLowerCase() !== "all") return undefined;
  return { all: { descending: item.descending, nullsFirst: item.nullsFirst } };
}

function convertLimit(converter: Converter, query: Raw, span: Span): { limit?: SqlExpr; offset?: SqlExpr } {
  const [tag, payload] = variant(query.limit_clause);
  const clause = (payload ?? {}) as Raw;
  const result: { limit?: SqlExpr; offset?: SqlExpr } = {};
  onlyFields(clause, ["limit", "offset"], span);
  if (clause.limit) result.limit = convertExpr(converter, clause.limit);
  // LIMIT 2, 5 gives the offset itself, OFFSET 2 ROWS a node around it.
  const offset = tag === "OffsetCommaLimit" ? clause.offset : (clause.offset as Raw | undefined)?.value;
  if (offset) result.offset = convertExpr(converter, offset);
  if (!query.fetch) return result;
  const fetch = query.fetch as Raw;
  if (fetch.with_ties) throw unsupported("FETCH … WITH TIES", span);
  if (fetch.percent) throw unsupported("FETCH … PERCENT", span);
  if (result.limit) throw syntaxError("LIMIT and FETCH cannot both be given", span);
  onlyFields(fetch, ["quantity"], span);
  // FETCH FIRST ROW ONLY
  const one: SqlExpr = { kind: "number", text: "1", span };
  return { ...result, limit: fetch.quantity ? convertExpr(converter, fetch.quantity) : one };
}

function convertBody(converter: Converter, raw: unknown): QueryBody {
  const [tag, payload] = variant(raw);
  const node = payload as Raw;
  const span = spanOf(converter, raw);
  switch (tag) {
    case "Select":
      return convertSelect(converter, node, span);
    case "Query":
      return { kind: "nested", query: convertQuery(converter, node), ...(span && { span }) };
    case "SetOperation":
      return convertSetOperation(converter, node, span);
    case "Values": {
      onlyFields(node, ["rows"], span);
      const rows = list(node.rows).map((row) => list((row as Raw).content).map((item) => convertExpr(converter, item)));
      return { kind: "values", rows, ...(span && { span }) };
    }
    default:
      throw unknownNode("the query", tag, span);
  }
}

const setOperators: Readonly<Record<string, SetOperation["op"]>> = {
  Union: "union",
  Intersect: "intersect",
  Except: "except",
  Minus: "except",
};

function convertSetOperation(converter: Converter, node: Raw, span: Span | undefined): SetOperation {
  onlyFields(node, ["op", "set_quantifier", "left", "right"], span);
  const op = setOperators[String(node.op)];
  if (!op) throw unknownNode("the set operation", String(node.op), span);
  const quantifier = String(node.set_quantifier);
  if (quantifier.endsWith("ByName")) throw unsupported(`${op.toUpperCase()} BY NAME`, span);
  return {
    kind: "set_operation",
    op,
    all: quantifier === "All",
    left: convertBody(converter, node.left),
    right: convertBody(converter, node.right),
    ...(span && { span }),
  };
}

function convertSelect(converter: Converter, node: Raw, span: Span | undefined): Select {
  const known = [
    "distinct",
    "projection",
    "from",
    "selection",
    "group_by",
    "having",
    "named_window",
    "qualify",
    "flavor",
  ];
  onlyFields(node, known, span);
  const items = list(node.projection).map((item) => convertItem(converter, item));
  if (items.length === 0 && node.flavor === "Standard") throw syntaxError("SELECT names no columns", span);
  const everything: SelectItem = {
    kind: "wildcard",
    exclude: [],
    replace: [],
    rename: [],
    span: span ?? converter.source.start,
  };
  return {
    kind: "select",
    distinct: convertDistinct(converter, node.distinct),
    items: node.flavor === "FromFirstNoSelect" ? [everything] : items,
    from: list(node.from).map((table) => convertFrom(converter, table)),
    ...(node.selection ? { where: convertExpr(converter, node.selection) } : {}),
    groupBy: convertGroupBy(converter, node.group_by, span),
    ...(node.having ? { having: convertExpr(converter, node.having) } : {}),
    windows: convertNamedWindows(windowConverter(converter), node.named_window),
    ...(node.qualify ? { qualify: convertExpr(converter, node.qualify) } : {}),
    ...(span && { span }),
  };
}

function windowConverter(converter: Converter): WindowConverter {
  return {
    converter,
    convert: (raw) => convertExpr(converter, raw),
    convertOrder: (raw) => convertOrderItem(converter, raw),
  };
}

function convertDistinct(converter: Converter, raw: unknown): Select["distinct"] {
  const [tag, payload] = variant(raw);
  if (tag === "On") return list(payload).map((key) => convertExpr(converter, key));
  return tag === "Distinct";
}

function convertItem(converter: Converter, raw: unknown): SelectItem {
  const [tag, payload] = variant(raw);
  const node = payload as Raw;
  switch (tag) {
    case "UnnamedExpr":
      return { kind: "expr", expr: convertExpr(converter, payload) };
    case "ExprWithAlias": {
      const expr = convertExpr(converter, node.expr);
      const alias = convertName(converter, node.alias);
      checkAlias(converter, expr, alias.text, alias.span);
      return { kind: "expr", expr, alias };
    }
    case "Wildcard":
      return convertWildcard(converter, node, undefined, placeOf(converter, raw));
    case "QualifiedWildcard": {
      const [target, options] = list(payload);
      const [targetTag, name] = variant(target);
      if (targetTag !== "ObjectName") throw unsupported("expression.*", placeOf(converter, raw));
      return convertWildcard(converter, options as Raw, name, placeOf(converter, raw));
    }
    default:
      throw unknownNode("the select item", tag, placeOf(converter, raw));
  }
}

/** Two things the library takes for an alias: the rest of `1_000`, and DuckDB's postfix NOTNULL. */
function checkAlias(converter: Converter, expr: SqlExpr, alias: string, span: Span): void {
  const { endLine, endColumn } = expr.span;
  if (expr.kind === "number" && endLine === span.line && endColumn === span.column) {
    throw syntaxError(`unexpected ${alias} directly after a number`, span);
  }
  const explicit = /\bas\s*$/i.test(converter.source.before(span));
  if (!explicit && /^(is|not)null$/i.test(alias)) {
    throw syntaxError(`${alias.toUpperCase()} is not supported`, span, "write IS NULL or IS NOT NULL");
  }
}

function convertWildcard(converter: Converter, node: Raw, table: unknown, span: Span): SelectItem {
  onlyFields(node, ["opt_exclude", "opt_except", "opt_replace", "opt_rename"], span);
  const except = (node.opt_except ?? {}) as Raw;
  const [, excluded] = variant(node.opt_exclude);
  const renamed = variant(node.opt_rename)[1];
  const exclude = [
    ...list(excluded).map((names) => excludedName(converter, names)),
    ...[except.first_element, ...list(except.additional_elements)].flatMap((name) =>
      name ? [convertName(converter, name)] : [],
    ),
  ];
  return {
    kind: "wildcard",
    ...(table ? { table: convertNames(converter, table) } : {}),
    exclude,
    replace: list((node.opt_replace as Raw | undefined)?.items).map((item) => {
      const { expr, column_name } = item as { expr: unknown; column_name: unknown };
      return { expr: convertExpr(converter, expr), name: convertName(converter, column_name) };
    }),
    rename: (Array.isArray(renamed) ? renamed : renamed ? [renamed] : []).map((item: unknown) => {
      const { ident, alias } = item as { ident: unknown; alias: unknown };
      return { from: convertName(converter, ident), to: convertName(converter, alias) };
    }),
    span,
  };
}

/** EXCLUDE a gives [part], EXCLUDE (a, b) gives [[part], [part]]. */
function excludedName(converter: Converter, raw: unknown) {
  const names = convertNames(converter, Array.isArray(raw) ? raw : [raw]);
  if (names.length !== 1) throw unsupported("a qualified name in EXCLUDE", names[0]?.span);
  return names[0]!;
}
