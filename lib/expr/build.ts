/** Builds typed expressions: resolves functions, inserts casts. Text in, checked tree out. */
import { type DataType, nestedOf, sameMeaning, typeName, types } from "../arrow/types.ts";
import { QueryError, type Span } from "../errors.ts";
import { powerOfTen } from "./checked.ts";
import { argOf, castable, commonArgType, equalityType } from "./coercion.ts";
import type { CallExpr, CaseExpr, Column, ColumnExpr, Expr, InListExpr, LiteralExpr, LiteralValue } from "./expr.ts";
import { noSignature, requireFunction, resolveFunction } from "./functions/registry.ts";

export const trueLiteral: LiteralExpr = { kind: "literal", type: types.boolean, value: true };
export const falseLiteral: LiteralExpr = { kind: "literal", type: types.boolean, value: false };

/** @param value in the JSON-safe form of `type`, see LiteralValue */
export function literal(type: DataType, value: LiteralValue): LiteralExpr {
  return { kind: "literal", type, value };
}

export function nullLiteral(type: DataType = types.null): LiteralExpr {
  return { kind: "literal", type, value: null };
}

/** A reference to a column. */
export function column({ id, name, type, nullable }: Column): ColumnExpr {
  return { kind: "column", id, name, type, nullable };
}

/**
 * A call of a function or operator by any of its names: arguments are cast to the chosen signature.
 * Functions written in terms of others (nullif, if, …) give that expression.
 * @throws QueryError unknown_function, type_mismatch
 */
export function call(name: string, args: readonly Expr[], span?: Span): Expr {
  const fn = requireFunction(name, span);
  if (fn.name === "neg" && args.length === 1) {
    const negative = negatedLiteral(args[0]!);
    if (negative) return negative;
  }
  if (fn.expand) {
    const build = {
      call: (inner: string, innerArgs: readonly Expr[]) => call(inner, innerArgs, span),
      cast: castTo(span),
    };
    const { expand } = fn;
    const expanded = located(span, () => expand(args, build));
    if (expanded) return expanded;
    if (!fn.evaluate) throw noSignature(name, fn.signatures, args.map(argOf), span);
  }
  return resolvedCall(name, args, span);
}

function resolvedCall(name: string, args: readonly Expr[], span?: Span): CallExpr {
  const resolution = located(span, () => resolveFunction(name, args.map(argOf), span));
  const ordered = resolution.swap ? [args[1]!, args[0]!] : args;
  const cast = castTo(span);
  return {
    kind: "call",
    fn: resolution.fn,
    args: ordered.map((arg, i) => cast(arg, resolution.argTypes[i]!)),
    type: resolution.type,
    ...(span && { span }),
  };
}

function castTo(span?: Span): (input: Expr, type: DataType) => Expr {
  return (input, type) => cast(input, type, { ...(span && { span }) });
}

/** Gives an error without a place the place of the call. */
export function located<T>(span: Span | undefined, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!span || !(error instanceof QueryError) || error.span) throw error;
    const { code, message, hint, retryable, cause } = error;
    throw new QueryError(code, message, { span, retryable, cause, ...(hint && { hint }) });
  }
}

/** -5 is a literal, so that it bends like one; also the only way to write the least BIGINT. */
function negatedLiteral(expr: Expr): LiteralExpr | undefined {
  if (expr.kind !== "literal" || expr.value === null) return undefined;
  const { type, value } = expr;
  if (type.kind === "int32" || type.kind === "float64") {
    return value === 0 || typeof value === "string" ? undefined : literal(type, -(value as number));
  }
  if (type.kind !== "int64" && type.kind !== "decimal") return undefined;
  const negative = -BigInt(value as string);
  if (type.kind === "decimal" && (type.scale > 0 || BigInt.asIntN(64, negative) !== negative)) {
    return literal(type, String(negative));
  }
  if (type.kind === "decimal" && negative > -(2n ** 63n)) return literal(type, String(negative));
  return BigInt.asIntN(32, negative) === negative
    ? literal(types.int32, Number(negative))
    : literal(types.int64, String(negative));
}

/**
 * CAST, or with `safe` TRY_CAST; nothing when the type is already right. Number and NULL literals convert here and now.
 * @throws QueryError type_mismatch when no such cast exists
 */
export function cast(input: Expr, type: DataType, options: { safe?: boolean; span?: Span } = {}): Expr {
  if (sameMeaning(input.type, type)) return input;
  if (!castable(input.type, type)) {
    const message = `cannot cast ${typeName(input.type)} to ${typeName(type)}`;
    throw new QueryError("type_mismatch", message, options.span ? { span: options.span } : {});
  }
  const json = castOfJson(input, type, options);
  if (json) return json;
  const constant = input.kind === "literal" ? convertedLiteral(input, type) : undefined;
  return (
    constant ?? { kind: "cast", input, type, safe: options.safe ?? false, ...(options.span && { span: options.span }) }
  );
}

