/** Sizes of joins: System R's 1/max(distinct), with foreign keys recognised. */
import { conjuncts } from "../expr/build.ts";
import type { ColumnId, Expr } from "../expr/expr.ts";
import type { LogicalJoin } from "../logical/plan.ts";
import type { ColumnEstimate, Estimate } from "./column-estimate.ts";
import { capped, exprEstimate, unknownColumn } from "./column-estimate.ts";
import { selectivity } from "./selectivity.ts";

/** The fraction of pairs of rows that agree on the keys. */
export function keySelectivity(
  keys: readonly { readonly left: Expr; readonly right: Expr }[],
  left: Estimate,
  right: Estimate,
): number {
  if (keys.length === 0) return 1;
  const sides = keys.map((key) => [exprEstimate(key.left, left), exprEstimate(key.right, right)] as const);
  if (sides.length === 1) return 1 / sharedDomain(sides[0]![0], sides[0]![1]);
  const product = (side: 0 | 1) => sides.reduce((total, pair) => total * pair[side].domain, 1);
  const most = (side: 0 | 1) => Math.max(...sides.map((pair) => pair[side].domain));
  // Several columns identify a row at best: correlated keys have far fewer combinations than the product.
  const limit = (side: 0 | 1, estimate: Estimate) =>
    Math.max(most(side), Math.min(product(side), tableRows(sides, side, estimate)));
  return 1 / Math.max(1, Math.min(limit(0, left), limit(1, right)));
}

/** Rows of the table that the keys identify, before any filter. */
function tableRows(
  sides: readonly (readonly [ColumnEstimate, ColumnEstimate])[],
  side: 0 | 1,
  estimate: Estimate,
): number {
  return Math.max(...sides.map((pair) => pair[side].tableRows ?? estimate.rows));
}

/** Distinct values of the larger key domain; a bound that is only the row count gives way to a count that is known. */
function sharedDomain(left: ColumnEstimate, right: ColumnEstimate): number {
  const [small, large] = left.domain <= right.domain ? [left, right] : [right, left];
  const sameRange =
    small.min !== undefined &&
    large.min !== undefined &&
    Math.abs(small.max! - large.max!) <= 0.05 * Math.max(1, Math.abs(large.max! - large.min));
  return Math.max(1, sameRange && (small.loose || large.loose) ? small.domain : large.domain);
}

/** A join's output. */
export function joinEstimate(join: LogicalJoin, left: Estimate, right: Estimate): Estimate {
  const both: Estimate = { rows: left.rows * right.rows, columns: new Map([...left.columns, ...right.columns]) };
  const onKeys = keySelectivity(join.keys, left, right);
  const onFilter = join.filter ? selectivity(conjuncts(join.filter), both).fraction : 1;
  const matches = both.rows * onKeys * onFilter;
  const columns = new Map([
    ...survivors(left, matchesOnce(join, right, "right")),
    ...survivors(right, matchesOnce(join, left, "left")),
  ]);
  if (join.joinType === "inner") narrowKeys(join, left, right, columns);
  if (join.mark) columns.set(join.mark.id, unknownColumn(join.mark.type, 2));
  const rows = joinRows(join, left, right, matches);
  return { rows, columns: capped(columns, rows) };
}

/** Whether a row finds at most one partner on the given side, whose key is unique. */
function matchesOnce(join: LogicalJoin, partner: Estimate, side: "left" | "right"): boolean {
  if (side === "right" && ["semi", "anti", "mark", "single"].includes(join.joinType)) return true;
  return join.keys.some((key) => exprEstimate(key[side], partner).unique);
}

/** A side's columns after the join: unique ones stay so only if no row was multiplied. */
function survivors(side: Estimate, once: boolean): readonly (readonly [ColumnId, ColumnEstimate])[] {
  return [...side.columns].map(([id, column]) => [id, once || !column.unique ? column : { ...column, unique: false }]);
}

function joinRows(join: LogicalJoin, left: Estimate, right: Estimate, matches: number): number {
  switch (join.joinType) {
    case "inner":
    case "cross":
      return Math.max(matches, Math.min(1, left.rows, right.rows));
    case "left":
      return Math.max(matches, left.rows);
    case "right":
      return Math.max(matches, right.rows);
    case "full":
      return Math.max(matches, left.rows, right.rows);
    case "mark":
    case "single":
      return left.rows;
    case "semi":
      return Math.max(Math.min(1, left.rows), left.rows * matchFraction(join, left, right));
    case "anti":
      return Math.max(Math.min(1, left.rows), left.rows * Math.max(0.05, 1 - matchFraction(join, left, right)));
  }
}

/** The fraction of left rows with a match: how much of the key domain the right side holds. */
function matchFraction(join: LogicalJoin, left: Estimate, right: Estimate): number {
  if (join.keys.length === 0) return 0.5;
  const fractions = join.keys.map((key) => {
    const l = exprEstimate(key.left, left);
    const r = exprEstimate(key.right, right);
    return Math.min(1, r.distinct / Math.max(1, sharedDomain(l, r)));
  });
  const filter = join.filter ? 0.75 : 1;
  return Math.min(...fractions) * filter;
}

/** After an equi-join both keys have the values that both sides have. */
function narrowKeys(join: LogicalJoin, left: Estimate, right: Estimate, columns: Map<ColumnId, ColumnEstimate>): void {
  for (const key of join.keys) {
    if (key.left.kind !== "column" || key.right.kind !== "column") continue;
    const l = columns.get(key.left.id) ?? exprEstimate(key.left, left);
    const r = columns.get(key.right.id) ?? exprEstimate(key.right, right);
    const distinct = Math.min(l.distinct, r.distinct);
    const min = Math.max(l.min ?? -Infinity, r.min ?? -Infinity);
    const max = Math.min(l.max ?? Infinity, r.max ?? Infinity);
    const bounds = { ...(Number.isFinite(min) && { min }), ...(Number.isFinite(max) && { max }) };
    columns.set(key.left.id, { ...l, ...bounds, distinct, nullFraction: key.nullSafe ? l.nullFraction : 0 });
    columns.set(key.right.id, { ...r, ...bounds, distinct, nullFraction: key.nullSafe ? r.nullFraction : 0 });
  }
}
