/** What the planner believes of a column, or of a computed value, at some place in a plan. */
import type { DataType } from "../arrow/types.ts";
import { widthOf } from "../arrow/types.ts";
import type { ColumnStatistics as StoredStatistics } from "../catalog/table.ts";
import type { CallExpr, ColumnId, Expr } from "../expr/expr.ts";
import { literalNumber, unit } from "./literal-number.ts";
import { stringDistinct } from "./string-statistics.ts";

export interface ColumnEstimate {
  /** Estimated number of distinct values among the estimated rows. */
  readonly distinct: number;
  /** Distinct values in the table it comes from, before any filter: what a foreign key refers to. */
  readonly domain: number;
  /** Rows of that table. */
  readonly tableRows?: number;
  /** distinct is only an upper bound, taken from the row count. */
  readonly loose: boolean;
  /** Bounds as numbers (days, microseconds, decimals at their value), where the type has an order of numbers. */
  readonly min?: number;
  readonly max?: number;
  readonly nullFraction: number;
  /** Mean bytes of a value in memory. */
  readonly bytes: number;
  /** The result of an aggregate: conditions on it look for the few groups that stand out. */
  readonly aggregated?: boolean;
  /** Whether no two rows seem to share a value. A guess, no proof. */
  readonly unique: boolean;
}

/** A plan's output: its rows and what is known of its columns. */
export interface Estimate {
  readonly rows: number;
  readonly columns: ReadonlyMap<ColumnId, ColumnEstimate>;
}

/** Where files do not count their nulls. */
const nullFractionUnknown = 0.01;

/** What is known of a table's column. */
export function columnEstimate(type: DataType, rows: number, stored?: StoredStatistics): ColumnEstimate {
  const min = literalNumber(type, stored?.min);
  const max = literalNumber(type, stored?.max);
  const nulls = stored?.nullCount;
  const nullFraction = nulls === undefined ? nullFractionUnknown : rows > 0 ? Math.min(1, nulls / rows) : 0;
  const values = Math.max(1, rows * (1 - nullFraction));
  const range = min !== undefined && max !== undefined ? max - min : undefined;
  const span = range === undefined ? undefined : rangeDistinct(type, range);
  let distinct = span === undefined ? defaultDistinct(type, values, stored) : drawn(span, values);
  if (stored?.distinctCount !== undefined) distinct = Math.max(1, Math.min(values, stored.distinctCount));
  const loose = stored?.distinctCount === undefined && (span === undefined || span > values);
  const dense = span !== undefined && isIntegral(type) && values >= span * 0.98 && span >= values && values > 1;
  return {
    distinct,
    domain: distinct,
    tableRows: rows,
    loose,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    nullFraction,
    bytes: stored?.bytesMean ?? (isBytes(type) ? 24 : widthOf(type)),
    unique: dense || (stored?.distinctCount !== undefined && stored.distinctCount >= values && values > 1),
  };
}

/** Distinct values of that many drawn from a range, except where they just fill it: then they count it through. */
function drawn(range: number, values: number): number {
  if (range >= values && range <= values * 1.02) return values;
  return range * (1 - Math.exp(-values / range));
}

/** How many values lie in a range of numbers, if the type is discrete. */
function rangeDistinct(type: DataType, range: number): number | undefined {
  if (isIntegral(type)) return range + 1;
  if (type.kind === "decimal") return range * 10 ** type.scale + 1;
  if (type.kind === "boolean") return 2;
  return undefined;
}

function defaultDistinct(type: DataType, values: number, stored: StoredStatistics | undefined): number {
  if (type.kind === "boolean") return 2;
  if (type.kind === "varchar") return stringDistinct(values, stored);
  return values;
}

export function isIntegral(type: DataType): boolean {
  return ["int8", "int16", "int32", "int64", "date"].includes(type.kind);
}

function isBytes(type: DataType): boolean {
  return type.kind === "varchar" || type.kind === "binary";
}

