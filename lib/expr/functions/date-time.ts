/** Functions of dates, timestamps and intervals. The session's time zone is UTC. */
import { type DataType, types } from "../../arrow/types.ts";
import type { IntervalValue, Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import {
  addInterval,
  addMonths,
  checkedTimestamp,
  civilOfDays,
  daysInMonth,
  daysOfCivil,
  microsPerDay,
  splitTimestamp,
} from "../calendar.ts";
import { castCost } from "../coercion.ts";
import type { Expr } from "../expr.ts";
import {
  datePartName,
  epochOf,
  integerPart,
  integerParts,
  intervalEpoch,
  intervalPart,
  isoWeekday,
  julianDay,
  momentOf,
  unknownPart,
} from "./date-parts.ts";
import {
  ageBetween,
  boundariesBetween,
  timeBucket,
  truncateInterval,
  truncateTimestamp,
  wholeUnitsBetween,
} from "./date-truncation.ts";
import type { Builder, CallSite, ScalarFunction } from "./scalar-function.ts";
import { dayNames, formatTime, monthNames, parseTime } from "./time-format.ts";
import { toInstant, toLocal } from "./time-zone.ts";

const moments = (result: string) => ["date", "timestamp", "timestamptz"].map((type) => `${type} -> ${result}`);
const isInterval = (value: Value): value is IntervalValue =>
  typeof value === "object" && value !== null && "months" in value;

const aliasesOfPart: Readonly<Record<string, readonly string[]>> = {
  day: ["dayofmonth"],
  dayofweek: ["weekday"],
  week: ["weekofyear"],
};

/** year(x), month(x), …: one function for each part, to which extract and date_part with a known part resolve. */
const partFunctions: readonly ScalarFunction[] = integerParts.map((part) => ({
  name: part,
  aliases: aliasesOfPart[part] ?? [],
  signatures: [...moments("int64"), "interval -> int64"],
  canFail: (argTypes: readonly DataType[]) => argTypes[0]?.kind === "interval",
  evaluate: ([value]: readonly Value[]) =>
    isInterval(value!) ? intervalPart(part, value) : integerPart(part, value as number | bigint),
  about: `The ${part} of a date, timestamp or interval.`,
}));

function literalText(expr: Expr | undefined): string | undefined {
  return expr?.kind === "literal" && expr.type.kind === "varchar" && typeof expr.value === "string"
    ? expr.value
    : undefined;
}

/** A string literal among moments means a timestamp. */
function asMoment(expr: Expr, build: Builder): Expr {
  return literalText(expr) === undefined ? expr : build.cast(expr, types.timestamp);
}

function expandDatePart(args: readonly Expr[], build: Builder): Expr | undefined {
  const name = literalText(args[0]);
  if (args.length !== 2 || name === undefined) return undefined;
  const lower = name.toLowerCase();
  const part = lower === "epoch" || lower === "julian" ? lower : datePartName(name);
  if (!part) throw unknownPart(name);
  return build.call(part, [asMoment(args[1]!, build)]);
}

function datePart([part, value]: readonly Value[]): bigint {
  const name = datePartName(part as string);
  if (!name) throw unknownPart(part as string);
  return isInterval(value!) ? intervalPart(name, value) : integerPart(name, value as number | bigint);
}

/** Two moments in one type, behind a unit. */
const unitSignatures = ["varchar, timestamp, timestamp -> int64", "varchar, timestamptz, timestamptz -> int64"];

function between(count: (unit: string, from: bigint, to: bigint) => bigint) {
  return ([unit, from, to]: readonly Value[]) => count(unit as string, from as bigint, to as bigint);
}

const statementDay = ({ context }: CallSite) => splitTimestamp(context.nowMicros).days;
const midnight = (days: Value) => BigInt(days as number) * microsPerDay;

function stable(
  name: string,
  aliases: string[],
  type: string,
  run: (site: CallSite) => Value,
  about: string,
): ScalarFunction {
  return { name, aliases, signatures: [`-> ${type}`], volatility: "stable", evaluate: (_, site) => run(site), about };
}

function makeDate([year, month, day]: readonly Value[]): number {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (m < 1 || m > 12 || d < 1 || Math.abs(y) > 5_900_000 || d > daysInMonth(y, m)) {
    throw new QueryError("invalid_argument", `there is no date ${y}-${m}-${d}`);
  }
  return daysOfCivil(y, m, d);
}

function makeTimestamp(values: readonly Value[]): bigint {
  if (values.length === 1) return values[0] as bigint;
  const [hour, minute, seconds] = [Number(values[3]), Number(values[4]), values[5] as number];
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(seconds >= 0 && seconds <= 60)) {
    throw new QueryError("invalid_argument", `there is no time ${hour}:${minute}:${seconds}`);
  }
  const micros = BigInt(hour * 3600 + minute * 60) * 1_000_000n + BigInt(Math.round(seconds * 1e6));
  return checkedTimestamp(midnight(makeDate(values)) + micros);
}

