/** Expressions of the parser library, to ours. */
import { type Span, unsupported } from "../errors.ts";
import type { BinaryOperator, CaseExpr, LikeExpr, OrderItem, SqlExpr } from "./ast.ts";
import { convertFunction, convertSpecialForm } from "./convert-function.ts";
import { convertType } from "./convert-type.ts";
import { type Converter, convertName, convertNames, placeOf, spanOf, syntaxError } from "./converter.ts";
import { list, onlyFields, type Raw, unknownNode, variant } from "./raw.ts";
import { reservedWords } from "./reserved-words.ts";
import { joinSpans } from "./source.ts";

const binaryOperators: Readonly<Record<string, BinaryOperator>> = {
  Plus: "+",
  Minus: "-",
  Multiply: "*",
  Divide: "/",
  DuckIntegerDivide: "//",
  Modulo: "%",
  StringConcat: "||",
  Arrow: "->",
  LongArrow: "->>",
  BitwiseAnd: "&",
  BitwiseOr: "|",
  PGBitwiseShiftLeft: "<<",
  PGBitwiseShiftRight: ">>",
  BitwiseXor: "^", // a power, as in PostgreSQL and DuckDB
  PGExp: "^",
  Eq: "=",
  NotEq: "<>",
  Lt: "<",
  LtEq: "<=",
  Gt: ">",
  GtEq: ">=",
  And: "and",
  Or: "or",
};

const regexOperators: Readonly<Record<string, { form: LikeExpr["form"]; negated: boolean }>> = {
  PGRegexMatch: { form: "regexp", negated: false },
  PGRegexIMatch: { form: "regexp_i", negated: false },
  PGRegexNotMatch: { form: "regexp", negated: true },
  PGRegexNotIMatch: { form: "regexp_i", negated: true },
  PGLikeMatch: { form: "like", negated: false },
  PGILikeMatch: { form: "ilike", negated: false },
  PGNotLikeMatch: { form: "like", negated: true },
  PGNotILikeMatch: { form: "ilike", negated: true },
};

/** Operators that other dialects have, and what to write here. */
const operatorHints: Readonly<Record<string, string>> = {
  PGBitwiseXor: "write xor(a, b)",
  MyIntegerDivide: "write a / b: the quotient of two integers is an integer",
  Spaceship: "write a IS NOT DISTINCT FROM b",
};

const isTests: Readonly<Record<string, { test: "null" | "true" | "false" | "unknown"; negated: boolean }>> = {
  IsNull: { test: "null", negated: false },
  IsNotNull: { test: "null", negated: true },
  IsTrue: { test: "true", negated: false },
  IsNotTrue: { test: "true", negated: true },
  IsFalse: { test: "false", negated: false },
  IsNotFalse: { test: "false", negated: true },
  IsUnknown: { test: "unknown", negated: false },
  IsNotUnknown: { test: "unknown", negated: true },
};

