/** The fields of dates, timestamps and intervals, as extract and date_part give them. */

import type { IntervalValue } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { civilOfDays, daysOfCivil, microsPerDay, splitTimestamp } from "../calendar.ts";

/** A moment taken apart as far as parts need it. */
export interface Moment {
  readonly days: number;
  /** Microseconds within the day. */
  readonly micros: bigint;
}

/** @param value a date (days) or a timestamp (microseconds) */
export function momentOf(value: number | bigint): Moment {
  return typeof value === "number" ? { days: value, micros: 0n } : splitTimestamp(value);
}

/** The part in its canonical name; undefined when it is none. */
export function datePartName(name: string): string | undefined {
  const lower = name.toLowerCase();
  return lower in parts ? lower : partAliases[lower];
}

const partAliases: Readonly<Record<string, string>> = {
  y: "year",
  yr: "year",
  yrs: "year",
  years: "year",
  mon: "month",
  mons: "month",
  months: "month",
  d: "day",
  days: "day",
  dayofmonth: "day",
  h: "hour",
  hr: "hour",
  hrs: "hour",
  hours: "hour",
  m: "minute",
  min: "minute",
  mins: "minute",
  minutes: "minute",
  s: "second",
  sec: "second",
  secs: "second",
  seconds: "second",
  ms: "millisecond",
  msec: "millisecond",
  msecs: "millisecond",
  milliseconds: "millisecond",
  us: "microsecond",
  usec: "microsecond",
  usecs: "microsecond",
  microseconds: "microsecond",
  quarters: "quarter",
  w: "week",
  weeks: "week",
  weekofyear: "week",
  dec: "decade",
  decs: "decade",
  decades: "decade",
  cent: "century",
  c: "century",
  centuries: "century",
  mil: "millennium",
  mils: "millennium",
  millennia: "millennium",
  millenia: "millennium",
  millenium: "millennium",
  dow: "dayofweek",
  weekday: "dayofweek",
  doy: "dayofyear",
};

/** Monday = 1 … Sunday = 7. 1970-01-01 was a Thursday. */
export function isoWeekday(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

/** The ISO 8601 week: its year is that of its Thursday. */
export function isoWeek(days: number): { year: number; week: number } {
  const thursday = days - isoWeekday(days) + 4;
  const { year } = civilOfDays(thursday);
  return { year, week: Math.floor((thursday - daysOfCivil(year, 1, 1)) / 7) + 1 };
}

export function dayOfYear(days: number): number {
  return days - daysOfCivil(civilOfDays(days).year, 1, 1) + 1;
}

const year = ({ days }: Moment) => civilOfDays(days).year;

/** Centuries and millennia count from year 1, and from year 0 (1 BC) backwards. */
function periodOfYear(value: number, length: number): number {
  return value > 0 ? Math.floor((value - 1) / length) + 1 : Math.trunc(value / length) - 1;
}

const parts: Readonly<Record<string, (moment: Moment) => number>> = {
  millennium: (moment) => periodOfYear(year(moment), 1000),
  century: (moment) => periodOfYear(year(moment), 100),
  decade: (moment) => Math.trunc(year(moment) / 10),
  era: (moment) => (year(moment) > 0 ? 1 : 0),
  year,
  quarter: ({ days }) => Math.floor((civilOfDays(days).month - 1) / 3) + 1,
  month: ({ days }) => civilOfDays(days).month,
  week: ({ days }) => isoWeek(days).week,
  isoyear: ({ days }) => isoWeek(days).year,
  yearweek: ({ days }) => {
    const { year, week } = isoWeek(days);
    return year * 100 + (year > 0 ? week : -week);
  },
  day: ({ days }) => civilOfDays(days).day,
  dayofweek: ({ days }) => isoWeekday(days) % 7,
  isodow: ({ days }) => isoWeekday(days),
  dayofyear: ({ days }) => dayOfYear(days),
  hour: ({ micros }) => Number(micros / 3_600_000_000n),
  minute: ({ micros }) => Number((micros / 60_000_000n) % 60n),
  second: ({ micros }) => Number((micros / 1_000_000n) % 60n),
  millisecond: ({ micros }) => Number((micros / 1000n) % 60_000n),
  microsecond: ({ micros }) => Number(micros % 60_000_000n),
};

/** The parts with an integer value, canonical names. */
export const integerParts: readonly string[] = Object.keys(parts);

export function integerPart(part: string, value: number | bigint): bigint {
  return BigInt(parts[part]!(momentOf(value)));
}

/** Seconds since 1970, with fractions. */
export function epochOf(value: number | bigint): number {
  return typeof value === "number" ? value * 86_400 : Number(value) / 1e6;
}

/** Days since 4713-11-24 BC of the Gregorian calendar, with fractions. */
export function julianDay(value: number | bigint): number {
  const { days, micros } = momentOf(value);
  return days + 2_440_588 + Number(micros) / Number(microsPerDay);
}

const intervalParts: Readonly<Record<string, (interval: IntervalValue) => number | bigint>> = {
  millennium: ({ months }) => Math.trunc(months / 12_000),
  century: ({ months }) => Math.trunc(months / 1200),
  decade: ({ months }) => Math.trunc(months / 120),
  year: ({ months }) => Math.trunc(months / 12),
  quarter: ({ months }) => Math.trunc((months % 12) / 3) + 1,
  month: ({ months }) => months % 12,
  day: ({ days }) => days,
  hour: ({ micros }) => micros / 3_600_000_000n,
  minute: ({ micros }) => (micros / 60_000_000n) % 60n,
  second: ({ micros }) => (micros / 1_000_000n) % 60n,
  millisecond: ({ micros }) => (micros / 1000n) % 60_000n,
  microsecond: ({ micros }) => micros % 60_000_000n,
};

/** @throws QueryError invalid_argument for a part that intervals do not have */
export function intervalPart(part: string, interval: IntervalValue): bigint {
  const get = intervalParts[part];
  if (!get) throw new QueryError("invalid_argument", `an interval has no ${part}`);
  return BigInt(get(interval) || 0);
}

/** Seconds, a year counted as 365.25 days and a month beyond years as 30. */
export function intervalEpoch({ months, days, micros }: IntervalValue): number {
  const daysOfMonths = Math.trunc(months / 12) * 365.25 + (months % 12) * 30;
  return (daysOfMonths + days) * 86_400 + Number(micros) / 1e6;
}

export function unknownPart(name: string): QueryError {
  return new QueryError("invalid_argument", `"${name}" is not a part of a date or time`, {
    hint: `known: ${[...integerParts, "epoch", "julian"].join(", ")}`,
  });
}