/** Text is checked to be JSON, other values become it; JSON becomes what its text or number reads as. */
function castOfJson(input: Expr, type: DataType, { safe, span }: { safe?: boolean; span?: Span }): Expr | undefined {
  const [from, to] = [nestedOf(input.type), nestedOf(type)];
  if (input.type.kind === "null" || (from && type.kind === "varchar")) return undefined;
  if (to && input.type.kind !== "varchar") return call("to_json", [input], span);
  if (to && safe) return call("try_parse_json", [input], span);
  if (to) return call("parse_json", [input], span);
  if (!from) return undefined;
  const text = call("json_extract_string", [input, literal(types.varchar, "$")], span);
  return cast(text, type, { ...(safe && { safe }), ...(span && { span }) });
}

/** Exact conversions between numbers that always succeed; the rest is constant folding's. */
function convertedLiteral({ type: from, value }: LiteralExpr, to: DataType): LiteralExpr | undefined {
  if (value === null) return nullLiteral(to);
  const whole = ["int8", "int16", "int32", "int64"].includes(from.kind);
  if (!whole && from.kind !== "decimal") return undefined;
  const unscaled = BigInt(value as number | string);
  const scale = from.kind === "decimal" ? from.scale : 0;
  if (to.kind === "decimal" && to.scale >= scale) {
    const result = unscaled * powerOfTen(to.scale - scale);
    const fits = result < powerOfTen(to.precision) && -result < powerOfTen(to.precision);
    return fits ? literal(to, String(result)) : undefined;
  }
  if (!whole) return undefined;
  const bits = { int8: 8, int16: 16, int32: 32, int64: 64 }[to.kind as string];
  if (bits === undefined || BigInt.asIntN(bits, unscaled) !== unscaled) return undefined;
  return literal(to, bits === 64 ? String(unscaled) : Number(unscaled));
}

/** The conjunction; true for none. Nested conjunctions are flattened. */
export function and(exprs: readonly Expr[]): Expr {
  return logical("and", exprs) ?? trueLiteral;
}

/** The disjunction; false for none. */
export function or(exprs: readonly Expr[]): Expr {
  return logical("or", exprs) ?? falseLiteral;
}

function logical(fn: "and" | "or", exprs: readonly Expr[]): Expr | undefined {
  const args = exprs.flatMap((expr) => (expr.kind === "call" && expr.fn === fn ? expr.args : [expr]));
  if (args.length <= 1) return args[0] && asCondition(args[0]);
  return call(fn, args);
}

function asCondition(expr: Expr): Expr {
  return expr.type.kind === "boolean" ? expr : (call("and", [expr]) as CallExpr).args[0]!;
}

export function not(expr: Expr): Expr {
  return call("not", [expr]);
}

/** The parts of a condition that must all be true. */
export function conjuncts(expr: Expr): readonly Expr[] {
  if (expr.kind === "call" && expr.fn === "and") return expr.args.flatMap(conjuncts);
  return expr.kind === "literal" && expr.value === true ? [] : [expr];
}

/** `input BETWEEN low AND high` */
export function between(input: Expr, low: Expr, high: Expr, span?: Span): Expr {
  return call("and", [call(">=", [input, low], span), call("<=", [input, high], span)], span);
}

/**
 * `input IN (list)`
 * @throws QueryError type_mismatch when they meet in no type
 */
export function inList(input: Expr, list: readonly Expr[], span?: Span): InListExpr {
  const [first, ...rest] = toCommonType([input, ...list], "IN", span, equalityType);
  return { kind: "in_list", input: first!, list: rest, type: types.boolean };
}

/**
 * Searched CASE.
 * @throws QueryError type_mismatch when the results meet in no type, or a condition is none
 */
export function caseWhen(branches: readonly { when: Expr; result: Expr }[], otherwise?: Expr, span?: Span): CaseExpr {
  const results = branches.map((branch) => branch.result);
  const cast = toCommonType(otherwise ? [...results, otherwise] : results, "CASE", span);
  return {
    kind: "case",
    branches: branches.map(({ when }, i) => ({ when: located(span, () => asCondition(when)), result: cast[i]! })),
    ...(otherwise && { otherwise: cast.at(-1)! }),
    type: cast[0]!.type,
  };
}

/**
 * Casts expressions to the one type they meet in.
 * @param what for the error: what wants them alike
 * @param meet finds the type
 * @throws QueryError type_mismatch
 */
export function toCommonType(
  exprs: readonly Expr[],
  what: string,
  span?: Span,
  meet: typeof commonArgType = commonArgType,
): readonly Expr[] {
  const type = meet(exprs.map(argOf));
  if (!type) {
    const names = [...new Set(exprs.map((expr) => typeName(expr.type)))].join(" and ");
    throw new QueryError("type_mismatch", `${what} cannot mix ${names}`, {
      hint: "cast one of them",
      ...(span && { span }),
    });
  }
  return exprs.map((expr) => cast(expr, type, { ...(span && { span }) }));
}
