/**
 * Three-valued reasoning over minima, maxima and null counts: can any row of a chunk or page make a condition TRUE?
 * Every answer over-approximates: what is not understood may be anything.
 */
import { type DataType, sameType } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import type { CallExpr, ColumnId, Expr, InListExpr, LiteralExpr, LiteralValue } from "../expr/expr.ts";
import { type Bound, type Bounds, compareBounds } from "./statistics.ts";

/** What is known of a column over some rows; undefined: nothing. */
export type BoundsOfColumn = (id: ColumnId) => ColumnBounds | undefined;

export interface ColumnBounds extends Bounds {
  readonly rows: number;
}

/** A set of truth values that a condition may take. */
const isTrue = 1;
const isFalse = 2;
const isNull = 4;
const anything = 7;

/** False only when no row can make the condition TRUE. */
export function mayBeTrue(condition: Expr, boundsOf: BoundsOfColumn): boolean {
  return (outcomes(condition, boundsOf) & isTrue) !== 0;
}

/** True only when every row makes the condition TRUE. */
export function mustBeTrue(condition: Expr, boundsOf: BoundsOfColumn): boolean {
  return outcomes(condition, boundsOf) === isTrue;
}

function outcomes(expr: Expr, boundsOf: BoundsOfColumn): number {
  switch (expr.kind) {
    case "literal":
      return expr.value === null ? isNull : expr.value === true ? isTrue : expr.value === false ? isFalse : anything;
    case "column":
      return booleanColumn(boundsOf(expr.id));
    case "in_list":
      return inList(expr, boundsOf);
    case "call":
      return call(expr, boundsOf);
    default:
      return anything;
  }
}

function call(expr: CallExpr, boundsOf: BoundsOfColumn): number {
  const { fn, args } = expr;
  switch (fn) {
    case "and":
      return conjunction(args.map((arg) => outcomes(arg, boundsOf)));
    case "or":
      return negation(conjunction(args.map((arg) => negation(outcomes(arg, boundsOf)))));
    case "not":
      return negation(outcomes(args[0]!, boundsOf));
    case "is_null":
      return nullTest(operandBounds(args[0]!, boundsOf));
    case "is_not_null":
      return negation(nullTest(operandBounds(args[0]!, boundsOf)));
    case "=":
    case "<>":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return comparison(fn, args[0]!, args[1]!, boundsOf);
    case "like":
      return like(args, boundsOf);
    default:
      return anything;
  }
}

function negation(set: number): number {
  return (set & isNull) | (set & isTrue ? isFalse : 0) | (set & isFalse ? isTrue : 0);
}

function conjunction(sets: readonly number[]): number {
  const all = sets.reduce((a, b) => a & b, anything);
  const some = sets.reduce((a, b) => a | b, 0);
  // A part that is always FALSE makes the whole FALSE whatever the others are.
  if (sets.includes(isFalse)) return isFalse;
  return (all & isTrue) | (some & (isFalse | isNull));
}

function booleanColumn(bounds: ColumnBounds | undefined): number {
  if (!bounds) return anything;
  if (allNull(bounds)) return isNull;
  const mayTrue = bounds.max === false ? 0 : isTrue;
  const mayFalse = bounds.min === true ? 0 : isFalse;
  return mayTrue | mayFalse | nulls(bounds);
}

function nullTest(bounds: ColumnBounds | undefined): number {
  if (!bounds) return isTrue | isFalse;
  return (nulls(bounds) ? isTrue : 0) | (allNull(bounds) ? 0 : isFalse);
}

function nulls(bounds: ColumnBounds): number {
  return bounds.nullCount === 0 ? 0 : isNull;
}

function allNull(bounds: ColumnBounds): boolean {
  return bounds.nullCount === bounds.rows;
}

