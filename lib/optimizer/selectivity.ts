/** How much of its input a condition lets through, from column statistics and textbook defaults. */
import { conjuncts } from "../expr/build.ts";
import type { CallExpr, ColumnId, Expr } from "../expr/expr.ts";
import { exprKey } from "../expr/walk.ts";
import type { ColumnEstimate, Estimate } from "./column-estimate.ts";
import { exprEstimate } from "./column-estimate.ts";
import { constantNumber, unit } from "./literal-number.ts";

const defaults = {
  equality: 0.005,
  range: 0.3,
  having: 0.05,
  like: 0.1,
  likePrefix: 0.05,
  columns: 0.5,
  other: 0.33,
} as const;

export interface Selectivity {
  readonly fraction: number;
  /** What the conditions say about single columns. */
  readonly columns: ReadonlyMap<ColumnId, Partial<ColumnEstimate>>;
}

interface Bounds {
  readonly operand: Expr;
  low?: number;
  high?: number;
}

/** All conjuncts together; bounds on one operand are joined into one range first. */
export function selectivity(conditions: readonly Expr[], input: Estimate): Selectivity {
  const bounds = new Map<string, Bounds>();
  const columns = new Map<ColumnId, Partial<ColumnEstimate>>();
  let fraction = 1;
  for (const conjunct of conditions) {
    if (collectBound(conjunct, bounds)) continue;
    fraction *= conditionFraction(conjunct, input, columns);
  }
  for (const bound of bounds.values()) fraction *= rangeFraction(bound, input, columns);
  return { fraction: Math.min(1, Math.max(0, fraction)), columns };
}

/** Notes `operand < constant` and its kin; false for any other condition. */
function collectBound(expr: Expr, bounds: Map<string, Bounds>): boolean {
  const comparison = againstConstant(expr);
  if (!comparison || !["<", "<=", ">", ">="].includes(comparison.op)) return false;
  const { operand, op, constant } = comparison;
  if (constant === undefined) return false;
  const key = exprKey(operand);
  const bound: Bounds = bounds.get(key) ?? { operand };
  if (op.startsWith("<")) bound.high = Math.min(bound.high ?? Infinity, constant);
  else bound.low = Math.max(bound.low ?? -Infinity, constant);
  bounds.set(key, bound);
  return true;
}

const mirrored: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>" };

/** `operand op constant`, either way around; casts of the operand are looked through. */
function againstConstant(expr: Expr): { operand: Expr; op: string; constant: number | undefined } | undefined {
  if (expr.kind !== "call" || expr.args.length !== 2 || !mirrored[expr.fn]) return undefined;
  const [left, right] = expr.args as readonly [Expr, Expr];
  const [operand, constant, op] = isConstant(right) ? [left, right, expr.fn] : [right, left, mirrored[expr.fn]!];
  if (!isConstant(constant) || isConstant(operand)) return undefined;
  let number = constantNumber(constant);
  let inner = operand;
  while (inner.kind === "cast") {
    if (number !== undefined) number *= unit(inner.input.type, inner.type);
    inner = inner.input;
  }
  return { operand: inner, op, constant: number };
}

function isConstant(expr: Expr): boolean {
  return expr.kind === "literal" || (expr.kind === "cast" && isConstant(expr.input));
}

function rangeFraction(bound: Bounds, input: Estimate, columns: Map<ColumnId, Partial<ColumnEstimate>>): number {
  const estimate = exprEstimate(bound.operand, input);
  const present = 1 - estimate.nullFraction;
  const bothSides = bound.low !== undefined && bound.high !== undefined;
  if (estimate.min === undefined || estimate.max === undefined) {
    if (estimate.aggregated) return present * defaults.having;
    return present * (bothSides ? defaults.range / 2 : defaults.range);
  }
  const low = Math.max(bound.low ?? -Infinity, estimate.min);
  const high = Math.min(bound.high ?? Infinity, estimate.max);
  const width = estimate.max - estimate.min;
  if (high < low) return 0;
  const fraction = width === 0 ? 1 : Math.max((high - low) / width, 1 / Math.max(1, estimate.distinct));
  if (bound.operand.kind === "column") {
    const distinct = Math.max(1, estimate.distinct * fraction);
    columns.set(bound.operand.id, { min: low, max: high, distinct, nullFraction: 0 });
  }
  return present * Math.min(1, fraction);
}