export function convertExpr(converter: Converter, raw: unknown): SqlExpr {
  const [tag, payload] = variant(raw);
  const node = payload as Raw;
  const convert = (child: unknown) => convertExpr(converter, child);
  const isTest = isTests[tag];
  if (isTest) {
    return converter.grouping.is(convert(payload), (operand) => ({
      kind: "is",
      ...isTest,
      operand,
      span: operand.span,
    }));
  }
  switch (tag) {
    case "Identifier":
      return convertColumn(converter, [payload]);
    case "CompoundIdentifier":
      return convertColumn(converter, list(payload));
    case "CompoundFieldAccess":
      return convertAccess(converter, node);
    case "Value":
      return convertValue(converter, node);
    case "Nested":
      return converter.grouping.close(convert(payload));
    case "BinaryOp":
      return convertBinary(converter, node);
    case "UnaryOp":
      return convertUnary(converter, node);
    case "IsDistinctFrom":
    case "IsNotDistinctFrom": {
      const [left, right] = list(payload).map(convert);
      return converter.grouping.distinctFrom(tag === "IsNotDistinctFrom", left!, right!);
    }
    case "Between": {
      onlyFields(node, ["expr", "negated", "low", "high"], placeOf(converter, raw));
      const [low, high] = [convert(node.low), convert(node.high)];
      return converter.grouping.predicate(convert(node.expr), (operand) => {
        const span = joinSpans(operand.span, high.span)!;
        return { kind: "between", negated: node.negated === true, operand, low, high, span };
      });
    }
    case "Like":
    case "ILike":
    case "SimilarTo":
    case "RLike":
      return convertLike(converter, tag, node);
    case "InList": {
      const items = list(node.list).map(convert);
      return converter.grouping.predicate(convert(node.expr), (operand) => {
        const span = joinSpans(operand.span, items.at(-1)?.span)!;
        return { kind: "in_list", negated: node.negated === true, operand, list: items, span };
      });
    }
    case "InSubquery": {
      const query = converter.query(node.subquery);
      return converter.grouping.predicate(convert(node.expr), (operand) => {
        return { kind: "in_query", negated: node.negated === true, operand, query, span: operand.span };
      });
    }
    case "Exists": {
      const query = converter.query(node.subquery);
      return { kind: "exists", negated: node.negated === true, query, span: placeOf(converter, raw) };
    }
    case "Subquery":
      return { kind: "subquery", query: converter.query(payload), span: placeOf(converter, raw) };
    case "AnyOp":
    case "AllOp":
      return convertQuantified(converter, tag, node);
    case "Case":
      return convertCase(converter, node);
    case "Cast":
    case "Convert":
      return convertCast(converter, tag, node);
    case "TypedString": {
      const value = convertValue(converter, node.value as Raw);
      if (value.kind !== "string") throw syntaxError("a typed literal needs a string", value.span);
      const type = convertType(node.data_type, value.span);
      return { kind: "typed_string", type, value: value.value, span: withWordBefore(converter, value.span) };
    }
    case "Interval":
      return convertInterval(converter, node);
    case "Tuple":
      return { kind: "tuple", items: list(payload).map(convert), span: placeOf(converter, raw) };
    case "Function":
      return convertFunction(converter, node, convert, (item) => convertOrderItem(converter, item));
    default: {
      const special = convertSpecialForm(converter, tag, node, convert);
      if (special) return special;
      throw unknownNode("the expression", tag, placeOf(converter, raw));
    }
  }
}

/** One key of ORDER BY. NULLs come last unless said otherwise, for both directions, as in DuckDB. */
export function convertOrderItem(converter: Converter, raw: unknown): OrderItem {
  const node = raw as Raw;
  const span = placeOf(converter, node.expr);
  onlyFields(node, ["expr", "options"], span);
  const options = (node.options ?? {}) as { asc?: boolean; nulls_first?: boolean };
  onlyFields(options, ["asc", "nulls_first"], span);
  return {
    expr: convertExpr(converter, node.expr),
    descending: options.asc === false,
    nullsFirst: options.nulls_first === true,
  };
}

function convertColumn(converter: Converter, raw: readonly unknown[]): SqlExpr {
  const parts = convertNames(converter, raw);
  const [first, ...rest] = parts;
  if (!first!.quoted && rest.length === 0 && reservedWords.has(first!.text.toLowerCase())) {
    const hint = "put a name that is a keyword in double quotes; or the query may be nested too deeply";
    throw syntaxError(`unexpected ${first!.text.toUpperCase()}`, first!.span, hint);
  }
  const span = rest.reduce((whole, part) => joinSpans(whole, part.span)!, first!.span);
  return { kind: "name", parts, span };
}

/** `s['a']`, `l[1]`, `(s).a`, and what follows: names up to the first bracket are one name. */
function convertAccess(converter: Converter, node: Raw): SqlExpr {
  const [rootTag] = variant(node.root);
  const root = convertExpr(converter, node.root);
  let joins = rootTag === "Identifier" || rootTag === "CompoundIdentifier";
  return list(node.access_chain).reduce((operand: SqlExpr, raw): SqlExpr => {
    const [tag, payload] = variant(raw);
    const span = joinSpans(operand.span, spanOf(converter, payload))!;
    if (tag === "Dot") {
      const [kind, identifier] = variant(payload);
      if (kind !== "Identifier") throw unknownNode("the field", kind, span);
      const name = convertName(converter, identifier);
      if (joins && operand.kind === "name") return { kind: "name", parts: [...operand.parts, name], span };
      return { kind: "field", operand, name, span };
    }
    joins = false;
    const [form, subscript] = variant(payload);
    if (tag !== "Subscript" || form !== "Index") throw unsupported("a slice of a list", span);
    return { kind: "subscript", operand, index: convertExpr(converter, (subscript as Raw).index), span };
  }, root);
}

