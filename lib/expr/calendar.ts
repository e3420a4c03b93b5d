/** Days, months and years of the proleptic Gregorian calendar; year 0 is 1 BC. */
import { types } from "../arrow/types.ts";
import type { IntervalValue } from "../arrow/value.ts";
import { overflow } from "./checked.ts";

export const microsPerSecond = 1_000_000n;
export const microsPerDay = 86_400_000_000n;

/** Year, month 1–12, day of month 1–31. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const daysPerEra = 146_097; // 400 years
const daysToEpoch = 719_468; // from 0000-03-01 to 1970-01-01

/**
 * Days since 1970-01-01 of a date; month may leave 1–12 and day 1–31, they carry over.
 * The year is taken to begin in March, so that the leap day is its last (Neri and Schneider, "Euclidean affine
 * functions and their application to calendar algorithms").
 */
export function daysOfCivil(year: number, month: number, day: number): number {
  const months = year * 12 + (month - 1) - 2;
  const marchYear = Math.floor(months / 12);
  const marchMonth = months - marchYear * 12;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * daysPerEra + dayOfEra - daysToEpoch;
}

/** The inverse of daysOfCivil. */
export function civilOfDays(days: number): CivilDate {
  const shifted = days + daysToEpoch;
  const era = Math.floor(shifted / daysPerEra);
  const dayOfEra = shifted - era * daysPerEra;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

export function daysInMonth(year: number, month: number): number {
  return daysOfCivil(year, month + 1, 1) - daysOfCivil(year, month, 1);
}

/** Splits microseconds since 1970 into a day and the microseconds within it, 0 ≤ micros < one day. */
export function splitTimestamp(timestamp: bigint): { days: number; micros: bigint } {
  let days = timestamp / microsPerDay;
  let micros = timestamp % microsPerDay;
  if (micros < 0n) {
    days -= 1n;
    micros += microsPerDay;
  }
  return { days: Number(days), micros };
}

/** @throws QueryError overflow beyond the 64 bits of a timestamp (years −290308 to 294247) */
export function checkedTimestamp(micros: bigint): bigint {
  if (BigInt.asIntN(64, micros) !== micros) throw overflow("the timestamp", types.timestamp);
  return micros;
}

/** Adds months, keeping the day of the month where the new month has it, else taking the month's last. */
export function addMonths(days: number, months: number): number {
  if (months === 0) return days;
  const { year, month, day } = civilOfDays(days);
  const total = year * 12 + (month - 1) + months;
  const newYear = Math.floor(total / 12);
  const newMonth = total - newYear * 12 + 1;
  return daysOfCivil(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth)));
}

export function addInterval(timestamp: bigint, interval: IntervalValue): bigint {
  const { days, micros } = splitTimestamp(timestamp);
  const day = BigInt(addMonths(days, interval.months)) + BigInt(interval.days);
  return checkedTimestamp(day * microsPerDay + micros + interval.micros);
}