function conditionFraction(expr: Expr, input: Estimate, columns: Map<ColumnId, Partial<ColumnEstimate>>): number {
  switch (expr.kind) {
    case "literal":
      return expr.value === true ? 1 : 0;
    case "in_list": {
      const estimate = exprEstimate(expr.input, input);
      const fraction = Math.min(1, expr.list.length * equalityFraction(estimate, expr.input));
      if (expr.input.kind === "column") {
        columns.set(expr.input.id, {
          distinct: Math.max(1, Math.min(estimate.distinct, expr.list.length)),
          nullFraction: 0,
        });
      }
      return fraction;
    }
    case "call":
      return callFraction(expr, input, columns);
    default:
      return defaults.other;
  }
}

function callFraction(call: CallExpr, input: Estimate, columns: Map<ColumnId, Partial<ColumnEstimate>>): number {
  switch (call.fn) {
    case "and":
      return selectivity(conjuncts(call), input).fraction;
    case "or":
      return 1 - call.args.reduce((miss, arg) => miss * (1 - selectivity(conjuncts(arg), input).fraction), 1);
    case "not":
      return 1 - selectivity(conjuncts(call.args[0]!), input).fraction;
    case "is_null":
      return exprEstimate(call.args[0]!, input).nullFraction;
    case "is_not_null":
      return 1 - exprEstimate(call.args[0]!, input).nullFraction;
    case "like":
    case "ilike":
    case "starts_with":
      return likeFraction(call);
    case "=":
    case "is_not_distinct_from":
      return equality(call, input, columns);
    case "<>":
    case "is_distinct_from":
      return 1 - equality(call, input, new Map());
    case "<":
    case "<=":
    case ">":
    case ">=":
      return againstConstant(call) ? defaults.range : defaults.columns;
    default:
      return defaults.other;
  }
}

/** A pattern that only bounds the start is a range; one with both ends open searches. */
function likeFraction(call: CallExpr): number {
  const pattern = call.args[1];
  if (call.fn === "starts_with") return defaults.likePrefix;
  if (pattern?.kind !== "literal" || typeof pattern.value !== "string") return defaults.like;
  const parts = pattern.value.split("%").filter((part) => part.length > 0).length;
  if (parts === 0) return 1;
  if (!/^[%_]/.test(pattern.value)) return pattern.value.includes("%") ? defaults.likePrefix : defaults.equality;
  return defaults.like ** Math.min(parts, 2);
}

function equality(call: CallExpr, input: Estimate, columns: Map<ColumnId, Partial<ColumnEstimate>>): number {
  const [left, right] = call.args as readonly [Expr, Expr];
  const comparison = againstConstant(call);
  if (!comparison) {
    const l = exprEstimate(left, input);
    const r = exprEstimate(right, input);
    return 1 / Math.max(1, l.distinct, r.distinct);
  }
  const { operand, constant } = comparison;
  const estimate = exprEstimate(operand, input);
  const outside =
    constant !== undefined &&
    estimate.min !== undefined &&
    estimate.max !== undefined &&
    (constant < estimate.min || constant > estimate.max);
  if (outside) return 0;
  if (operand.kind === "column") {
    const exact = constant !== undefined ? { min: constant, max: constant } : {};
    columns.set(operand.id, { distinct: 1, nullFraction: 0, ...exact });
  }
  return equalityFraction(estimate, operand);
}

function equalityFraction(estimate: ColumnEstimate, operand: Expr): number {
  if (operand.kind !== "column" && estimate.loose)
    return Math.max(defaults.equality, 1 / Math.max(1, estimate.distinct));
  return (1 - estimate.nullFraction) / Math.max(1, estimate.distinct);
}
