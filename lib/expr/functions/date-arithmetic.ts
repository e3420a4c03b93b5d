/** What + - * / mean for dates, timestamps and intervals. */
import { type DataType, types } from "../../arrow/types.ts";
import type { IntervalValue } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { addInterval, microsPerDay } from "../calendar.ts";
import { overflow } from "../checked.ts";
import { type Arg, isInteger, isNumeric } from "../coercion.ts";
import type { Resolution, ScalarFunction } from "./scalar-function.ts";

const { date, timestamp, timestamptz, interval, int64, float64 } = types;

/** The function behind an operator when a side is a date, timestamp or interval; undefined for everything else. */
export function resolveDateArithmetic(operator: "+" | "-" | "*" | "/", args: readonly Arg[]): Resolution | undefined {
  const [a, b] = args;
  if (!a || !b || args.length !== 2) return undefined;
  if (operator === "+" || operator === "-") {
    return resolveSum(operator, a, b) ?? (operator === "+" ? swapped(resolveSum("+", b, a)) : undefined);
  }
  const fn = operator === "*" ? "interval_multiply" : "interval_divide";
  const scaled = (x: Arg, y: Arg): Resolution | undefined =>
    x.type.kind === "interval" && isNumeric(y.type) ? { fn, argTypes: [interval, float64], type: interval } : undefined;
  return scaled(a, b) ?? (operator === "*" ? swapped(scaled(b, a)) : undefined);
}

function swapped(resolution: Resolution | undefined): Resolution | undefined {
  return resolution && { ...resolution, swap: true };
}

function resolveSum(operator: "+" | "-", a: Arg, b: Arg): Resolution | undefined {
  const plus = operator === "+";
  const moment = a.type.kind === "timestamp" && a.type.utc ? timestamptz : timestamp;
  const isMoment = a.type.kind === "date" || a.type.kind === "timestamp";
  if (isMoment && isLike(b, "interval")) {
    const fn = plus ? "timestamp_add_interval" : "timestamp_subtract_interval";
    return { fn, argTypes: [moment, interval], type: moment };
  }
  if (a.type.kind === "date" && isInteger(b.type)) {
    return { fn: plus ? "date_add_days" : "date_subtract_days", argTypes: [date, int64], type: date };
  }
  if (a.type.kind === "interval" && isLike(b, "interval")) {
    return { fn: plus ? "interval_add" : "interval_subtract", argTypes: [interval, interval], type: interval };
  }
  return plus ? undefined : resolveDifference(a, b);
}

function resolveDifference(a: Arg, b: Arg): Resolution | undefined {
  const kinds = [a, b].map((arg) => (arg.literal && arg.type.kind === "varchar" ? "text" : arg.type.kind));
  const known = kinds.filter((kind) => kind === "date" || kind === "timestamp");
  const rest = kinds.filter((kind) => kind !== "date" && kind !== "timestamp");
  if (known.length === 0 || !rest.every((kind) => kind === "text" || kind === "null")) return undefined;
  if (known.every((kind) => kind === "date")) return { fn: "date_difference", argTypes: [date, date], type: int64 };
  const utc = [a.type, b.type].some((type) => type.kind === "timestamp" && type.utc);
  const moment: DataType = utc ? timestamptz : timestamp;
  return { fn: "timestamp_difference", argTypes: [moment, moment], type: interval };
}

function isLike(arg: Arg, kind: "interval"): boolean {
  return arg.type.kind === kind;
}

const int32Max = 2 ** 31 - 1;

function checkedInterval(months: number, days: number, micros: bigint): IntervalValue {
  if (Math.abs(months) > int32Max || Math.abs(days) > int32Max || BigInt.asIntN(64, micros) !== micros) {
    throw overflow("the interval", interval);
  }
  return { months, days, micros };
}

function negated(value: IntervalValue): IntervalValue {
  return checkedInterval(-value.months, -value.days, -value.micros);
}

function addDays(day: number, count: bigint): number {
  const sum = BigInt(day) + count;
  if (sum > 2_147_483_646n || sum < -2_147_483_646n) throw overflow(`day ${day} + ${count} days`, date);
  return Number(sum);
}

