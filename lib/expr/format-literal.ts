/** A constant as SQL text that reads back as the same value. */
import type { LiteralExpr } from "./expr.ts";

const microsPerDay = 86_400_000_000n;

export function formatLiteral(literal: LiteralExpr): string {
  const { type, value } = literal;
  if (value === null) return "NULL";
  switch (type.kind) {
    case "varchar":
      return quote(String(value));
    case "binary":
      return `X'${value}'`;
    case "boolean":
      return value ? "TRUE" : "FALSE";
    case "date":
      return `DATE '${formatDate(Number(value))}'`;
    case "timestamp":
      return `TIMESTAMP '${formatTimestamp(BigInt(String(value)))}${type.utc ? "+00" : ""}'`;
    case "decimal":
      return formatDecimal(String(value), type.scale);
    case "interval":
      return typeof value === "object" ? `INTERVAL '${formatInterval(value)}'` : String(value);
    case "float32":
    case "float64":
      return formatFloat(value);
    default:
      return String(value);
  }
}

/** Text as a single-quoted SQL string. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** An unscaled decimal, with its point set; "-5" at scale 2 is "-0.05". */
export function formatDecimal(unscaled: string, scale: number): string {
  if (scale === 0) return unscaled;
  const negative = unscaled.startsWith("-");
  const digits = (negative ? unscaled.slice(1) : unscaled).padStart(scale + 1, "0");
  return `${negative ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Days since 1970-01-01 as proleptic Gregorian `YYYY-MM-DD`; years before 1 end in ` (BC)`. */
export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  const era = year <= 0;
  const text = `${String(era ? 1 - year : year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  return era ? `${text} (BC)` : text;
}

/** Microseconds since 1970-01-01T00:00:00 as `YYYY-MM-DD HH:MM:SS[.ffffff]`, without trailing zeros. */
export function formatTimestamp(micros: bigint): string {
  const ofDay = ((micros % microsPerDay) + microsPerDay) % microsPerDay;
  const days = (micros - ofDay) / microsPerDay;
  const seconds = Number(ofDay / 1_000_000n);
  const fraction = String(ofDay % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const [date, era] = formatDate(Number(days)).split(" ");
  return `${date} ${time}${fraction && `.${fraction}`}${era ? ` ${era}` : ""}`;
}

function formatInterval({ months, days, micros }: { months: number; days: number; micros: string }): string {
  const parts: string[] = [];
  if (months !== 0) parts.push(`${months} months`);
  if (days !== 0) parts.push(`${days} days`);
  if (BigInt(micros) !== 0n || parts.length === 0) parts.push(`${micros} microseconds`);
  return parts.join(" ");
}

function formatFloat(value: LiteralExpr["value"]): string {
  if (typeof value !== "number") return `CAST('${value}' AS DOUBLE)`;
  if (Object.is(value, -0)) return "-0e0";
  const text = String(value);
  return text.includes("e") ? text : `${text}e0`;
}

/** Howard Hinnant's civil_from_days: exact for every day number a double holds exactly. */
function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
