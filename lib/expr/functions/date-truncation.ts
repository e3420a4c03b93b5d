/** date_trunc, date_diff, date_sub, age and time_bucket: time in units. */

import type { IntervalValue } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import {
  addMonths,
  checkedTimestamp,
  civilOfDays,
  daysInMonth,
  daysOfCivil,
  microsPerDay,
  splitTimestamp,
} from "../calendar.ts";
import { datePartName, isoWeek, isoWeekday, unknownPart } from "./date-parts.ts";

/** Microseconds of the units that have a fixed length within a day. */
const clockUnits: Readonly<Record<string, bigint>> = {
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
  epoch: 1_000_000n,
  millisecond: 1000n,
  microsecond: 1n,
};

const monthsOfUnit: Readonly<Record<string, number>> = {
  month: 1,
  quarter: 3,
  year: 12,
  isoyear: 12,
  decade: 120,
  century: 1200,
  millennium: 12_000,
};

const dayUnits: ReadonlySet<string> = new Set(["day", "dayofweek", "isodow", "dayofyear", "julian"]);
const weekUnits: ReadonlySet<string> = new Set(["week", "yearweek"]);

function unitOf(name: string): string {
  const lower = name.toLowerCase();
  const unit = lower === "epoch" || lower === "julian" ? lower : datePartName(name);
  if (!unit || unit === "era") throw unknownPart(name);
  return unit;
}

/** The start of the unit a timestamp lies in. */
export function truncateTimestamp(unitName: string, timestamp: bigint): bigint {
  const unit = unitOf(unitName);
  const { days, micros } = splitTimestamp(timestamp);
  const clock = clockUnits[unit];
  if (clock) return timestamp - (micros % clock);
  return checkedTimestamp(BigInt(truncateDays(unit, days)) * microsPerDay);
}

function truncateDays(unit: string, days: number): number {
  if (dayUnits.has(unit)) return days;
  if (weekUnits.has(unit)) return days - isoWeekday(days) + 1;
  if (unit === "isoyear") {
    const fourth = daysOfCivil(isoWeek(days).year, 1, 4);
    return fourth - isoWeekday(fourth) + 1;
  }
  const { year, month } = civilOfDays(days);
  if (unit === "month") return daysOfCivil(year, month, 1);
  if (unit === "quarter") return daysOfCivil(year, month - ((month - 1) % 3), 1);
  const years = monthsOfUnit[unit]! / 12;
  return daysOfCivil(Math.trunc(year / years) * years, 1, 1);
}

/** An interval without the parts smaller than the unit. */
export function truncateInterval(unitName: string, interval: IntervalValue): IntervalValue {
  const unit = unitOf(unitName);
  const { months, days, micros } = interval;
  const clock = clockUnits[unit];
  if (clock) return { months, days, micros: micros - (micros % clock) };
  if (dayUnits.has(unit)) return { months, days, micros: 0n };
  if (weekUnits.has(unit)) return { months, days: days - (days % 7), micros: 0n };
  const size = monthsOfUnit[unit]!;
  return { months: months - (months % size) || 0, days: 0, micros: 0n };
}

/** How many boundaries of the unit lie between two timestamps; weeks count as seven days. */
export function boundariesBetween(unitName: string, from: bigint, to: bigint): bigint {
  const unit = unitOf(unitName);
  const clock = clockUnits[unit];
  if (clock) return floorDivide(to, clock) - floorDivide(from, clock);
  const [a, b] = [splitTimestamp(from).days, splitTimestamp(to).days];
  if (dayUnits.has(unit)) return BigInt(b - a);
  if (weekUnits.has(unit)) return BigInt(Math.trunc((b - a) / 7));
  return BigInt(unitNumber(unit, b) - unitNumber(unit, a));
}

function unitNumber(unit: string, days: number): number {
  if (unit === "isoyear") return isoWeek(days).year;
  const { year, month } = civilOfDays(days);
  if (unit === "month") return year * 12 + month;
  if (unit === "quarter") return year * 4 + Math.floor((month - 1) / 3);
  return Math.trunc((year * 12) / monthsOfUnit[unit]!);
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  return value / divisor - (value % divisor < 0n ? 1n : 0n);
}

/** How many whole units lie between two timestamps. */
export function wholeUnitsBetween(unitName: string, from: bigint, to: bigint): bigint {
  const unit = unitOf(unitName);
  const clock =
    clockUnits[unit] ?? (dayUnits.has(unit) ? microsPerDay : weekUnits.has(unit) ? 7n * microsPerDay : undefined);
  if (clock) return (to - from) / clock;
  return BigInt(Math.trunc(wholeMonthsBetween(from, to) / monthsOfUnit[unit]!) || 0);
}

/** Whole months; the last day of a month counts as any later day of a longer one. */
function wholeMonthsBetween(from: bigint, to: bigint): number {
  if (from > to) return -wholeMonthsBetween(to, from);
  const [start, end] = [splitTimestamp(from), splitTimestamp(to)];
  const [a, b] = [civilOfDays(start.days), civilOfDays(end.days)];
  const months = (b.year - a.year) * 12 + b.month - a.month;
  const atMonthEnd = b.day === daysInMonth(b.year, b.month) && a.day > b.day;
  const startDay = atMonthEnd ? b.day : a.day;
  const incomplete = b.day < startDay || (b.day === startDay && end.micros < start.micros);
  return incomplete ? months - 1 : months;
}

/** `to − from` in years, months, days and time, borrowing days from the earlier month. */
export function ageBetween(to: bigint, from: bigint): IntervalValue {
  if (to < from) {
    const { months, days, micros } = ageBetween(from, to);
    return { months: -months || 0, days: -days || 0, micros: -micros };
  }
  const [start, end] = [splitTimestamp(from), splitTimestamp(to)];
  const [a, b] = [civilOfDays(start.days), civilOfDays(end.days)];
  let months = (b.year - a.year) * 12 + b.month - a.month;
  let days = b.day - a.day;
  let micros = end.micros - start.micros;
  if (micros < 0n) {
    micros += microsPerDay;
    days--;
  }
  if (days < 0) {
    days += daysInMonth(a.year, a.month);
    months--;
  }
  return { months, days, micros };
}

/** Where buckets of days and time start counting: Monday 2000-01-03; of months, 2000-01-01. */
const bucketOrigin = 10_959n * microsPerDay;
const monthOrigin = 10_957n * microsPerDay;

/**
 * The start of the bucket of width `width` that a timestamp lies in, buckets counted from `origin`.
 * @throws QueryError invalid_argument when the width is not positive or mixes months with days or time
 */
export function timeBucket(width: IntervalValue, timestamp: bigint, origin?: bigint): bigint {
  const { months } = width;
  const micros = BigInt(width.days) * microsPerDay + width.micros;
  if (months !== 0 && micros !== 0n)
    throw new QueryError("invalid_argument", "a bucket of months cannot have days or time");
  if (months < 0 || micros < 0n || (months === 0 && micros === 0n)) {
    throw new QueryError("invalid_argument", "the width of a bucket must be positive");
  }
  if (months === 0) {
    const start = origin ?? bucketOrigin;
    return checkedTimestamp(start + floorDivide(timestamp - start, micros) * micros);
  }
  const [from, at] = [
    civilOfDays(splitTimestamp(origin ?? monthOrigin).days),
    civilOfDays(splitTimestamp(timestamp).days),
  ];
  const distance = (at.year - from.year) * 12 + at.month - from.month;
  const first = daysOfCivil(from.year, from.month, 1);
  return checkedTimestamp(BigInt(addMonths(first, Math.floor(distance / months) * months)) * microsPerDay);
}
