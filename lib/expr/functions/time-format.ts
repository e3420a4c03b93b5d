/** strftime and strptime: timestamps in formats of % codes. */
import { QueryError } from "../../errors.ts";
import { civilOfDays, daysInMonth, daysOfCivil, microsPerDay, microsPerSecond, splitTimestamp } from "../calendar.ts";
import { dayOfYear, isoWeek, isoWeekday } from "./date-parts.ts";

export const dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
export const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

function digits(value: number | bigint, width: number): string {
  return String(value).padStart(width, "0");
}

/** Weeks of the year that start on a weekday (0 Sunday, 1 Monday); the days before the first are week 0. */
function weekFrom(weekday: number, days: number): number {
  return Math.floor((dayOfYear(days) + 6 - ((isoWeekday(days) - weekday + 7) % 7)) / 7);
}

interface Fields {
  readonly days: number;
  readonly micros: bigint;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
}

/** Codes with a number of a usual width; `%-x` leaves out the zeros. */
const numberCodes: Readonly<Record<string, readonly [width: number, get: (fields: Fields) => number]>> = {
  d: [2, ({ day }) => day],
  m: [2, ({ month }) => month],
  y: [2, ({ year }) => Math.abs(year) % 100],
  H: [2, ({ hour }) => hour],
  I: [2, ({ hour }) => hour % 12 || 12],
  M: [2, ({ micros }) => Number((micros / 60_000_000n) % 60n)],
  S: [2, ({ micros }) => Number((micros / microsPerSecond) % 60n)],
  j: [3, ({ days }) => dayOfYear(days)],
  U: [2, ({ days }) => weekFrom(0, days)],
  W: [2, ({ days }) => weekFrom(1, days)],
};

const textCodes: Readonly<Record<string, (fields: Fields) => string>> = {
  Y: ({ year }) => (year < 0 ? String(year) : digits(year, 4)),
  G: ({ days }) => digits(isoWeek(days).year, 4),
  V: ({ days }) => digits(isoWeek(days).week, 2),
  u: ({ days }) => String(isoWeekday(days)),
  w: ({ days }) => String(isoWeekday(days) % 7),
  a: ({ days }) => dayNames[isoWeekday(days) % 7]!.slice(0, 3),
  A: ({ days }) => dayNames[isoWeekday(days) % 7]!,
  b: ({ month }) => monthNames[month - 1]!.slice(0, 3),
  h: ({ month }) => monthNames[month - 1]!.slice(0, 3),
  B: ({ month }) => monthNames[month - 1]!,
  p: ({ hour }) => (hour < 12 ? "AM" : "PM"),
  f: ({ micros }) => digits(micros % microsPerSecond, 6),
  n: ({ micros }) => digits((micros % microsPerSecond) * 1000n, 9),
  g: ({ micros }) => digits((micros % microsPerSecond) / 1000n, 3),
  z: () => "+00",
  Z: () => "",
  "%": () => "%",
};

const composites: Readonly<Record<string, string>> = {
  c: "%Y-%m-%d %H:%M:%S",
  x: "%Y-%m-%d",
  X: "%H:%M:%S",
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  T: "%H:%M:%S",
  R: "%H:%M",
};

function expandComposites(format: string): string {
  return format.replace(/%([cxXDFTR%])/g, (code, letter: string) => composites[letter] ?? code);
}

function unknownCode(code: string): QueryError {
  return new QueryError("invalid_argument", `"${code}" is not a time format code`);
}

/** @throws QueryError invalid_argument for an unknown code */
export function formatTime(timestamp: bigint, format: string): string {
  const { days, micros } = splitTimestamp(timestamp);
  const fields: Fields = { days, micros, ...civilOfDays(days), hour: Number(micros / 3_600_000_000n) };
  return expandComposites(format).replace(/%(-?)(.?)/gsu, (code, dash: string, letter: string) => {
    const number = numberCodes[letter];
    if (number) return digits(number[1](fields), dash ? 1 : number[0]);
    const text = textCodes[letter];
    if (!text || dash) throw unknownCode(code);
    return text(fields);
  });
}

/** What strptime has read so far. */
interface Reading {
  year: number;
  month: number;
  day: number;
  hour: number;
  micros: bigint;
  dayOfYear?: number;
  afternoon?: boolean;
  offset: bigint;
}

type Reader = readonly [pattern: string, read: (reading: Reading, text: string) => void];

function named(names: readonly string[], set: (reading: Reading, index: number) => void): Reader {
  const lower = names.map((name) => name.toLowerCase());
  return [names.join("|"), (reading, text) => set(reading, lower.indexOf(text.toLowerCase()))];
}

