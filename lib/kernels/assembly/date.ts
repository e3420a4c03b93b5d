// Fields of dates and timestamps, and their arithmetic. The calendar is the proleptic Gregorian one.
// From days to year, month and day: Neri and Schneider, "Euclidean affine functions and their application to calendar
// algorithms" (2022), with the year taken to begin in March.
import { dayOf } from "./cast";

/** How many eras of 400 years the fast path shifts days by, so that they are not negative. */
const eras: u32 = 82;

/** Year · 512 + month · 32 + day of the month. */
@inline function civil(days: i64): i64 {
  // Division by constants is cheap only in 32 bits, which hold the years −32000 to 2900000.
  if (<u64>(days + 12699422) > 1073741823) return civilFar(days);
  const n = 4 * <u32>(days + 719468 + 146097 * <i64>eras) + 3;
  const century = n / 146097, n2 = (n % 146097) | 3;
  const p = <u64>2939745 * <u64>n2;
  const yearOfCentury = <u32>(p >> 32), dayOfYear = <u32>p / 2939745 / 4;
  const n3 = 2141 * dayOfYear + 197913, late = <u32>(dayOfYear >= 306);
  const year = <i64>(100 * century + yearOfCentury + late) - 400 * <i64>eras;
  return (year << 9) | <i64>((((n3 >> 16) - 12 * late) << 5) | ((n3 & 0xffff) / 2141 + 1));
}

function civilFar(days: i64): i64 {
  const shifted = days + 719468;
  const era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const marchMonth = (5 * dayOfYear + 2) / 153;
  const day = dayOfYear - (153 * marchMonth + 2) / 5 + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + <i64>(month <= 2);
  return (year << 9) | (month << 5) | day;
}

@inline function daysOf(year: i64, month: i64, day: i64): i64 {
  const months = year * 12 + month - 3;
  const marchYear = (months >= 0 ? months : months - 11) / 12;
  const marchMonth = months - marchYear * 12;
  const era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400;
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = (153 * marchMonth + 2) / 5 + day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

/** Monday = 1 … Sunday = 7. */
@inline function isoWeekday(days: i64): i64 {
  const r = (days + 3) % 7;
  return (r < 0 ? r + 7 : r) + 1;
}

@inline function isoWeek(days: i64): i64 {
  const thursday = days - isoWeekday(days) + 4;
  const year = civil(thursday) >> 9;
  return (thursday - daysOf(year, 1, 1)) / 7 + 1;
}

@inline function part(which: u32, days: i64): i64 {
  switch (which) {
    case 0: return civil(days) >> 9;
    case 1: return (((civil(days) >> 5) & 15) - 1) / 3 + 1;
    case 2: return (civil(days) >> 5) & 15;
    case 3: return civil(days) & 31;
    case 4: return isoWeekday(days) % 7;
    case 5: return isoWeekday(days);
    case 6: return days - daysOf(civil(days) >> 9, 1, 1) + 1;
    case 7: return isoWeek(days);
    default: return civil(days - isoWeekday(days) + 4) >> 9;
  }
}

/** which: 0 year, 1 quarter, 2 month, 3 day, 4 dayofweek (Sunday 0), 5 isodow, 6 dayofyear, 7 week, 8 isoyear. */
export function partOfDates(which: u32, a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), part(which, <i64>load<i32>(a + (<usize>i << 2))));
  return 0;
}

export function partOfTimestamps(which: u32, a: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), part(which, dayOf(load<i64>(a + (<usize>i << 3)))));
  return 0;
}

/** (microseconds within the day / unit) % modulus. */
export function timeOfTimestamps(a: usize, n: u32, unit: f64, modulus: f64, out: usize): u32 {
  const u = <i64>unit, m = <i64>modulus;
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(a + (<usize>i << 3));
    store<i64>(out + (<usize>i << 3), ((v - dayOf(v) * 86400000000) / u) % m);
  }
  return 0;
}

/** The start of the 0 year, 1 quarter, 2 month, 3 week, 4 day that a timestamp lies in. 1 when it leaves 64 bits. */
export function truncateTimestamps(unit: u32, a: usize, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    let days = dayOf(load<i64>(a + (<usize>i << 3)));
    if (unit < 3) {
      const c = civil(days), year = c >> 9, month = (c >> 5) & 15;
      days = daysOf(year, unit == 0 ? 1 : unit == 1 ? month - (month - 1) % 3 : month, 1);
    } else if (unit == 3) days -= isoWeekday(days) - 1;
    bad |= <u32>(days < -106751991);
    store<i64>(out + (<usize>i << 3), days * 86400000000);
  }
  return bad;
}

/** timestamp − (timestamp modulo unit), towards the past. */
export function floorTimestamps(unit: f64, a: usize, n: u32, out: usize): u32 {
  const u = <i64>unit;
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(a + (<usize>i << 3));
    let r = v % u;
    if (r < 0) r += u;
    const result = v - r;
    bad |= <u32>(result > v);
    store<i64>(out + (<usize>i << 3), result);
  }
  return bad;
}

/** date ± days (i64). 1 beyond ±2147483646. */
export function addDays(a: usize, days: usize, sign: i32, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const d = load<i64>(days + (<usize>i << 3));
    const far = d > 8589934592 || d < -8589934592;
    const sum = <i64>load<i32>(a + (<usize>i << 2)) + (far ? 8589934592 : d * <i64>sign);
    bad |= <u32>(sum > 2147483646 || sum < -2147483646);
    store<i32>(out + (<usize>i << 2), <i32>sum);
  }
  return bad;
}

export function dateDifference(a: usize, b: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (<usize>i << 3), <i64>load<i32>(a + (<usize>i << 2)) - <i64>load<i32>(b + (<usize>i << 2)));
  return 0;
}

/**
 * timestamp ± interval: the months (the day clipped to the new month), then the days, then the microseconds.
 * 1 when the result could leave 64 bits.
 */
export function addInterval(a: usize, intervals: usize, sign: i32, n: u32, out: usize): u32 {
  let bad: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(a + (<usize>i << 3)), p = intervals + (<usize>i << 4);
    const months = <i64>load<i32>(p) * <i64>sign, days = <i64>load<i32>(p, 4) * <i64>sign, micros = load<i64>(p, 8);
    let day = dayOf(v);
    const time = v - day * 86400000000;
    if (months != 0) {
      const c = civil(day), total = (c >> 9) * 12 + ((c >> 5) & 15) - 1 + months;
      const year = (total >= 0 ? total : total - 11) / 12, month = total - year * 12 + 1;
      const length = daysOf(year, month + 1, 1) - daysOf(year, month, 1), dayOfMonth = c & 31;
      day = daysOf(year, month, dayOfMonth < length ? dayOfMonth : length);
    }
    day += days;
    // Half of the range each for the day and the microseconds leaves room for their sum.
    const fits = day > -53000000 && day < 53000000 && micros > -4000000000000000000 && micros < 4000000000000000000;
    bad |= <u32>!fits;
    store<i64>(out + (<usize>i << 3), day * 86400000000 + time + micros * <i64>sign);
  }
  return bad;
}
