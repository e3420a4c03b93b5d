/** Function calls, and the special forms that are functions in disguise: EXTRACT, SUBSTRING … FROM, TRIM, … */
import { type Span, unsupported } from "../errors.ts";
import type { CallExpr, OrderItem, SqlExpr } from "./ast.ts";
import { convertOver } from "./convert-window.ts";
import { type Converter, convertName, convertNames, placeOf, syntaxError } from "./converter.ts";
import { list, onlyFields, type Raw, variant } from "./raw.ts";
import { joinSpans } from "./source.ts";

type Convert = (raw: unknown) => SqlExpr;

/** Aggregates whose WITHIN GROUP (ORDER BY …) means the same as ORDER BY among the arguments. */
const withinGroupIsOrder: ReadonlySet<string> = new Set(["string_agg", "listagg", "group_concat", "array_agg"]);

/** Aggregates whose WITHIN GROUP (ORDER BY x) names their first argument: percentile_cont(0.5) WITHIN GROUP (ORDER BY x). */
const withinGroupIsArgument: ReadonlySet<string> = new Set([
  "percentile_cont",
  "percentile_disc",
  "approx_percentile_cont",
  "quantile_cont",
  "quantile_disc",
  "mode",
]);

export function convertFunction(
  converter: Converter,
  node: Raw,
  convert: Convert,
  convertOrder: (raw: unknown) => OrderItem,
): CallExpr {
  const names = convertNames(converter, node.name);
  const span = placeOf(converter, node);
  if (names.length !== 1) throw unsupported("a function name with a schema", span);
  const name = names[0]!.text.toLowerCase();
  const ordered = withinGroupIsOrder.has(name);
  const grouped = withinGroupIsArgument.has(name);
  const known = ["name", "args", "filter", "null_treatment", "over"];
  onlyFields(node, [...known, ...(ordered || grouped ? ["within_group"] : [])], span);
  const [argsTag, args] = variant(node.args);
  if (argsTag === "Subquery") throw unsupported(`${name} over a subquery without its own parentheses`, span);
  const given = (argsTag === "List" ? args : {}) as Raw;
  onlyFields(given, ["args", "duplicate_treatment", "clauses"], span);
  const orderBy = ordered ? list(node.within_group).map(convertOrder) : [];
  let nulls = nullTreatment(node.null_treatment);
  for (const clause of list(given.clauses)) {
    const [tag, payload] = variant(clause);
    if (tag === "IgnoreOrRespectNulls") {
      nulls = nullTreatment(payload);
      continue;
    }
    if (tag !== "OrderBy") throw unsupported(`${tag.toUpperCase()} in the arguments of ${name}`, span);
    orderBy.push(...list(payload).map(convertOrder));
  }
  const { star, exprs } = convertArgs(given.args, name, span, convert);
  const first = grouped
    ? list(node.within_group)
        .map(convertOrder)
        .map((item) => groupedArgument(item, name))
    : [];
  return {
    kind: "call",
    name,
    args: [...first, ...exprs],
    star,
    distinct: given.duplicate_treatment === "Distinct",
    ...(node.filter ? { filter: convert(node.filter) } : {}),
    orderBy,
    ...(nulls && { nulls }),
    ...(node.over ? { over: convertOver({ converter, convert, convertOrder }, node.over, names[0]!.span) } : {}),
    span,
  };
}

function nullTreatment(raw: unknown): CallExpr["nulls"] {
  const [tag] = variant(raw);
  return tag === "IgnoreNulls" ? "ignore" : tag === "RespectNulls" ? "respect" : undefined;
}

function groupedArgument({ expr, descending }: OrderItem, name: string): SqlExpr {
  if (descending) throw unsupported(`a descending WITHIN GROUP of ${name}`, expr.span);
  return expr;
}

function convertArgs(raw: unknown, name: string, span: Span, convert: Convert): { star: boolean; exprs: SqlExpr[] } {
  let star = false;
  const exprs: SqlExpr[] = [];
  for (const arg of list(raw)) {
    const [style, payload] = variant(arg);
    if (style !== "Unnamed") throw unsupported(`a named argument of ${name}`, span);
    const [tag, value] = variant(payload);
    if (tag === "Wildcard") star = true;
    else if (tag === "Expr") exprs.push(convert(value));
    else throw unsupported(`table.* as an argument of ${name}`, span);
  }
  if (star && exprs.length > 0) throw syntaxError(`* must be the only argument of ${name}`, span);
  return { star, exprs };
}

/** undefined: the node is no special form. */
export function convertSpecialForm(
  converter: Converter,
  tag: string,
  node: Raw,
  convert: Convert,
): CallExpr | undefined {
  const span = () => placeOf(converter, node);
  const only = (...known: string[]) => onlyFields(node, known, span());
  const optional = (field: string) => (node[field] ? [convert(node[field])] : []);
  switch (tag) {
    case "Extract": {
      const [fieldTag, custom] = variant(node.field);
      const field = fieldTag === "Custom" ? convertName(converter, custom).text : fieldTag;
      const arg = convert(node.expr);
      return call("date_part", [{ kind: "string", value: field.toLowerCase(), span: arg.span }, arg], arg.span);
    }
    case "Position": {
      only("expr", "in");
      return call("strpos", [convert(node.in), convert(node.expr)], span());
    }
    case "Substring": {
      only("expr", "substring_from", "substring_for", "special", "shorthand");
      const from = optional("substring_from")[0] ?? { kind: "number" as const, text: "1", span: span() };
      return call("substring", [convert(node.expr), from, ...optional("substring_for")], span());
    }
    case "Trim": {
      only("expr", "trim_where", "trim_what", "trim_characters");
      const names: Readonly<Record<string, string>> = { Leading: "ltrim", Trailing: "rtrim" };
      const characters = [...optional("trim_what"), ...list(node.trim_characters).map(convert)];
      if (characters.length > 1) throw syntaxError("TRIM takes one set of characters", span());
      return call(names[String(node.trim_where)] ?? "trim", [convert(node.expr), ...characters], span());
    }
    case "Overlay": {
      const [text, what, from] = ["expr", "overlay_what", "overlay_from"].map((field) => convert(node[field]));
      return call("overlay", [text!, what!, from!, ...optional("overlay_for")], span());
    }
    case "Ceil":
    case "Floor": {
      const [fieldTag, field] = variant(node.field);
      if (fieldTag !== "DateTimeField" || variant(field)[0] !== "NoDateTime") {
        throw unsupported(`${tag.toUpperCase()} with a second argument`, span());
      }
      return call(tag.toLowerCase(), [convert(node.expr)], span());
    }
    case "AtTimeZone":
      return call("timezone", [convert(node.time_zone), convert(node.timestamp)], span());
    default:
      return undefined;
  }
}

function call(name: string, args: readonly SqlExpr[], span: Span): CallExpr {
  const whole = args.reduce((joined, arg) => joinSpans(joined, arg.span)!, span);
  return { kind: "call", name, args, star: false, distinct: false, orderBy: [], span: whole };
}
