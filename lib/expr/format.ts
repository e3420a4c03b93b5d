/** Expressions as SQL-like text, for EXPLAIN, plan goldens and error messages. */
import { typeName } from "../arrow/types.ts";
import type { AggregateCall, CallExpr, Expr, FrameBound, SortKey, SubqueryExpr, WindowCall } from "./expr.ts";
import { formatLiteral } from "./format-literal.ts";
import { hasFrame } from "./window-functions.ts";

export interface FormatOptions {
  /** Print columns as `name#id` (default), so that two columns of one name differ. */
  readonly ids?: boolean;
  /** How to print the plan of a subquery; `subquery` when absent. */
  readonly subquery?: (subquery: SubqueryExpr) => string;
}

/** How tightly an expression binds; an operand that binds less than its place demands gets parentheses. */
const precedence = { or: 1, and: 2, not: 3, comparison: 4, additive: 5, multiplicative: 6, unary: 7, atom: 8 } as const;

const binaryOperators: Readonly<Record<string, { text: string; level: number }>> = {
  "=": { text: "=", level: precedence.comparison },
  "<>": { text: "<>", level: precedence.comparison },
  "<": { text: "<", level: precedence.comparison },
  "<=": { text: "<=", level: precedence.comparison },
  ">": { text: ">", level: precedence.comparison },
  ">=": { text: ">=", level: precedence.comparison },
  is_distinct_from: { text: "IS DISTINCT FROM", level: precedence.comparison },
  is_not_distinct_from: { text: "IS NOT DISTINCT FROM", level: precedence.comparison },
  concat_op: { text: "||", level: precedence.additive },
  "+": { text: "+", level: precedence.additive },
  "-": { text: "-", level: precedence.additive },
  "*": { text: "*", level: precedence.multiplicative },
  "/": { text: "/", level: precedence.multiplicative },
  "%": { text: "%", level: precedence.multiplicative },
};

const likeOperators: Readonly<Record<string, string>> = { like: "LIKE", ilike: "ILIKE" };

/** One expression as text, on one line. */
export function formatExpr(expr: Expr, options: FormatOptions = {}): string {
  return format(expr, 0, options);
}

/** An aggregate call as text, such as `sum(DISTINCT x) FILTER (WHERE y)`. */
export function formatAggregate(call: AggregateCall, options: FormatOptions = {}): string {
  const args = call.args.map((arg) => formatExpr(arg, options)).join(", ") || (call.fn === "count" ? "*" : "");
  const orderBy = call.orderBy?.length ? ` ORDER BY ${formatSortKeys(call.orderBy, options)}` : "";
  const filter = call.filter ? ` FILTER (WHERE ${formatExpr(call.filter, options)})` : "";
  return `${call.fn}(${call.distinct ? "DISTINCT " : ""}${args}${orderBy})${filter}`;
}

/** A window call as text, such as `sum(x) ROWS BETWEEN 1 PRECEDING AND CURRENT ROW`; the window is the node's. */
export function formatWindowCall(call: WindowCall, options: FormatOptions = {}): string {
  const args = call.args.map((arg) => formatExpr(arg, options)).join(", ");
  const nulls = call.ignoreNulls ? " IGNORE NULLS" : "";
  const filter = call.filter ? ` FILTER (WHERE ${formatExpr(call.filter, options)})` : "";
  const frame = hasFrame(call.fn) ? ` ${formatFrame(call, options)}` : "";
  return `${call.fn}(${args}${nulls})${filter}${frame}`.trimEnd();
}

/** The default frame, and what needs no frame, is not spelled out. */
function formatFrame({ frame, orderKeys }: WindowCall, options: FormatOptions): string {
  const { unit, start, end, exclude } = frame;
  const bound = (of: FrameBound) => {
    if (of.kind === "value") return formatExpr(of.value, options);
    if (of.kind === "preceding" || of.kind === "following") return `${of.offset} ${of.kind.toUpperCase()}`;
    return of.kind.replace("_", " ").toUpperCase();
  };
  const exclusion = exclude ? ` EXCLUDE ${exclude.toUpperCase()}` : "";
  const fromStart = start.kind === "unbounded_preceding" && !exclude;
  if (fromStart && (end.kind === "unbounded_following" || (orderKeys === 0 && unit === "range"))) return "";
  if (fromStart && unit === "range" && end.kind === "current_row") return "CUMULATIVE";
  return `${unit.toUpperCase()} BETWEEN ${bound(start)} AND ${bound(end)}${exclusion}`;
}