const flipped = { "=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;
type Comparison = keyof typeof flipped;

function comparison(op: Comparison, left: Expr, right: Expr, boundsOf: BoundsOfColumn): number {
  if (right.kind === "literal") return compareToLiteral(op, left, right, boundsOf);
  if (left.kind === "literal") return compareToLiteral(flipped[op], right, left, boundsOf);
  return anything;
}

function compareToLiteral(op: Comparison, operand: Expr, literal: LiteralExpr, boundsOf: BoundsOfColumn): number {
  if (literal.value === null) return isNull;
  const bounds = operandBounds(operand, boundsOf);
  if (!bounds) return anything;
  if (allNull(bounds)) return isNull;
  const value = comparableTypes(operand.type, literal.type) ? boundOfLiteral(literal.type, literal.value) : undefined;
  if (value === undefined) return anything;
  return compareToValue(op, operand.type, bounds, value) | nulls(bounds);
}

/** isTrue and isFalse as far as some non-null value in the bounds may give them. */
function compareToValue(op: Comparison, type: DataType, bounds: ColumnBounds, value: Bound): number {
  const { min, max } = bounds;
  // NaN, the greatest float, is outside of the bounds and may be anywhere.
  const mayNaN = type.kind === "float32" || type.kind === "float64";
  const below = min === undefined || compareBounds(min, value) < 0;
  const above = mayNaN || max === undefined || compareBounds(max, value) > 0;
  const atLeast = mayNaN || max === undefined || compareBounds(max, value) >= 0;
  const atMost = min === undefined || compareBounds(min, value) <= 0;
  const equal = atMost && (max === undefined || compareBounds(max, value) >= 0);
  const truth = (mayTrue: boolean, mayFalse: boolean) => (mayTrue ? isTrue : 0) | (mayFalse ? isFalse : 0);
  switch (op) {
    case "<":
      return truth(below, atLeast);
    case "<=":
      return truth(atMost, above);
    case ">":
      return truth(above, atMost);
    case ">=":
      return truth(atLeast, below);
    case "=":
      return truth(equal, below || above);
    case "<>":
      return truth(below || above, equal);
  }
}

function inList({ input, list }: InListExpr, boundsOf: BoundsOfColumn): number {
  let result = isFalse;
  for (const item of list) {
    const set = comparison("=", input, item, boundsOf);
    result = negation(conjunction([negation(result), negation(set)]));
  }
  return result;
}

function like(args: readonly Expr[], boundsOf: BoundsOfColumn): number {
  const [operand, pattern] = args;
  if (args.length !== 2 || !operand || pattern?.kind !== "literal" || typeof pattern.value !== "string")
    return anything;
  const bounds = operandBounds(operand, boundsOf);
  if (!bounds) return anything;
  if (allNull(bounds)) return isNull;
  const { min, max } = bounds;
  if (!(min instanceof Uint8Array) && !(max instanceof Uint8Array)) return anything;
  // Without an ESCAPE clause a backslash may or may not escape: the prefix ends before it.
  const prefix = Buffer.from(/^[^%_\\]*/.exec(pattern.value)![0]);
  const start = (bytes: Uint8Array) => bytes.subarray(0, prefix.length);
  const tooHigh = min instanceof Uint8Array && compareBounds(start(min), prefix) > 0;
  const tooLow = max instanceof Uint8Array && compareBounds(max, prefix) < 0;
  return (tooHigh || tooLow ? 0 : isTrue) | isFalse | nulls(bounds);
}

/** Bounds of a bare column, or of one under casts that keep order and every value; undefined: nothing is known. */
function operandBounds(expr: Expr, boundsOf: BoundsOfColumn): ColumnBounds | undefined {
  if (expr.kind === "column") return boundsOf(expr.id);
  if (expr.kind !== "cast") return undefined;
  const bounds = operandBounds(expr.input, boundsOf);
  const convert = bounds && wideningCast(expr.input.type, expr.type);
  if (!bounds || !convert) return undefined;
  const { min, max, ...rest } = bounds;
  return { ...rest, ...(min !== undefined && { min: convert(min) }), ...(max !== undefined && { max: convert(max) }) };
}

const integerRank: Readonly<Record<string, number>> = { int8: 1, int16: 2, int32: 3, int64: 4 };
const microsPerDay = 86_400_000_000n;

function wideningCast(from: DataType, to: DataType): ((bound: Bound) => Bound) | undefined {
  const [fromRank, toRank] = [integerRank[from.kind], integerRank[to.kind]];
  if (fromRank && toRank && fromRank <= toRank) return to.kind === "int64" ? (bound) => BigInt(bound as number) : same;
  if (fromRank && to.kind === "decimal") return (bound) => BigInt(bound as number) * 10n ** BigInt(to.scale);
  if (from.kind === "decimal" && to.kind === "decimal" && to.scale >= from.scale) {
    const factor = 10n ** BigInt(to.scale - from.scale);
    return (bound) => (bound as bigint) * factor;
  }
  if (from.kind === "date" && to.kind === "timestamp" && !to.utc)
    return (bound) => BigInt(bound as number) * microsPerDay;
  if (from.kind === "float32" && to.kind === "float64") return same;
  return sameType(from, to) ? same : undefined;
}

const same = (bound: Bound): Bound => bound;

function comparableTypes(a: DataType, b: DataType): boolean {
  return a.kind === "decimal" && b.kind === "decimal" ? a.scale === b.scale : sameType(a, b);
}

/** A value in the order of bounds; undefined for NaN and types without bounds. */
export function boundOfValue(value: Exclude<Value, null>): Bound | undefined {
  if (typeof value === "string") return Buffer.from(value, "utf8");
  if (typeof value === "number") return Number.isNaN(value) ? undefined : value;
  return typeof value === "object" && !(value instanceof Uint8Array) ? undefined : value;
}

/** A literal in the order of bounds; undefined for NaN and types without bounds. */
export function boundOfLiteral(type: DataType, value: LiteralValue): Bound | undefined {
  switch (type.kind) {
    case "boolean":
      return value === true;
    case "int8":
    case "int16":
    case "int32":
    case "date":
      return typeof value === "number" ? value : undefined;
    case "float32":
    case "float64": {
      const number = Number(value);
      return Number.isNaN(number) ? undefined : number;
    }
    case "int64":
    case "decimal":
    case "timestamp":
      return BigInt(String(value));
    case "varchar":
      return Buffer.from(String(value), "utf8");
    case "binary":
      return Buffer.from(String(value), "hex");
    default:
      return undefined;
  }
}
