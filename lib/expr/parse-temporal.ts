/** Dates, timestamps and intervals from text. Undefined where the text is none. */

import type { IntervalValue } from "../arrow/value.ts";
import { daysInMonth, daysOfCivil, microsPerDay, microsPerSecond } from "./calendar.ts";

const datePattern = /^\s*(-?\d{1,7})([-/ \\])(\d{1,2})\2(\d{1,2})(?: ?\(?BC\)?)?/i;

/** @returns days since 1970, and how much of the text the date took */
function parseDatePrefix(text: string): { days: number; length: number } | undefined {
  const match = datePattern.exec(text);
  if (!match) return undefined;
  const [taken, yearText, , monthText, dayText] = match;
  const [month, day] = [Number(monthText), Number(dayText)];
  const year = /BC/i.test(taken) ? 1 - Number(yearText) : Number(yearText);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const days = daysOfCivil(year, month, day);
  if (Math.abs(days) > 2_147_483_646) return undefined;
  return { days, length: taken.length };
}

/** Days since 1970-01-01. `2020-01-02`, also with / or spaces; a time after it is checked and dropped. */
export function parseDate(text: string): number | undefined {
  if (text.trim().toLowerCase() === "epoch") return 0;
  const prefix = parseDatePrefix(text);
  if (!prefix) return undefined;
  const rest = text.slice(prefix.length);
  return rest.trim() === "" || parseTimeOfDay(rest) ? prefix.days : undefined;
}

const timePattern =
  /^(?:[ T]\s*)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?)?\s*$/i;

/** A time that follows a date: microseconds of the day, and the zone's offset from UTC in microseconds. */
function parseTimeOfDay(text: string): { micros: bigint; offset: bigint } | undefined {
  const match = timePattern.exec(text);
  if (!match) return undefined;
  const [, hourText, minuteText, secondText = "0", fraction = "", zone = ""] = match;
  const [hour, minute, second] = [Number(hourText), Number(minuteText), Number(secondText)];
  if (hour > 24 || minute > 59 || second > 59) return undefined;
  const micros = BigInt(hour * 3600 + minute * 60 + second) * microsPerSecond + microsOfFraction(fraction);
  return micros > microsPerDay ? undefined : { micros, offset: parseOffset(zone) };
}

function microsOfFraction(digits: string): bigint {
  return BigInt(digits.slice(0, 6).padEnd(6, "0"));
}

function parseOffset(zone: string): bigint {
  const match = /^([+-])(\d{1,2}?)(?::?(\d{2}))?(?::?(\d{2}))?$/.exec(zone);
  if (!match) return 0n;
  const [, sign, hours, minutes = "0", seconds = "0"] = match;
  const micros = BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * microsPerSecond;
  return sign === "-" ? -micros : micros;
}

/**
 * Microseconds since 1970-01-01T00:00:00: a date, or date, space or T, and time `10:00[:00[.123456]]`, digits past the
 * sixth dropped. A zone (Z, +02, -02:30) shifts to UTC when `utc`, else is ignored.
 */
export function parseTimestamp(text: string, utc: boolean): bigint | undefined {
  if (text.trim().toLowerCase() === "epoch") return 0n;
  const prefix = parseDatePrefix(text);
  if (!prefix) return undefined;
  const midnight = BigInt(prefix.days) * microsPerDay;
  const rest = text.slice(prefix.length);
  const time = rest.trim() === "" ? { micros: 0n, offset: 0n } : parseTimeOfDay(rest);
  if (!time) return undefined;
  const micros = midnight + time.micros - (utc ? time.offset : 0n);
  return BigInt.asIntN(64, micros) === micros ? micros : undefined;
}

/** What one of a unit is. */
const unitSizes: Readonly<Record<string, Partial<IntervalValue>>> = {
  millennium: { months: 12_000 },
  century: { months: 1200 },
  decade: { months: 120 },
  year: { months: 12 },
  quarter: { months: 3 },
  month: { months: 1 },
  week: { days: 7 },
  day: { days: 1 },
  hour: { micros: 3_600_000_000n },
  minute: { micros: 60_000_000n },
  second: { micros: microsPerSecond },
  millisecond: { micros: 1000n },
  microsecond: { micros: 1n },
};