/** @param seconds since 1970 */
function timestampOfSeconds(seconds: number): bigint {
  const micros = Math.round(seconds * 1e6);
  if (!(Math.abs(micros) < 2 ** 63))
    throw new QueryError("overflow", `${seconds} seconds are out of the range of TIMESTAMP`);
  return BigInt(micros);
}

/** to_years(n) and the like: n of a unit as an interval. */
function unitFunction(unit: string, size: Partial<IntervalValue>): ScalarFunction {
  return {
    name: `to_${unit}`,
    signatures: ["int64 -> interval"],
    canFail: true,
    evaluate: ([count]) => {
      const n = count as bigint;
      const months = BigInt(size.months ?? 0) * n;
      const days = BigInt(size.days ?? 0) * n;
      const micros = (size.micros ?? 0n) * n;
      if (
        BigInt.asIntN(32, months) !== months ||
        BigInt.asIntN(32, days) !== days ||
        BigInt.asIntN(64, micros) !== micros
      ) {
        throw new QueryError("overflow", `${n} ${unit} are out of the range of INTERVAL`);
      }
      return { months: Number(months), days: Number(days), micros };
    },
    about: `An interval of that many ${unit}.`,
  };
}

/** A fraction of seconds or milliseconds as an interval. */
function fractionFunction(unit: string, micros: number): ScalarFunction {
  return {
    name: `to_${unit}`,
    signatures: ["float64 -> interval"],
    canFail: true,
    evaluate: ([count]) => {
      const total = Math.round((count as number) * micros);
      if (!(Math.abs(total) < 2 ** 63))
        throw new QueryError("overflow", `${count} ${unit} are out of the range of INTERVAL`);
      return { months: 0, days: 0, micros: BigInt(total) };
    },
    about: `An interval of that many ${unit}.`,
  };
}

function bucket(values: readonly Value[], { argTypes }: CallSite): Value {
  const [width, value, third] = values as [IntervalValue, Value, Value];
  const inDays = argTypes[1]!.kind === "date";
  const moment = (at: Value, type: DataType | undefined) => (type?.kind === "date" ? midnight(at) : (at as bigint));
  let start: bigint;
  if (third !== undefined && isInterval(third)) {
    const back = { months: -third.months, days: -third.days, micros: -third.micros };
    start = addInterval(timeBucket(width, addInterval(moment(value, argTypes[1]), back)), third);
  } else
    start = timeBucket(width, moment(value, argTypes[1]), third === undefined ? undefined : moment(third, argTypes[2]));
  return inDays ? splitTimestamp(start).days : start;
}

const bucketSignatures = ["date", "timestamp", "timestamptz"].flatMap((type) => [
  `interval, ${type} -> ${type}`,
  `interval, ${type}, ${type} -> ${type}`,
  `interval, ${type}, interval -> ${type}`,
]);

function parsed(text: Value, format: Value): bigint | undefined {
  return parseTime(text as string, format as string);
}

/** strftime also takes its arguments in the order (format, moment). */
function orderedFormat(args: readonly Expr[], build: Builder): Expr | undefined {
  const [a, b] = args;
  if (args.length !== 2 || a!.type.kind !== "varchar" || castCost({ type: b!.type }, types.timestamptz) === undefined)
    return undefined;
  return build.call("strftime", [b!, a!]);
}