function sum(a: IntervalValue, b: IntervalValue): IntervalValue {
  return checkedInterval(a.months + b.months, a.days + b.days, a.micros + b.micros);
}

/** Fractions of a month become days (30 each), fractions of a day microseconds. */
function scale(value: IntervalValue, factor: number): IntervalValue {
  if (!Number.isFinite(factor)) throw new QueryError("invalid_argument", `cannot scale an interval by ${factor}`);
  const months = Math.trunc(value.months * factor);
  const exactDays = value.days * factor + (value.months * factor - months) * 30;
  const days = Math.trunc(exactDays);
  const exactMicros = Math.round(Number(value.micros) * factor + (exactDays - days) * Number(microsPerDay));
  if (!Number.isFinite(exactMicros)) throw overflow("the interval", interval);
  return checkedInterval(months, days, BigInt(exactMicros));
}

export const dateArithmeticFunctions: readonly ScalarFunction[] = [
  {
    name: "date_add_days",
    signatures: ["date, int64 -> date"],
    canFail: true,
    evaluate: ([day, count]) => addDays(day as number, count as bigint),
    about: "The operator date + integer.",
  },
  {
    name: "date_subtract_days",
    signatures: ["date, int64 -> date"],
    canFail: true,
    evaluate: ([day, count]) => addDays(day as number, -(count as bigint)),
    about: "The operator date - integer.",
  },
  {
    name: "date_difference",
    signatures: ["date, date -> int64"],
    evaluate: ([a, b]) => BigInt((a as number) - (b as number)),
    about: "The operator date - date: days.",
  },
  {
    name: "timestamp_add_interval",
    signatures: ["timestamp, interval -> timestamp", "timestamptz, interval -> timestamptz"],
    canFail: true,
    evaluate: ([at, by]) => addInterval(at as bigint, by as IntervalValue),
    about:
      "The operator timestamp + interval: first the months (the day clipped to the month), then days, then the time.",
  },
  {
    name: "timestamp_subtract_interval",
    signatures: ["timestamp, interval -> timestamp", "timestamptz, interval -> timestamptz"],
    canFail: true,
    evaluate: ([at, by]) => addInterval(at as bigint, negated(by as IntervalValue)),
    about: "The operator timestamp - interval.",
  },
  {
    name: "timestamp_difference",
    signatures: ["timestamp, timestamp -> interval", "timestamptz, timestamptz -> interval"],
    canFail: true,
    evaluate: ([a, b]) => {
      const micros = (a as bigint) - (b as bigint);
      return checkedInterval(0, Number(micros / microsPerDay), micros % microsPerDay);
    },
    about: "The operator timestamp - timestamp: days and time.",
  },
  {
    name: "interval_add",
    signatures: ["interval, interval -> interval"],
    canFail: true,
    evaluate: ([a, b]) => sum(a as IntervalValue, b as IntervalValue),
    about: "The operator interval + interval.",
  },
  {
    name: "interval_subtract",
    signatures: ["interval, interval -> interval"],
    canFail: true,
    evaluate: ([a, b]) => sum(a as IntervalValue, negated(b as IntervalValue)),
    about: "The operator interval - interval.",
  },
  {
    name: "interval_neg",
    signatures: ["interval -> interval"],
    canFail: true,
    evaluate: ([value]) => negated(value as IntervalValue),
    about: "The operator -interval.",
  },
  {
    name: "interval_multiply",
    signatures: ["interval, float64 -> interval"],
    canFail: true,
    evaluate: ([value, factor]) => scale(value as IntervalValue, factor as number),
    about: "The operator interval * number.",
  },
  {
    name: "interval_divide",
    signatures: ["interval, float64 -> interval"],
    canFail: true,
    evaluate: ([value, divisor]) => {
      if (divisor === 0) throw new QueryError("invalid_argument", "division by zero");
      return scale(value as IntervalValue, 1 / (divisor as number));
    },
    about: "The operator interval / number.",
  },
];
