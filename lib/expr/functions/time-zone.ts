/** Time zones by name, from the IANA data that JavaScript carries. */
import { QueryError } from "../../errors.ts";
import { checkedTimestamp, daysOfCivil, microsPerDay } from "../calendar.ts";

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    try {
      const fields = {
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      } as const;
      format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", era: "short", ...fields });
    } catch {
      throw new QueryError("invalid_argument", `there is no time zone "${zone}"`);
    }
    formats.set(zone, format);
  }
  return format;
}

/** How far local time is ahead of UTC at an instant; both in microseconds. */
function offsetAt(zone: string, instant: bigint): bigint {
  const second = instant / 1_000_000n - (instant % 1_000_000n < 0n ? 1n : 0n);
  if (second < -8_640_000_000_000n || second > 8_640_000_000_000n) return 0n; // beyond JavaScript's dates
  const fields: Record<string, string> = {};
  for (const { type, value } of formatOf(zone).formatToParts(new Date(Number(second) * 1000))) fields[type] = value;
  const year = fields.era === "BC" ? 1 - Number(fields.year) : Number(fields.year);
  const days = daysOfCivil(year, Number(fields.month), Number(fields.day));
  const local =
    BigInt(days) * 86_400n + BigInt(Number(fields.hour) * 3600 + Number(fields.minute) * 60 + Number(fields.second));
  return (local - second) * 1_000_000n;
}

/** The local time of an instant. */
export function toLocal(zone: string, instant: bigint): bigint {
  return checkedTimestamp(instant + offsetAt(zone, instant));
}

/** The instant of a local time: the later of two when clocks were put back; as if they had not been when put forward. */
export function toInstant(zone: string, local: bigint): bigint {
  const [before, after] = [offsetAt(zone, local - microsPerDay), offsetAt(zone, local + microsPerDay)];
  const candidates = [before, after].filter((offset) => offsetAt(zone, local - offset) === offset);
  // The smaller offset is that of the later instant.
  const [offset = before] = candidates.sort((a, b) => (a < b ? -1 : 1));
  return checkedTimestamp(local - offset);
}
