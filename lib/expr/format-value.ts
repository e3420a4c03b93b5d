/** Values as text, the way CAST(x AS VARCHAR) and results print them (as DuckDB does). */
import type { DataType } from "../arrow/types.ts";
import type { IntervalValue, Value } from "../arrow/value.ts";
import { civilOfDays, splitTimestamp } from "./calendar.ts";

/** The text of a non-null value of `type`. */
export function formatValue(value: Value, type: DataType): string {
  switch (type.kind) {
    case "decimal":
      return formatDecimal(value as bigint, type.scale);
    case "float32":
      return formatFloat(value as number, shortestFloat32);
    case "float64":
      return formatFloat(value as number, String);
    case "date":
      return formatDate(value as number);
    case "timestamp":
      return formatTimestamp(value as bigint) + (type.utc ? "+00" : "");
    case "interval":
      return formatInterval(value as IntervalValue);
    case "binary":
      return formatBytes(value as Uint8Array);
    default:
      return String(value);
  }
}

/** -5 at scale 2 is "-0.05". */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/**
 * The fewest digits that read back as the same number; plain with at least one digit after the point for exponents −4 to
 * 15 (`0.0001`, `1000000000000000.0`), else `1e+16`, `1e-05`; `inf`, `-inf`, `nan`.
 * @param shortest gives those digits, in any of JavaScript's notations
 */
function formatFloat(value: number, shortest: (value: number) => string): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const sign = value < 0 ? "-" : "";
  const [mantissa = "", power] = shortest(Math.abs(value)).split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const padded = whole + fraction;
  const digits = padded.replace(/^0+/, "").replace(/0+$/, "");
  // Digits before the point if it were written out; 0.001 has −2.
  const point = whole.length + Number(power ?? 0) - (padded.length - padded.replace(/^0+/, "").length);
  if (point < -3 || point > 16) {
    const exponent = String(Math.abs(point - 1)).padStart(2, "0");
    return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${point > 0 ? "+" : "-"}${exponent}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  const before = digits.slice(0, point).padEnd(point, "0");
  return `${sign}${before}.${digits.slice(point) || "0"}`;
}

function shortestFloat32(value: number): string {
  for (let precision = 1; precision < 9; precision++) {
    const text = value.toPrecision(precision);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toPrecision(9);
}

/** `YYYY-MM-DD`, longer years as they come, years before 1 as `0044-03-15 (BC)`. @param days since 1970-01-01 */
export function formatDate(days: number): string {
  const { text, era } = dateParts(days);
  return text + era;
}

function dateParts(days: number): { text: string; era: string } {
  const { year, month, day } = civilOfDays(days);
  const shown = year > 0 ? year : 1 - year;
  return { text: `${String(shown).padStart(4, "0")}-${two(month)}-${two(day)}`, era: year > 0 ? "" : " (BC)" };
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff]` without trailing zeros. @param timestamp microseconds since 1970 */
export function formatTimestamp(timestamp: bigint): string {
  const { days, micros } = splitTimestamp(timestamp);
  const { text, era } = dateParts(days);
  return `${text}${era} ${formatTime(micros)}`;
}

/** `HH:MM:SS[.ffffff]`; hours may pass 24. @param micros ≥ 0 */
export function formatTime(micros: bigint): string {
  const seconds = micros / 1_000_000n;
  const fraction = String(micros % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return fraction ? `${clock}.${fraction}` : clock;
}

/** `1 year 2 months 3 days 04:05:06`; parts of 0 are left out; nothing at all is `00:00:00`. */
export function formatInterval({ months, days, micros }: IntervalValue): string {
  const parts: string[] = [];
  const add = (count: number, unit: string) => {
    if (count !== 0) parts.push(`${count} ${unit}${Math.abs(count) === 1 ? "" : "s"}`);
  };
  add(Math.trunc(months / 12), "year");
  add(months % 12, "month");
  add(days, "day");
  if (micros !== 0n || parts.length === 0) parts.push(micros < 0n ? `-${formatTime(-micros)}` : formatTime(micros));
  return parts.join(" ");
}

/** Printable ASCII as it is, but for quotes and backslash; every other byte as `\xAB`. */
export function formatBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 32 && byte <= 126 && byte !== 34 && byte !== 39 && byte !== 92;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

function two(value: number | bigint): string {
  return String(value).padStart(2, "0");
}