const unitAliases: Readonly<Record<string, string>> = {
  millennia: "millennium",
  mil: "millennium",
  mils: "millennium",
  millenniums: "millennium",
  centuries: "century",
  cent: "century",
  c: "century",
  dec: "decade",
  decs: "decade",
  y: "year",
  yr: "year",
  yrs: "year",
  mon: "month",
  mons: "month",
  w: "week",
  d: "day",
  dayofmonth: "day",
  h: "hour",
  hr: "hour",
  hrs: "hour",
  m: "minute",
  min: "minute",
  mins: "minute",
  s: "second",
  sec: "second",
  secs: "second",
  ms: "millisecond",
  msec: "millisecond",
  msecs: "millisecond",
  millisec: "millisecond",
  millisecs: "millisecond",
  us: "microsecond",
  usec: "microsecond",
  usecs: "microsecond",
  microsec: "microsecond",
  microsecs: "microsecond",
};

/** The singular name of a unit of time in any spelling (`yrs` → `year`); undefined when it is none. */
export function timeUnit(name: string): string | undefined {
  const lower = name.toLowerCase();
  const known = (unit: string | undefined) => (unit !== undefined && unit in unitSizes ? unit : undefined);
  return known(lower) ?? known(unitAliases[lower]) ?? (lower.endsWith("s") ? known(lower.slice(0, -1)) : undefined);
}

const amountPattern = /^([+-]?)(\d*)(?:\.(\d*))?$/;

/**
 * `amount` of a unit as an interval. A fraction passes on to the next smaller part: of a year to months, of a month to
 * days (30), of a day to microseconds. Undefined when either is not understood or out of range.
 */
export function intervalOf(amount: string, unitName: string): IntervalValue | undefined {
  const unit = timeUnit(unitName);
  const match = amountPattern.exec(amount.trim());
  if (!unit || !match || (!match[2] && !match[3])) return undefined;
  const sign = match[1] === "-" ? -1n : 1n;
  const fraction = (match[3] ?? "").slice(0, 12);
  const denominator = 10n ** BigInt(fraction.length);
  const numerator = sign * BigInt((match[2] ?? "") + fraction);
  const size = unitSizes[unit]!;
  const months = BigInt(size.months ?? 0) * numerator;
  const days = BigInt(size.days ?? 0) * numerator + (months % denominator) * 30n;
  const micros = BigInt(size.micros ?? 0n) * numerator + (days % denominator) * microsPerDay;
  return checked(months / denominator, days / denominator, micros / denominator);
}

function checked(months: bigint, days: bigint, micros: bigint): IntervalValue | undefined {
  if (BigInt.asIntN(32, months) !== months || BigInt.asIntN(32, days) !== days) return undefined;
  return BigInt.asIntN(64, micros) === micros ? { months: Number(months), days: Number(days), micros } : undefined;
}

const clockPattern = /^([+-]?)(\d+):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?(?=\s|$)/;
const partPattern = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*([a-z]*)/i;

/** `1 year 2 months -3 days 04:05:06.7`, parts in any order, `ago` at the end to negate; a bare number is seconds. */
export function parseInterval(text: string): IntervalValue | undefined {
  let rest = text.trim().replace(/^@\s*/, "");
  const ago = /(^|\s)ago$/i.test(rest);
  if (ago) rest = rest.slice(0, -3).trim();
  if (rest === "") return undefined;
  let sum: IntervalValue | undefined = { months: 0, days: 0, micros: 0n };
  while (rest !== "" && sum) {
    const clock = clockPattern.exec(rest);
    const match = clock ?? partPattern.exec(rest);
    if (!match) return undefined;
    const isBareNumber = !clock && match[2] === "";
    if (isBareNumber && match[0].length < text.trim().length) return undefined;
    const part = clock ? intervalOfClock(clock) : intervalOf(match[1]!, match[2] || "second");
    sum = part && plus(sum, part);
    rest = rest.slice(match[0].length).trimStart();
  }
  return sum && ago ? checked(BigInt(-sum.months), BigInt(-sum.days), -sum.micros) : sum;
}

function intervalOfClock([, sign, hours, minutes, seconds = "0", fraction = ""]: RegExpExecArray):
  | IntervalValue
  | undefined {
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const whole = BigInt(hours!) * 3600n + BigInt(minutes!) * 60n + BigInt(seconds);
  const micros = whole * microsPerSecond + microsOfFraction(fraction);
  return checked(0n, 0n, sign === "-" ? -micros : micros);
}

function plus(a: IntervalValue, b: IntervalValue): IntervalValue | undefined {
  return checked(BigInt(a.months) + BigInt(b.months), BigInt(a.days) + BigInt(b.days), a.micros + b.micros);
}