export function unknownColumn(type: DataType, distinct: number): ColumnEstimate {
  const bytes = isBytes(type) ? 24 : widthOf(type);
  return { distinct, domain: distinct, loose: true, nullFraction: 0, bytes, unique: false };
}

/** Statistics of a computed value. */
export function exprEstimate(expr: Expr, input: Estimate): ColumnEstimate {
  switch (expr.kind) {
    case "column":
      return input.columns.get(expr.id) ?? unknownColumn(expr.type, Math.max(1, input.rows));
    case "literal":
      return { ...unknownColumn(expr.type, 1), loose: false, nullFraction: expr.value === null ? 1 : 0 };
    case "cast":
      return castEstimate(exprEstimate(expr.input, input), expr.input.type, expr.type);
    case "call":
      return callEstimate(expr, input);
    case "case": {
      const results = [...expr.branches.map((branch) => branch.result), ...(expr.otherwise ? [expr.otherwise] : [])];
      const distinct = results.reduce((sum, result) => sum + exprEstimate(result, input).distinct, 0);
      return unknownColumn(expr.type, Math.max(1, Math.min(input.rows, distinct)));
    }
    case "in_list":
    case "subquery":
      return unknownColumn(expr.type, expr.type.kind === "boolean" ? 2 : Math.max(1, input.rows));
  }
}

/** A cast keeps distinct values; bounds only between numbers, and between dates and timestamps. */
function castEstimate(input: ColumnEstimate, from: DataType, to: DataType): ColumnEstimate {
  const { min, max, ...rest } = input;
  const factor = unit(to, from);
  const ordered = (isNumeric(from) && isNumeric(to)) || isTemporal(from) === isTemporal(to);
  const bounds = ordered && min !== undefined && max !== undefined ? { min: min * factor, max: max * factor } : {};
  return { ...rest, ...bounds, bytes: isBytes(to) ? input.bytes : widthOf(to) };
}

function isNumeric(type: DataType): boolean {
  return ["int8", "int16", "int32", "int64", "float32", "float64", "decimal"].includes(type.kind);
}

function isTemporal(type: DataType): boolean {
  return type.kind === "date" || type.kind === "timestamp";
}

function callEstimate(call: CallExpr, input: Estimate): ColumnEstimate {
  if (call.type.kind === "boolean") return unknownColumn(call.type, 2);
  const parts = call.args.map((arg) => exprEstimate(arg, input));
  const [first] = parts;
  if (call.fn === "year" && first?.min !== undefined && first.max !== undefined) {
    const dayUnit = unit({ kind: "date" }, call.args[0]!.type);
    const year = (value: number) => new Date(value * dayUnit * 86_400_000).getUTCFullYear();
    const [min, max] = [year(first.min), year(first.max)];
    const distinct = Math.min(max - min + 1, first.distinct);
    if (distinct > 0) return { ...unknownColumn(call.type, distinct), loose: false, min, max };
  }
  if (first && (call.fn === "substring" || call.fn === "substr")) {
    return unknownColumn(call.type, Math.max(1, Math.min(first.distinct, 20 + Math.sqrt(first.distinct))));
  }
  const distinct = parts.reduce((product, part) => product * part.distinct, 1);
  return unknownColumn(call.type, Math.max(1, Math.min(input.rows, distinct)));
}

/** No column has more distinct values than there are rows. */
export function capped(
  columns: ReadonlyMap<ColumnId, ColumnEstimate>,
  rows: number,
): ReadonlyMap<ColumnId, ColumnEstimate> {
  const limit = Math.max(1, rows);
  const result = new Map<ColumnId, ColumnEstimate>();
  for (const [id, column] of columns) {
    result.set(id, column.distinct > limit ? { ...column, distinct: limit } : column);
  }
  return result;
}

/** Mean bytes of a row of these columns. */
export function rowBytes(estimate: Estimate, ids: Iterable<ColumnId>): number {
  let bytes = 0;
  for (const id of ids) bytes += estimate.columns.get(id)?.bytes ?? 8;
  return bytes;
}
