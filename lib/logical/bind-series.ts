/**
 * range(…) and generate_series(…): numbers or moments at equal distances, as a plan of what there is already. A short
 * series is its values; a long one pairs the numbers of two short ones, high and low digits, so that a plan stays small.
 */
import { type DataType, types } from "../arrow/types.ts";
import type { IntervalValue, Value } from "../arrow/value.ts";
import { QueryError, type Span, unsupported } from "../errors.ts";
import { call, cast, literal } from "../expr/build.ts";
import type { ColumnIds } from "../expr/column-ids.ts";
import type { Column, Expr } from "../expr/expr.ts";
import { foldConstants } from "../expr/fold.ts";
import { literalOfValue, valueOfLiteral } from "../expr/value.ts";
import { filterPlan, joinPlan, projectPlan } from "./build.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";

/** Values that a plan holds; longer series are put together from such. */
const valuesMax = 4096;
/** Steps of months have no equal lengths, and are counted one by one. */
const calendarStepsMax = 10_000;
const dayMicros = 86_400_000_000n;

/** A call as it was bound. */
export interface Series {
  readonly name: "range" | "generate_series";
  /** Constants: stop; start and stop; start, stop and step. */
  readonly args: readonly Expr[];
  readonly span?: Span;
}

export function isSeries(name: string): name is Series["name"] {
  return name === "range" || name === "generate_series";
}

/** generate_series includes its end, range does not. A NULL argument gives no rows. */
export function seriesPlan(series: Series, ids: ColumnIds): LogicalPlan {
  const { args, span, name } = series;
  if (args.length < 1 || args.length > 3) {
    throw new QueryError("invalid_argument", `${name} takes one to three arguments`, { ...(span && { span }) });
  }
  const numbers = args.every(({ type }) => isWhole(type));
  const column = ids.column(name, numbers ? types.int64 : momentType(series), false);
  const values = args.map((arg) => (numbers ? wholeOf(arg, span) : constantOf(arg, span)));
  if (values.includes(null)) return { kind: "values", columns: [column], rows: [] };
  return numbers ? numberSeries(series, values as bigint[], column, ids) : momentSeries(series, values, column, ids);
}

function numberSeries(series: Series, values: readonly bigint[], column: Column, ids: ColumnIds): LogicalPlan {
  const [start, stop, step] = values.length === 1 ? [0n, values[0]!, 1n] : [values[0]!, values[1]!, values[2] ?? 1n];
  const count = stepsBetween(series, start, stop, step);
  const int = (value: bigint) => literal(types.int64, String(value));
  return countedPlan(count, ids, column, (i) => call("+", [int(start), call("*", [i, int(step)])]));
}

function momentSeries(series: Series, values: readonly Value[], column: Column, ids: ColumnIds): LogicalPlan {
  const [start, stop] = series.args.slice(0, 2).map((arg) => constantOf(cast(arg, column.type))) as bigint[];
  const { months, days, micros } = values[2] as IntervalValue;
  if (months !== 0) return calendarSeries(series, start!, stop!, column);
  const step = BigInt(days) * dayMicros + micros;
  const count = stepsBetween(series, start!, stop!, step);
  const first = literal(column.type, String(start!));
  const micro = (i: Expr) => call("to_microseconds", [call("*", [i, literal(types.int64, String(step))])]);
  return countedPlan(count, ids, column, (i) => call("+", [first, micro(i)]));
}

function calendarSeries(series: Series, start: bigint, stop: bigint, column: Column): LogicalPlan {
  const step = series.args[2]!;
  const next = (value: bigint) =>
    constantOf(call("+", [literal(column.type, String(value)), step], series.span)) as bigint;
  const up = next(start) > start;
  if (next(start) === start) throw zeroStep(series);
  const inside = (value: bigint) =>
    value === stop ? series.name === "generate_series" : up ? value < stop : value > stop;
  const rows: Expr[][] = [];
  for (let value = start; inside(value); value = next(value)) {
    if (rows.length === calendarStepsMax) {
      throw unsupported(`${series.name} of more than ${calendarStepsMax} steps of months`, series.span);
    }
    rows.push([literal(column.type, literalOfValue(column.type, value))]);
  }
  return { kind: "values", columns: [column], rows };
}

function stepsBetween(series: Series, start: bigint, stop: bigint, step: bigint): bigint {
  if (step === 0n) throw zeroStep(series);
  const distance = step > 0n ? stop - start : start - stop;
  const stride = step > 0n ? step : -step;
  if (distance < 0n) return 0n;
  return series.name === "generate_series" ? distance / stride + 1n : (distance + stride - 1n) / stride;
}

function zeroStep({ span }: Series): QueryError {
  return new QueryError("invalid_argument", "the step cannot be 0", { ...(span && { span }) });
}

/** Rows 0 … count − 1 through `value`. */
function countedPlan(count: bigint, ids: ColumnIds, column: Column, value: (i: Expr) => Expr): LogicalPlan {
  const counter = counted(count, ids);
  return projectPlan(counter, [value(columnRef(counter.columns[0]!))], [column]);
}

/** One column of 0 … count − 1. */
function counted(count: bigint, ids: ColumnIds): LogicalPlan {
  const column = ids.column("i", types.int64, false);
  if (count <= valuesMax) {
    const rows = Array.from({ length: Number(count) }, (_, i) => [literal(types.int64, String(i))]);
    return { kind: "values", columns: [column], rows };
  }
  const base = BigInt(valuesMax);
  const high = counted((count + base - 1n) / base, ids);
  const low = counted(base, ids);
  const int = (number: bigint) => literal(types.int64, String(number));
  const scaled = call("*", [columnRef(high.columns[0]!), int(base)]);
  const all = projectPlan(joinPlan("cross", high, low), [call("+", [scaled, columnRef(low.columns[0]!)])], [column]);
  return count % base === 0n ? all : filterPlan(all, [call("<", [columnRef(column), int(count)])]);
}

function isWhole({ kind }: DataType): boolean {
  return kind === "int8" || kind === "int16" || kind === "int32" || kind === "int64" || kind === "null";
}

/** Moments are timestamps, in UTC when one of the ends is. @throws QueryError type_mismatch */
function momentType({ name, args, span }: Series): DataType {
  const [start, stop, step] = args.map(({ type }) => type);
  const isMoment = (type: DataType | undefined) => type?.kind === "date" || type?.kind === "timestamp";
  if (isMoment(start) && isMoment(stop) && step?.kind === "interval") {
    return [start, stop].some((type) => type?.kind === "timestamp" && type.utc) ? types.timestamptz : types.timestamp;
  }
  throw new QueryError("type_mismatch", `${name} takes whole numbers, or two moments and an INTERVAL`, {
    ...(span && { span }),
  });
}

function constantOf(expr: Expr, span?: Span): Value {
  const folded = foldConstants(expr);
  if (folded.kind !== "literal") throw unsupported("an argument of a series that is no constant", span);
  return valueOfLiteral(folded.type, folded.value);
}

/** A whole number of any width. */
function wholeOf(expr: Expr, span?: Span): bigint | null {
  return constantOf(cast(expr, types.int64), span) as bigint | null;
}