export const dateTimeFunctions: readonly ScalarFunction[] = [
  ...partFunctions,
  {
    name: "epoch",
    aliases: ["to_unixtime"],
    signatures: [...moments("float64"), "interval -> float64"],
    evaluate: ([value]) => (isInterval(value!) ? intervalEpoch(value) : epochOf(value as number | bigint)),
    about: "Seconds since 1970-01-01 00:00 UTC; of an interval its length in seconds.",
  },
  {
    name: "julian",
    signatures: moments("float64"),
    evaluate: ([value]) => julianDay(value as number | bigint),
    about: "The Julian day.",
  },
  {
    name: "date_part",
    aliases: ["datepart", "extract"],
    signatures: [
      "varchar, date -> int64",
      "varchar, timestamp -> int64",
      "varchar, timestamptz -> int64",
      "varchar, interval -> int64",
    ],
    expand: expandDatePart,
    canFail: true,
    evaluate: datePart,
    about: "EXTRACT(part FROM x): with a constant part the function of that name.",
  },
  {
    name: "date_trunc",
    aliases: ["datetrunc"],
    signatures: [
      "varchar, timestamp -> timestamp",
      "varchar, timestamptz -> timestamptz",
      "varchar, interval -> interval",
    ],
    canFail: true,
    evaluate: ([unit, value]) =>
      isInterval(value!) ? truncateInterval(unit as string, value) : truncateTimestamp(unit as string, value as bigint),
    about: "The start of the year, month, week, hour, … that a moment lies in.",
  },
  {
    name: "date_diff",
    aliases: ["datediff"],
    signatures: unitSignatures,
    canFail: true,
    evaluate: between(boundariesBetween),
    about: "How many boundaries of a unit lie between two moments.",
  },
  {
    name: "date_sub",
    aliases: ["datesub"],
    signatures: unitSignatures,
    canFail: true,
    evaluate: between(wholeUnitsBetween),
    about: "How many whole units lie between two moments.",
  },
  {
    name: "date_add",
    signatures: ["timestamp, interval -> timestamp"],
    expand: (args, build) => (args.length === 2 ? build.call("+", args) : undefined),
    about: "The operator +.",
  },
  {
    name: "age",
    signatures: ["timestamp, timestamp -> interval", "timestamptz, timestamptz -> interval", "timestamp -> interval"],
    expand: (args, build) =>
      args.length === 1
        ? build.call("age", [build.cast(build.call("current_date", []), types.timestamp), args[0]!])
        : undefined,
    canFail: true,
    evaluate: ([to, from]) => ageBetween(to as bigint, from as bigint),
    about: "The first minus the second in years, months, days and time.",
  },
  {
    name: "time_bucket",
    aliases: ["date_bin"],
    signatures: bucketSignatures,
    canFail: true,
    evaluate: bucket,
    about: "The start of the bucket of a width that a moment lies in; optionally with an origin or an offset.",
  },
  {
    name: "last_day",
    signatures: moments("date"),
    evaluate: ([value]) => {
      const { year, month } = civilOfDays(momentOf(value as number | bigint).days);
      return daysOfCivil(year, month, daysInMonth(year, month));
    },
    about: "The last day of the month.",
  },
  {
    name: "add_months",
    signatures: ["date, int64 -> date"],
    canFail: true,
    evaluate: ([days, count]) => {
      if (Math.abs(Number(count)) > 1e8)
        throw new QueryError("overflow", `${count} months are out of the range of DATE`);
      return addMonths(days as number, Number(count));
    },
    about: "The date that many months later, the day clipped to the month.",
  },
  {
    name: "dayname",
    signatures: moments("varchar"),
    evaluate: ([value]) => dayNames[isoWeekday(momentOf(value as number | bigint).days) % 7]!,
    about: "The English name of the weekday.",
  },
  {
    name: "monthname",
    signatures: moments("varchar"),
    evaluate: ([value]) => monthNames[civilOfDays(momentOf(value as number | bigint).days).month - 1]!,
    about: "The English name of the month.",
  },
  {
    name: "make_date",
    signatures: ["int64, int64, int64 -> date"],
    canFail: true,
    evaluate: makeDate,
    about: "The date of year, month and day.",
  },
  {
    name: "make_timestamp",
    signatures: ["int64, int64, int64, int64, int64, float64 -> timestamp", "int64 -> timestamp"],
    canFail: true,
    evaluate: makeTimestamp,
    about: "The timestamp of year, month, day, hour, minute, seconds; or of microseconds since 1970.",
  },
  {
    name: "to_timestamp",
    aliases: ["from_unixtime", "to_timestamp_seconds"],
    signatures: ["float64 -> timestamptz", "varchar -> timestamp"],
    expand: ([arg, ...rest], build) =>
      arg?.type.kind === "varchar" && rest.length === 0 ? build.cast(arg, types.timestamp) : undefined,
    canFail: true,
    evaluate: ([seconds]) => timestampOfSeconds(seconds as number),
    about: "The instant that many seconds after 1970-01-01 00:00 UTC; of text a TIMESTAMP.",
  },
  {
    name: "to_timestamp_millis",
    signatures: ["int64 -> timestamp"],
    canFail: true,
    evaluate: ([millis]) => checkedTimestamp((millis as bigint) * 1000n),
    about: "The timestamp that many milliseconds after 1970.",
  },
  {
    name: "to_timestamp_micros",
    signatures: ["int64 -> timestamp"],
    evaluate: ([micros]) => micros!,
    about: "The timestamp that many microseconds after 1970.",
  },
  {
    name: "to_timestamp_nanos",
    signatures: ["int64 -> timestamp"],
    evaluate: ([nanos]) => (nanos as bigint) / 1000n - ((nanos as bigint) % 1000n < 0n ? 1n : 0n),
    about: "The timestamp that many nanoseconds after 1970, rounded down to microseconds.",
  },
  {
    name: "make_timestamptz",
    signatures: ["int64, int64, int64, int64, int64, float64 -> timestamptz", "int64 -> timestamptz"],
    canFail: true,
    evaluate: makeTimestamp,
    about: "make_timestamp as an instant in UTC.",
  },
  {
    name: "epoch_ms",
    signatures: ["timestamp -> int64", "timestamptz -> int64", "date -> int64", "int64 -> timestamp"],
    canFail: (argTypes) => argTypes[0]?.kind === "int64",
    evaluate: ([value], { argTypes }) => {
      if (argTypes[0]!.kind === "int64") return checkedTimestamp((value as bigint) * 1000n);
      return typeof value === "number" ? midnight(value) / 1000n : (value as bigint) / 1000n;
    },
    about: "Milliseconds since 1970 of a timestamp, or the timestamp of milliseconds.",
  },
  {
    name: "epoch_us",
    signatures: moments("int64"),
    evaluate: ([value]) => (typeof value === "number" ? midnight(value) : value!),
    about: "Microseconds since 1970.",
  },
  {
    name: "epoch_ns",
    signatures: ["timestamp -> int64", "timestamptz -> int64"],
    canFail: true,
    evaluate: ([value]) => checkedTimestamp((value as bigint) * 1000n),
    about: "Nanoseconds since 1970.",
  },
  {
    name: "strftime",
    aliases: ["to_char"],
    signatures: ["timestamp, varchar -> varchar", "timestamptz, varchar -> varchar"],
    expand: orderedFormat,
    canFail: true,
    evaluate: ([at, format]) => formatTime(at as bigint, format as string),
    about: "The moment as text: %Y %m %d %H %M %S %f %a %A %b %B %j %p … (with - without leading zeros).",
  },
  {
    name: "strptime",
    signatures: ["varchar, varchar -> timestamp"],
    canFail: true,
    evaluate: ([text, format]) => {
      const result = parsed(text!, format!);
      if (result === undefined) throw new QueryError("invalid_argument", `"${text}" does not have the form ${format}`);
      return result;
    },
    about: "Reads a timestamp in a format of strftime's codes.",
  },
  {
    name: "try_strptime",
    signatures: ["varchar, varchar -> timestamp"],
    canFail: true,
    nullable: true,
    evaluate: ([text, format]) => parsed(text!, format!) ?? null,
    about: "Like strptime, NULL where the text does not fit.",
  },
  {
    name: "to_date",
    signatures: ["varchar -> date", "varchar, varchar -> date"],
    expand: (args, build) => {
      if (args.length === 2) return build.cast(build.call("strptime", args), types.date);
      return args.length === 1 ? build.cast(args[0]!, types.date) : undefined;
    },
    about: "CAST(x AS DATE), or a date in a format.",
  },
  {
    name: "timezone",
    signatures: ["varchar, timestamp -> timestamptz", "varchar, timestamptz -> timestamp"],
    canFail: true,
    evaluate: ([zone, at], { type }) => {
      const convert = type.kind === "timestamp" && type.utc ? toInstant : toLocal;
      return convert(zone as string, at as bigint);
    },
    about: "x AT TIME ZONE zone: the instant of a local time, or the local time of an instant.",
  },
  stable(
    "now",
    ["current_timestamp", "get_current_timestamp", "transaction_timestamp"],
    "timestamptz",
    ({ context }) => context.nowMicros,
    "When the statement started.",
  ),
  stable(
    "current_localtimestamp",
    ["localtimestamp"],
    "timestamp",
    ({ context }) => context.nowMicros,
    "When the statement started, as a TIMESTAMP in UTC.",
  ),
  stable("current_date", ["today"], "date", statementDay, "The day the statement started, in UTC."),
  unitFunction("millennia", { months: 12_000 }),
  unitFunction("centuries", { months: 1200 }),
  unitFunction("decades", { months: 120 }),
  unitFunction("years", { months: 12 }),
  unitFunction("quarters", { months: 3 }),
  unitFunction("months", { months: 1 }),
  unitFunction("weeks", { days: 7 }),
  unitFunction("days", { days: 1 }),
  unitFunction("hours", { micros: 3_600_000_000n }),
  unitFunction("minutes", { micros: 60_000_000n }),
  fractionFunction("seconds", 1e6),
  fractionFunction("milliseconds", 1e3),
  unitFunction("microseconds", { micros: 1n }),
];
