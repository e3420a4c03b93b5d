/** The columns of the differential: a type each, and values with its extremes in them. */
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  FixedSizeBinary,
  Float16,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  TimeMicrosecond,
  TimeMillisecond,
  TimeNanosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import type { Value } from "../../../lib/arrow/value.ts";

export interface SampleColumn {
  readonly name: string;
  readonly type: DataType;
  /** What is stored in row i: in units of the type. */
  readonly stored: (i: number) => Value;
  /** The SQL value of what is stored; absent: the same. */
  readonly value?: (stored: Value) => Value;
  /** What DuckDB gives, where that is something else. */
  readonly duckdb?: (stored: Value) => Value;
}

/** Every so many rows one of the extremes, else what `regular` gives. */
function mixed<T extends Value>(extremes: readonly T[], regular: (i: number) => T): (i: number) => T {
  return (i) => (i % 7 === 3 ? extremes[((i / 7) % extremes.length) | 0]! : regular(i));
}

const digits = (count: number) => 10n ** BigInt(count) - 1n;
const decimals = (precision: number, step: bigint) =>
  mixed([digits(precision), -digits(precision), 0n], (i) => (BigInt(i) * step) % digits(precision));
const floor1000 = (nanos: Value) => (nanos as bigint) / 1000n - ((nanos as bigint) % 1000n < 0n ? 1n : 0n);
/** DuckDB rounds instants in nanoseconds towards 1970, those without a zone down as we do. */
const truncate1000 = (nanos: Value) => (nanos as bigint) / 1000n;
const times1000 = (millis: Value) => (millis as bigint) * 1000n;
const second = 1_000_000n;
const year = 31_557_600n;
const instants = (unit: bigint, years: bigint) =>
  mixed([0n, -1n, years * year * unit, -years * year * unit], (i) => BigInt(i - 200) * 86_399n * unit + BigInt(i));
const bytes = (count: number, i: number) => Uint8Array.from({ length: count }, (_, at) => (i * 31 + at * 7) & 255);

export const sampleColumns: readonly SampleColumn[] = [
  { name: "boolean", type: new Bool(), stored: (i) => i % 3 === 0 || i % 100 > 60 },
  { name: "int8", type: new Int8(), stored: mixed([-128, 127], (i) => (i % 200) - 100) },
  { name: "int16", type: new Int16(), stored: mixed([-32768, 32767], (i) => (i * 7) % 30000) },
  { name: "int32", type: new Int32(), stored: mixed([-(2 ** 31), 2 ** 31 - 1, 0], (i) => i * 1000 - 5000) },
  {
    name: "int64",
    type: new Int64(),
    stored: mixed([-(2n ** 63n), 2n ** 63n - 1n], (i) => BigInt(i) * 9007199254741n),
  },
  { name: "uint8", type: new Uint8(), stored: mixed([255, 0], (i) => i % 256) },
  { name: "uint16", type: new Uint16(), stored: mixed([65535, 0], (i) => (i * 31) % 65536) },
  { name: "uint32", type: new Uint32(), stored: mixed([2n ** 32n - 1n, 0n], (i) => BigInt(i) * 8_000_000n) },
  { name: "uint64", type: new Uint64(), stored: mixed([2n ** 64n - 1n, 0n], (i) => 2n ** 63n + BigInt(i)) },
  { name: "few_ints", type: new Int32(), stored: (i) => i % 5 },
  { name: "float16", type: new Float16(), stored: mixed([NaN, Infinity, -0, 65504, 2 ** -24], (i) => i / 4) },
  {
    name: "float32",
    type: new Float32(),
    stored: mixed([NaN, -Infinity, -0, 2 ** -149, Math.fround(3.4e38)], (i) => Math.fround(i / 3)),
  },
  { name: "float64", type: new Float64(), stored: mixed([NaN, Infinity, -0, 5e-324, Number.MAX_VALUE], (i) => i / 3) },
  { name: "decimal4", type: new Decimal(1, 4), stored: decimals(4, 13n) },
  { name: "decimal9", type: new Decimal(2, 9), stored: decimals(9, -1_234_567n) },
  { name: "decimal18", type: new Decimal(3, 18), stored: decimals(18, 1_234_567_890_123n) },
  { name: "decimal19", type: new Decimal(0, 19), stored: decimals(19, -12_345_678_901_234_567n) },
  { name: "decimal38", type: new Decimal(10, 38), stored: decimals(38, 123_456_789_012_345_678_901_234_567n) },
  { name: "date", type: new DateDay(), stored: mixed([-719162, 2932896, -1, 0], (i) => i * 37 - 9000) },
  {
    name: "time_ms",
    type: new TimeMillisecond(),
    stored: mixed([0, 86_399_999], (i) => i * 100_003),
    duckdb: (millis) => BigInt(millis as number) * 1000n,
  },
  {
    name: "time_us",
    type: new TimeMicrosecond(),
    stored: mixed([0n, 86_399_999_999n], (i) => BigInt(i) * 100_000_007n),
  },
  {
    name: "time_ns",
    type: new TimeNanosecond(),
    stored: mixed([0n, 86_399_999_999_999n], (i) => BigInt(i) * 10n ** 11n),
  },
  { name: "ts_ms", type: new TimestampMillisecond(), stored: instants(1000n, 7000n), value: times1000 },
  { name: "ts_us", type: new TimestampMicrosecond(), stored: instants(second, 7000n) },
  { name: "ts_ns", type: new TimestampNanosecond(), stored: instants(1000n * second, 290n), value: floor1000 },
  { name: "tz_ms", type: new TimestampMillisecond("UTC"), stored: instants(1000n, 7000n), value: times1000 },
  { name: "tz_us", type: new TimestampMicrosecond("Europe/Zurich"), stored: instants(second, 7000n) },
  {
    name: "tz_ns",
    type: new TimestampNanosecond("UTC"),
    stored: instants(1000n * second, 290n),
    value: floor1000,
    duckdb: truncate1000,
  },
  { name: "text", type: new Utf8(), stored: mixed(["", "\0", "größer 🦆", "z".repeat(300)], (i) => `row ${i * 7919}`) },
  { name: "few_texts", type: new Utf8(), stored: (i) => ["", "one", "zwei", "três", "чотири"][i % 5]! },
  { name: "prefixes", type: new Utf8(), stored: (i) => `https://example.org/${"path/".repeat(i % 4)}${i}` },
  { name: "binary", type: new Binary(), stored: (i) => bytes(i % 11, i) },
  { name: "fixed5", type: new FixedSizeBinary(5), stored: (i) => bytes(5, i) },
  { name: "fixed16", type: new FixedSizeBinary(16), stored: (i) => bytes(16, i % 40) },
  { name: "constant", type: new Int64(), stored: () => 42n },
];

/** Which rows are NULL. */
export const nullPatterns: Readonly<Record<string, (i: number, rows: number) => boolean>> = {
  none: () => false,
  all: () => true,
  alternating: (i) => i % 2 === 1,
  runs: (i) => Math.floor(i / 67) % 2 === 1,
  first: (i) => i === 0,
  last: (i, rows) => i === rows - 1,
  scattered: (i) => (Math.imul(i + 1, 2654435761) >>> 16) % 5 === 0,
};
