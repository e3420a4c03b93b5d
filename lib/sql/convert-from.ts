/** FROM: tables, paths, table functions, subqueries and joins. */
import { type Span, unsupported } from "../errors.ts";
import type { JoinConstraint, JoinKind, SqlExpr, TableAlias, TableFunctionArg, TableRef } from "./ast.ts";
import { convertExpr } from "./convert-expr.ts";
import { type Converter, convertName, convertNames, placeOf, syntaxError } from "./converter.ts";
import { list, onlyFields, type Raw, unknownNode, variant } from "./raw.ts";
import { reservedWords } from "./reserved-words.ts";
import { joinSpans } from "./source.ts";

const joinKinds: Readonly<Record<string, JoinKind>> = {
  Join: "inner",
  Inner: "inner",
  Left: "left",
  LeftOuter: "left",
  Right: "right",
  RightOuter: "right",
  FullOuter: "full",
  CrossJoin: "cross",
  Semi: "semi",
  LeftSemi: "semi",
  Anti: "anti",
  LeftAnti: "anti",
  RightSemi: "semi",
  RightAnti: "anti",
};

/** Joins that keep rows of the right side only: the same with the sides exchanged. */
const keepsRight: ReadonlySet<string> = new Set(["RightSemi", "RightAnti"]);

/** Words that start a join or clause in other dialects, and that the library would take for an alias. */
const neverAliases: ReadonlySet<string> = new Set(["asof", "positional", "any", "global", "semi", "anti", "lateral"]);

/** One element of the FROM list: a table and the joins that follow it. */
export function convertFrom(converter: Converter, raw: unknown): TableRef {
  const node = raw as Raw;
  onlyFields(node, ["relation", "joins"], placeOf(converter, raw));
  let left = convertFactor(converter, node.relation);
  for (const join of list(node.joins)) left = convertJoin(converter, left, join as Raw);
  return left;
}

function convertJoin(converter: Converter, left: TableRef, node: Raw): TableRef {
  const span = placeOf(converter, node);
  onlyFields(node, ["relation", "join_operator"], span);
  const [tag, constraint] = variant(node.join_operator);
  const kind = joinKinds[tag];
  if (!kind) throw unknownNode("the join", tag, span);
  const right = convertFactor(converter, node.relation);
  return {
    kind: "join",
    joinKind: kind,
    ...(keepsRight.has(tag) ? { left: right, right: left } : { left, right }),
    constraint: convertConstraint(converter, constraint, kind, span),
    span: joinSpans(left.span, span)!,
  };
}

function convertConstraint(converter: Converter, raw: unknown, kind: JoinKind, span: Span): JoinConstraint {
  const [tag, payload] = variant(raw);
  switch (tag) {
    case "On":
      return { kind: "on", condition: convertExpr(converter, payload) };
    case "Using":
      return { kind: "using", columns: list(payload).map((names) => convertNames(converter, names)[0]!) };
    case "Natural":
      return { kind: "natural" };
    default:
      if (kind === "cross") return { kind: "none" };
      throw syntaxError("a join needs ON, USING or NATURAL", span, "write CROSS JOIN for every pair of rows");
  }
}

function convertFactor(converter: Converter, raw: unknown): TableRef {
  const [tag, payload] = variant(raw);
  const node = payload as Raw;
  const span = placeOf(converter, raw);
  switch (tag) {
    case "Table":
      return convertTable(converter, node, span);
    case "Derived": {
      onlyFields(node, ["subquery", "alias", "lateral"], span);
      const lateral = node.lateral === true ? { lateral: true } : {};
      return { kind: "subquery", query: converter.query(node.subquery), ...lateral, ...alias(converter, node), span };
    }
    case "NestedJoin": {
      onlyFields(node, ["table_with_joins", "alias"], span);
      const input = convertFrom(converter, node.table_with_joins);
      const named = alias(converter, node).alias;
      return named ? { kind: "aliased", input, alias: named, span } : input;
    }
    case "UNNEST":
      onlyFields(node, ["alias", "array_exprs"], span);
      return unnest(converter, list(node.array_exprs), node, span);
    case "Function": {
      onlyFields(node, ["lateral", "name", "args", "alias"], span);
      const [name] = convertNames(converter, node.name);
      if (name!.text.toLowerCase() !== "unnest") throw unsupported(`LATERAL ${name!.text}(…)`, span);
      const args = list(node.args).map((arg) => convertArg(converter, arg, span));
      return unnest(converter, args, node, span, (arg) => (arg as TableFunctionArg).value as SqlExpr);
    }
    case "TableFunction":
      throw unsupported("TABLE(…)", span);
    default:
      throw unknownNode("the table", tag, span);
  }
}

