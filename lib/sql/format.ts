/** An expression as text: the name of an output column that was given none. Operators are in parentheses, as in DuckDB. */
import { typeName } from "../arrow/types.ts";
import type { CallExpr, CaseExpr, FrameBound, OrderItem, SqlExpr, WindowFrame, WindowRef } from "./ast.ts";

export function formatSql(expr: SqlExpr): string {
  const text = formatSql;
  switch (expr.kind) {
    case "name":
      return expr.parts.at(-1)!.text;
    case "number":
      return expr.text;
    case "string":
      return quoted(expr.value);
    case "constant":
      return String(expr.value).toUpperCase();
    case "hex":
      return `X'${expr.digits}'`;
    case "parameter":
      return `$${expr.key}`;
    case "typed_string":
      return `${typeName(expr.type)} ${quoted(expr.value)}`;
    case "interval":
      return `INTERVAL ${text(expr.value)}${expr.unit ? ` ${expr.unit.toUpperCase()}` : ""}`;
    case "unary":
      return expr.op === "not" ? `(NOT ${text(expr.operand)})` : `${expr.op}(${text(expr.operand)})`;
    case "binary":
      return `(${text(expr.left)} ${expr.op.toUpperCase()} ${text(expr.right)})`;
    case "distinct_from":
      return `(${text(expr.left)} IS ${not(expr)}DISTINCT FROM ${text(expr.right)})`;
    case "is":
      return `(${text(expr.operand)} IS ${not(expr)}${expr.test.toUpperCase()})`;
    case "between":
      return `(${text(expr.operand)} ${not(expr)}BETWEEN ${text(expr.low)} AND ${text(expr.high)})`;
    case "like": {
      const operators = { like: "LIKE", ilike: "ILIKE", similar: "SIMILAR TO", regexp: "~", regexp_i: "~*" };
      return `(${text(expr.operand)} ${not(expr)}${operators[expr.form]} ${text(expr.pattern)})`;
    }
    case "in_list":
      return `(${text(expr.operand)} ${not(expr)}IN (${expr.list.map(text).join(", ")}))`;
    case "in_query":
      return `(${text(expr.operand)} ${not(expr)}IN (subquery))`;
    case "exists":
      return `${not(expr)}EXISTS(subquery)`;
    case "subquery":
      return "(subquery)";
    case "quantified":
      return `(${text(expr.left)} ${expr.op} ${expr.quantifier.toUpperCase()}(subquery))`;
    case "case":
      return formatCase(expr);
    case "cast":
      return `${expr.safe ? "TRY_CAST" : "CAST"}(${text(expr.operand)} AS ${typeName(expr.type)})`;
    case "call":
      return formatCall(expr);
    case "field":
      return expr.name.text;
    case "subscript":
      return `${text(expr.operand)}[${text(expr.index)}]`;
    case "tuple":
      return `(${expr.items.map(text).join(", ")})`;
  }
}

function formatCase({ operand, branches, otherwise }: CaseExpr): string {
  const when = branches.map((branch) => ` WHEN ${formatSql(branch.when)} THEN ${formatSql(branch.result)}`).join("");
  return `CASE${operand ? ` ${formatSql(operand)}` : ""}${when}${otherwise ? ` ELSE ${formatSql(otherwise)}` : ""} END`;
}

function formatCall(call: CallExpr): string {
  if (call.star && call.name === "count") return "count_star()";
  const args = call.star ? "*" : call.args.map(formatSql).join(", ");
  const orderBy = call.orderBy.length ? ` ORDER BY ${call.orderBy.map(formatOrder).join(", ")}` : "";
  const filter = call.filter ? ` FILTER (WHERE ${formatSql(call.filter)})` : "";
  const nulls = call.nulls === "ignore" ? " IGNORE NULLS" : "";
  const over = call.over ? ` OVER ${formatWindow(call.over)}` : "";
  return `${call.name}(${call.distinct ? "DISTINCT " : ""}${args}${orderBy}${nulls})${filter}${over}`;
}

function formatWindow(window: WindowRef): string {
  if (window.kind === "name") return window.name.text;
  const { base, partitionBy, orderBy, frame } = window;
  const parts = [
    ...(base ? [base.text] : []),
    ...(partitionBy.length > 0 ? [`PARTITION BY ${partitionBy.map(formatSql).join(", ")}`] : []),
    ...(orderBy.length > 0 ? [`ORDER BY ${orderBy.map(formatOrder).join(", ")}`] : []),
    ...(frame ? [formatFrame(frame)] : []),
  ];
  return `(${parts.join(" ")})`;
}

function formatFrame({ unit, start, end, exclude }: WindowFrame): string {
  const exclusion = exclude ? ` EXCLUDE ${exclude.toUpperCase()}` : "";
  return `${unit.toUpperCase()} BETWEEN ${formatBound(start)} AND ${formatBound(end)}${exclusion}`;
}

function formatBound(bound: FrameBound): string {
  if (bound.kind === "preceding" || bound.kind === "following") {
    return `${formatSql(bound.offset)} ${bound.kind.toUpperCase()}`;
  }
  return bound.kind.replace("_", " ").toUpperCase();
}

function formatOrder(item: OrderItem): string {
  return `${formatSql(item.expr)}${item.descending ? " DESC" : ""}${item.nullsFirst ? " NULLS FIRST" : ""}`;
}

function not(expr: { readonly negated: boolean }): string {
  return expr.negated ? "NOT " : "";
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