const short = (names: readonly string[]) => names.map((name) => name.slice(0, 3));
const setMonth = (reading: Reading, index: number) => {
  reading.month = index + 1;
};
const ignore = () => {};

const readers: Readonly<Record<string, Reader>> = {
  Y: [
    "[+-]?\\d{1,6}",
    (r, t) => {
      r.year = Number(t);
    },
  ],
  y: [
    "\\d{1,2}",
    (r, t) => {
      r.year = Number(t) + (Number(t) < 69 ? 2000 : 1900);
    },
  ],
  m: [
    "\\d{1,2}",
    (r, t) => {
      r.month = Number(t);
    },
  ],
  d: [
    "\\d{1,2}",
    (r, t) => {
      r.day = Number(t);
    },
  ],
  j: [
    "\\d{1,3}",
    (r, t) => {
      r.dayOfYear = Number(t);
    },
  ],
  H: [
    "\\d{1,2}",
    (r, t) => {
      r.hour = Number(t);
    },
  ],
  I: [
    "\\d{1,2}",
    (r, t) => {
      r.hour = Number(t) % 12;
      r.afternoon ??= false;
    },
  ],
  M: [
    "\\d{1,2}",
    (r, t) => {
      r.micros += BigInt(t) * 60_000_000n;
    },
  ],
  S: [
    "\\d{1,2}",
    (r, t) => {
      r.micros += BigInt(t) * microsPerSecond;
    },
  ],
  f: [
    "\\d{1,9}",
    (r, t) => {
      r.micros += BigInt(t.slice(0, 6).padEnd(6, "0"));
    },
  ],
  n: [
    "\\d{1,9}",
    (r, t) => {
      r.micros += BigInt(t.slice(0, 6).padEnd(6, "0"));
    },
  ],
  g: [
    "\\d{1,3}",
    (r, t) => {
      r.micros += BigInt(t.padEnd(3, "0")) * 1000n;
    },
  ],
  p: [
    "AM|PM",
    (r, t) => {
      r.afternoon = t.toUpperCase() === "PM";
    },
  ],
  a: named(short(dayNames), ignore),
  A: named(dayNames, ignore),
  b: named(short(monthNames), setMonth),
  h: named(short(monthNames), setMonth),
  B: named(monthNames, setMonth),
  z: [
    "Z|[+-]\\d{2}(?::?\\d{2})?",
    (r, t) => {
      r.offset = zoneOffset(t);
    },
  ],
  Z: ["UTC|GMT|Z", ignore],
  u: ["[1-7]", ignore],
  w: ["[0-6]", ignore],
  "%": ["%", ignore],
};

function zoneOffset(text: string): bigint {
  if (text.toUpperCase() === "Z") return 0n;
  const minutes = BigInt(text.slice(1, 3)) * 60n + BigInt(text.slice(3).replace(":", "") || "0");
  return (text.startsWith("-") ? -minutes : minutes) * 60_000_000n;
}

/**
 * Reads a timestamp; what the format leaves out is that of 1900-01-01 00:00. A zone (%z) is subtracted.
 * Undefined when the text does not fit. @throws QueryError invalid_argument for an unknown code
 */
export function parseTime(text: string, format: string): bigint | undefined {
  const codes: string[] = [];
  const pattern = expandComposites(format)
    .trim()
    .replace(/%-?(.?)|\s+|[\\^$.*+?()[\]{}|]/gsu, (part, letter: string | undefined) => {
      if (!part.startsWith("%")) return part.trim() === "" ? "\\s+" : `\\${part}`;
      const reader = readers[letter!];
      if (!reader) throw unknownCode(part);
      codes.push(letter!);
      return `(${reader[0]})`;
    });
  const match = new RegExp(`^\\s*${pattern}\\s*$`, "iu").exec(text);
  if (!match) return undefined;
  const reading: Reading = { year: 1900, month: 1, day: 1, hour: 0, micros: 0n, offset: 0n };
  for (const [i, code] of codes.entries()) readers[code]![1](reading, match[i + 1]!);
  return timestampOf(reading);
}

function timestampOf({ year, month, day, hour, micros, afternoon, offset, dayOfYear }: Reading): bigint | undefined {
  const fullHour = hour + (afternoon ? 12 : 0);
  const valid = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month) && fullHour < 24;
  if (!valid || micros >= 3_600_000_000n) return undefined;
  const days = dayOfYear === undefined ? daysOfCivil(year, month, day) : daysOfCivil(year, 1, dayOfYear);
  const result = BigInt(days) * microsPerDay + BigInt(fullHour) * 3_600_000_000n + micros - offset;
  return BigInt.asIntN(64, result) === result ? result : undefined;
}