function convertValue(converter: Converter, node: Raw): SqlExpr {
  const [tag, payload] = variant(node.value);
  const span = placeOf(converter, node);
  switch (tag) {
    case "Number": {
      const [text, long] = payload as [string, boolean];
      if (long) throw syntaxError(`unknown number suffix in ${text}L`, span);
      return { kind: "number", text, span };
    }
    case "SingleQuotedString":
    case "EscapedStringLiteral":
    case "NationalStringLiteral":
    case "UnicodeStringLiteral":
      return { kind: "string", value: payload as string, span };
    case "DollarQuotedString":
      return { kind: "string", value: (payload as { value: string }).value, span };
    case "HexStringLiteral":
      return convertHex(converter, payload as string, span);
    case "Boolean":
      return { kind: "constant", value: payload as boolean, span };
    case "Null":
      return { kind: "constant", value: null, span };
    case "Placeholder":
      return convertParameter(converter, payload as string, span);
    default:
      throw unknownNode("the literal", tag, span);
  }
}

function convertHex(converter: Converter, digits: string, span: Span): SqlExpr {
  // The library gives 0x1F, a number, the same node as X'1F', bytes.
  if (!/^x/i.test(converter.source.slice(span))) throw unsupported("a hexadecimal number", span);
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) {
    throw syntaxError("X'…' needs an even number of hexadecimal digits", span);
  }
  return { kind: "hex", digits: digits.toLowerCase(), span };
}

function convertParameter(converter: Converter, text: string, span: Span): SqlExpr {
  const name = text.slice(1);
  if (text === "?") return { kind: "parameter", key: converter.parameterAt(span), span };
  return { kind: "parameter", key: /^\d+$/.test(name) ? Number(name) : name, span };
}

function convertBinary(converter: Converter, node: Raw): SqlExpr {
  const [tag] = variant(node.op);
  const span = placeOf(converter, node);
  onlyFields(node, ["left", "op", "right"], span);
  const op = binaryOperators[tag];
  const regex = regexOperators[tag];
  if (!op && !regex) {
    const hint = operatorHints[tag];
    throw hint
      ? syntaxError(`the operator ${tag} is not supported`, span, hint)
      : unknownNode("the operator", tag, span);
  }
  const left = convertExpr(converter, node.left);
  const right = convertExpr(converter, node.right);
  if (op) return converter.grouping.binary(op, left, right);
  return converter.grouping.like(left, right, (operand, pattern) => likeOf(regex!, operand, pattern, undefined));
}

function convertUnary(converter: Converter, node: Raw): SqlExpr {
  const [tag] = variant(node.op);
  const operand = convertExpr(converter, node.expr);
  switch (tag) {
    case "Not":
      return converter.grouping.not(operand, (inner) => ({
        kind: "unary",
        op: "not",
        operand: inner,
        span: inner.span,
      }));
    case "Minus":
      // -9223372036854775808 is one literal: its digits alone do not fit.
      if (operand.kind === "number" && !operand.text.startsWith("-")) return { ...operand, text: `-${operand.text}` };
      return { kind: "unary", op: "-", operand, span: operand.span };
    case "Plus":
      return { kind: "unary", op: "+", operand, span: operand.span };
    case "BitwiseNot":
    case "PGBitwiseNot":
      return { kind: "unary", op: "~", operand, span: operand.span };
    default:
      throw unknownNode("the operator", tag, operand.span);
  }
}