function unnest(
  converter: Converter,
  lists: readonly unknown[],
  node: Raw,
  span: Span,
  convert = (raw: unknown) => convertExpr(converter, raw),
): TableRef {
  if (lists.length !== 1) throw unsupported("unnest of several lists", span);
  return { kind: "unnest", list: convert(lists[0]), ...alias(converter, node), span };
}

function convertTable(converter: Converter, node: Raw, span: Span): TableRef {
  onlyFields(node, ["name", "alias", "args"], span);
  const name = convertNames(converter, node.name);
  const first = name[0]!;
  const named = alias(converter, node);
  const quote = (list(node.name)[0] as { Identifier?: { quote_style?: string } }).Identifier?.quote_style;
  if (!quote && reservedWords.has(first.text.toLowerCase())) {
    throw syntaxError(
      `expected a table, found ${first.text}`,
      first.span,
      "A keyword is a name only in double quotes.",
    );
  }
  if (node.args) {
    if (name.length !== 1) throw unsupported("a table function with a schema", span);
    onlyFields(node.args, ["args"], span);
    const args = list((node.args as Raw).args).map((arg) => convertArg(converter, arg, span));
    return { kind: "table_function", name: first, args, ...named, span };
  }
  if (quote === "'") {
    return { kind: "path", path: first.text, ...named, span: converter.placeOfString(first.text) ?? first.span };
  }
  const whole = name.reduce<Span>((joined, part) => joinSpans(joined, part.span)!, first.span);
  return { kind: "table", name, ...named, span: whole };
}

function alias(converter: Converter, node: Raw): { alias?: TableAlias } {
  if (!node.alias) return {};
  const raw = node.alias as Raw;
  const name = convertName(converter, raw.name);
  onlyFields(raw, ["explicit", "name", "columns"], name.span);
  if (raw.explicit !== true && !name.quoted && neverAliases.has(name.text.toLowerCase())) {
    throw unsupported(`${name.text.toUpperCase()} after a table`, name.span);
  }
  const columns = list(raw.columns).map((column) => {
    onlyFields(column, ["name"], name.span);
    return convertName(converter, (column as Raw).name);
  });
  return { alias: { name, columns } };
}

/** `'x'`, `['a', 'b']`, `header = true`, `header => true`, `columns = {'a': 'INT'}` */
function convertArg(converter: Converter, raw: unknown, span: Span): TableFunctionArg {
  const [style, payload] = variant(raw);
  if (style === "Named") {
    const node = payload as Raw;
    const name = convertName(converter, node.name);
    return { name, value: convertArgValue(converter, variant(node.arg)[1], span), span: name.span };
  }
  const [tag, value] = variant(payload);
  if (style !== "Unnamed" || tag !== "Expr") throw unsupported("this argument of a table function", span);
  const [exprTag, expr] = variant(value);
  if (exprTag === "BinaryOp" && (expr as Raw).op === "Eq") {
    const { left, right } = expr as { left: unknown; right: unknown };
    const [leftTag, leftName] = variant(left);
    if (leftTag === "Identifier") {
      const name = convertName(converter, leftName);
      return { name, value: convertArgValue(converter, right, span), span: name.span };
    }
  }
  return { value: convertArgValue(converter, value, span), span: placeOf(converter, value) };
}

function convertArgValue(converter: Converter, raw: unknown, span: Span): TableFunctionArg["value"] {
  const [tag, payload] = variant(raw);
  if (tag === "Array") {
    const items = list((payload as Raw).elem).map((item) => convertExpr(converter, item));
    return { kind: "list", items, span };
  }
  if (tag === "Dictionary") {
    const entries = list(payload).map((entry) => {
      const { key, value } = entry as { key: { value: string }; value: unknown };
      return { key: key.value, value: convertExpr(converter, value) };
    });
    return { kind: "map", entries };
  }
  return convertExpr(converter, raw);
}