/** Sort keys as text; directions other than ascending, nulls last are spelled out. */
export function formatSortKeys(keys: readonly SortKey[], options: FormatOptions = {}): string {
  return keys
    .map((key) => {
      const direction = key.descending ? " DESC" : "";
      return `${formatExpr(key.expr, options)}${direction}${key.nullsFirst ? " NULLS FIRST" : ""}`;
    })
    .join(", ");
}

function format(expr: Expr, level: number, options: FormatOptions): string {
  const { text, binds } = render(expr, options);
  return binds < level ? `(${text})` : text;
}

function render(expr: Expr, options: FormatOptions): { text: string; binds: number } {
  const at = (operand: Expr, level: number) => format(operand, level, options);
  switch (expr.kind) {
    case "literal":
      return { text: formatLiteral(expr), binds: precedence.atom };
    case "column":
      return { text: options.ids === false ? expr.name : `${expr.name}#${expr.id}`, binds: precedence.atom };
    case "cast": {
      const name = expr.safe ? "TRY_CAST" : "CAST";
      return { text: `${name}(${at(expr.input, 0)} AS ${typeName(expr.type)})`, binds: precedence.atom };
    }
    case "case": {
      const branches = expr.branches.map((branch) => `WHEN ${at(branch.when, 0)} THEN ${at(branch.result, 0)}`);
      const otherwise = expr.otherwise ? ` ELSE ${at(expr.otherwise, 0)}` : "";
      return { text: `CASE ${branches.join(" ")}${otherwise} END`, binds: precedence.atom };
    }
    case "in_list": {
      const list = expr.list.map((item) => at(item, 0)).join(", ");
      return { text: `${at(expr.input, precedence.additive)} IN (${list})`, binds: precedence.comparison };
    }
    case "subquery":
      return renderSubquery(expr, options);
    case "call":
      return renderCall(expr, at);
  }
}

function renderCall(call: CallExpr, at: (operand: Expr, level: number) => string): { text: string; binds: number } {
  const [first, second] = call.args;
  const binary = call.args.length === 2 ? binaryOperators[call.fn] : undefined;
  if (binary && first && second) {
    // Left-associative, but comparisons do not chain.
    const left = binary.level === precedence.comparison ? binary.level + 1 : binary.level;
    return { text: `${at(first, left)} ${binary.text} ${at(second, binary.level + 1)}`, binds: binary.level };
  }
  if ((call.fn === "and" || call.fn === "or") && call.args.length > 1) {
    const level = precedence[call.fn];
    return { text: call.args.map((arg) => at(arg, level + 1)).join(` ${call.fn.toUpperCase()} `), binds: level };
  }
  const like = call.args.length === 2 ? likeOperators[call.fn] : undefined;
  if (like && first && second) {
    const text = `${at(first, precedence.additive)} ${like} ${at(second, precedence.additive)}`;
    return { text, binds: precedence.comparison };
  }
  if (first && call.args.length === 1) {
    if (call.fn === "not") return { text: `NOT ${at(first, precedence.not)}`, binds: precedence.not };
    if (call.fn === "neg") return { text: `-${at(first, precedence.atom)}`, binds: precedence.unary };
    if (call.fn === "is_null" || call.fn === "is_not_null") {
      const test = call.fn === "is_null" ? "IS NULL" : "IS NOT NULL";
      return { text: `${at(first, precedence.additive)} ${test}`, binds: precedence.comparison };
    }
  }
  return { text: `${call.fn}(${call.args.map((arg) => at(arg, 0)).join(", ")})`, binds: precedence.atom };
}

function renderSubquery(expr: SubqueryExpr, options: FormatOptions): { text: string; binds: number } {
  const plan = `(${options.subquery?.(expr) ?? "subquery"})`;
  const operands = expr.operands.map((operand) => format(operand, precedence.additive, options));
  const left = operands.length === 1 ? operands[0] : `(${operands.join(", ")})`;
  switch (expr.form) {
    case "scalar":
      return { text: plan, binds: precedence.atom };
    case "exists":
      return { text: `EXISTS ${plan}`, binds: precedence.atom };
    case "in":
      return { text: `${left} IN ${plan}`, binds: precedence.comparison };
    case "any":
    case "all":
      return { text: `${left} ${expr.op} ${expr.form.toUpperCase()} ${plan}`, binds: precedence.comparison };
  }
}