function convertLike(converter: Converter, tag: string, node: Raw): SqlExpr {
  const span = placeOf(converter, node);
  onlyFields(node, ["expr", "negated", "pattern", "escape_char", "regexp"], span);
  const escaping = node.escape_char ? convertValue(converter, node.escape_char as Raw) : undefined;
  if (escaping && (escaping.kind !== "string" || [...escaping.value].length > 1)) {
    throw syntaxError("ESCAPE needs a string of at most one character", escaping.span);
  }
  const forms = { Like: "like", ILike: "ilike", SimilarTo: "similar", RLike: "regexp" } as const;
  const form = forms[tag as keyof typeof forms];
  const like = { form, negated: node.negated === true };
  return converter.grouping.like(
    convertExpr(converter, node.expr),
    convertExpr(converter, node.pattern),
    (operand, pattern) => likeOf(like, operand, pattern, escaping?.kind === "string" ? escaping.value : undefined),
  );
}

function likeOf(
  like: { form: LikeExpr["form"]; negated: boolean },
  operand: SqlExpr,
  pattern: SqlExpr,
  escapeChar: string | undefined,
): LikeExpr {
  const span = joinSpans(operand.span, pattern.span)!;
  return { kind: "like", ...like, operand, pattern, ...(escapeChar !== undefined && { escape: escapeChar }), span };
}

function convertQuantified(converter: Converter, tag: string, node: Raw): SqlExpr {
  const span = placeOf(converter, node);
  onlyFields(node, ["left", "compare_op", "right", "is_some"], span);
  const [operator] = variant(node.compare_op);
  const op = binaryOperators[operator];
  const [rightTag, query] = variant(node.right);
  const quantifier = tag === "AnyOp" ? "any" : "all";
  if (!op || !["=", "<>", "<", "<=", ">", ">="].includes(op)) throw unknownNode("the operator", operator, span);
  if (rightTag !== "Subquery") throw unsupported(`${quantifier.toUpperCase()} over anything but a subquery`, span);
  const left = convertExpr(converter, node.left);
  return { kind: "quantified", op, quantifier, left, query: converter.query(query), span };
}

function convertCase(converter: Converter, node: Raw): CaseExpr {
  const span = joinSpans(placeOf(converter, node.case_token ?? node), placeOf(converter, node.end_token ?? node))!;
  onlyFields(node, ["operand", "conditions", "else_result"], span);
  const convert = (child: unknown) => convertExpr(converter, child);
  return {
    kind: "case",
    ...(node.operand ? { operand: convert(node.operand) } : {}),
    branches: list(node.conditions).map((branch) => {
      const { condition, result } = branch as { condition: unknown; result: unknown };
      return { when: convert(condition), result: convert(result) };
    }),
    ...(node.else_result ? { otherwise: convert(node.else_result) } : {}),
    span,
  };
}

function convertCast(converter: Converter, tag: string, node: Raw): SqlExpr {
  const operand = convertExpr(converter, node.expr);
  const known = ["kind", "expr", "data_type"];
  onlyFields(node, tag === "Cast" ? known : [...known, "is_try", "target_before_value"], operand.span);
  if (!node.data_type) throw unsupported("CONVERT without a type", operand.span);
  const type = convertType(node.data_type, operand.span);
  const safe = node.kind === "TryCast" || node.kind === "SafeCast" || node.is_try === true;
  return { kind: "cast", operand, type, safe, span: operand.span };
}

function convertInterval(converter: Converter, node: Raw): SqlExpr {
  const value = convertExpr(converter, node.value);
  onlyFields(node, ["value", "leading_field", "leading_precision"], value.span);
  if (!node.leading_field) return { kind: "interval", value, span: value.span };
  return { kind: "interval", value, unit: fieldName(converter, node.leading_field), span: value.span };
}

/** A date part as written, lower case: `year`, `isodow`, `weeks`. */
function fieldName(converter: Converter, raw: unknown): string {
  const [tag, payload] = variant(raw);
  return (tag === "Custom" ? convertName(converter, payload).text : tag).toLowerCase();
}

/** The span of a typed literal from its type on, of which the parser tells no place. */
function withWordBefore(converter: Converter, span: Span): Span {
  const word = /[a-z_]\w*\s*$/i.exec(converter.source.before(span));
  return word ? { ...span, column: span.column - [...word[0]].length } : span;
}
