/** Guesses how a CSV file is written and what types its columns have, from its first bytes, much as DuckDB does. */
import { type DataType, type Field, type Schema, types } from "../arrow/types.ts";
import { type CsvField, splitRecords } from "../csv/split-records.ts";
import { QueryError } from "../errors.ts";
import type { CsvOptions } from "./table.ts";

export interface CsvInference {
  readonly schema: Schema;
  /** The given options, and the guessed ones where none was given. */
  readonly options: CsvOptions;
}

export interface CsvHints extends Partial<CsvOptions> {
  /** Types that are not to be guessed, by column name (in any case). */
  readonly types?: Readonly<Record<string, DataType>>;
  /** Names for the columns in their order, unless the header has these very names. */
  readonly names?: readonly string[];
  /** Whether the bytes are the whole file; otherwise a last record without its end is ignored. */
  readonly complete?: boolean;
}

const delimiters = [",", "\t", ";", "|"] as const;
/** Enough to tell the delimiter. */
const delimiterRecords = 50;

/** @throws QueryError invalid_argument when an option is no single byte, or a name in `types` is no column */
export function inferCsv(bytes: Uint8Array, hints: CsvHints = {}): CsvInference {
  const text = new TextDecoder().decode(bytes);
  const complete = hints.complete ?? true;
  const quote = hints.quote ?? '"';
  const given = { quote, escape: hints.escape ?? quote, nullValue: hints.nullValue ?? "" };
  checkByte("quote", given.quote, true);
  checkByte("escape", given.escape, true);
  if (hints.delimiter !== undefined) checkByte("delimiter", hints.delimiter, false);
  const delimiter = hints.delimiter ?? guessDelimiter(text, given, complete);
  const base: CsvOptions = { ...given, delimiter, header: false };
  const records = splitRecords(text, base, complete);
  const header = hints.header ?? hasHeader(records, base);
  const found = header ? columnNames(records[0] ?? []) : (records[0] ?? []).map((_, i) => `column${i}`);
  const names = renamed(found, hints.names ?? []);
  const data = header ? records.slice(1) : records;
  const wanted = wantedTypes(names, hints.types ?? {});
  const fields = names.map((name, i): Field => {
    const type =
      wanted.get(i) ??
      columnType(
        data.map((record) => record[i]),
        base,
      );
    return { name, type, nullable: true };
  });
  return { schema: { fields }, options: { ...base, header } };
}

function renamed(found: readonly string[], given: readonly string[]): readonly string[] {
  const known = new Set(found.map((name) => name.toLowerCase()));
  if (given.every((name) => known.has(name.toLowerCase()))) return found;
  if (given.length <= found.length) return found.map((name, i) => given[i] ?? name);
  const message = `the CSV file has ${found.length} columns, but ${given.length} names are given`;
  throw new QueryError("invalid_argument", message, { hint: `Its columns are ${found.join(", ")}.` });
}

function checkByte(name: string, text: string, mayBeEmpty: boolean): void {
  const single = text.length === 1 && text.charCodeAt(0) < 128 && text !== "\n" && text !== "\r";
  if (single || (mayBeEmpty && text === "")) return;
  throw new QueryError("invalid_argument", `the CSV ${name} must be one ASCII character, not ${JSON.stringify(text)}`);
}

/** The delimiter that splits most records into the same number of fields, more than one. */
function guessDelimiter(text: string, given: Omit<CsvOptions, "delimiter" | "header">, complete: boolean): string {
  let best = { delimiter: ",", same: 0, fields: 1 };
  const head = text.slice(0, 1 << 16);
  for (const delimiter of delimiters) {
    const options = { ...given, delimiter, header: false };
    const records = splitRecords(head, options, complete && head.length === text.length).slice(0, delimiterRecords);
    const fields = records[0]?.length ?? 1;
    const same = records.filter((record) => record.length === fields).length / Math.max(1, records.length);
    if (fields > 1 && (same > best.same || (same === best.same && fields > best.fields))) {
      best = { delimiter, same, fields };
    }
  }
  return best.delimiter;
}

/** The first record names the columns when it does not fit their types, or when all are text anyway. */
function hasHeader(records: readonly (readonly CsvField[])[], options: CsvOptions): boolean {
  const [first, ...rest] = records;
  if (first === undefined || first.some((field) => isNull(field, options))) return false;
  const guessed = first.map((_, i) =>
    columnType(
      rest.map((record) => record[i]),
      options,
    ),
  );
  if (guessed.every(({ kind }) => kind === "varchar")) return true;
  return first.some((field, i) => guessed[i]!.kind !== "varchar" && !fits(field.text, guessed[i]!));
}

/** Names from the header; missing ones are numbered, repeated ones (in any case) get a number behind them. */
function columnNames(header: readonly CsvField[]): string[] {
  const used = new Set<string>();
  return header.map(({ text }, i) => {
    const name = text.trim() || `column${i}`;
    let unique = name;
    for (let n = 1; used.has(unique.toLowerCase()); n++) unique = `${name}_${n}`;
    used.add(unique.toLowerCase());
    return unique;
  });
}

function wantedTypes(names: readonly string[], wanted: Readonly<Record<string, DataType>>): Map<number, DataType> {
  const byPosition = new Map<number, DataType>();
  for (const [name, type] of Object.entries(wanted)) {
    const position = names.findIndex((each) => each.toLowerCase() === name.toLowerCase());
    if (position < 0) {
      throw new QueryError("invalid_argument", `the CSV file has no column ${name}`, {
        hint: `Its columns are ${names.join(", ")}.`,
      });
    }
    byPosition.set(position, type);
  }
  return byPosition;
}

/** From narrow to wide; the first one that every value fits. */
const candidates: readonly DataType[] = [
  types.boolean,
  types.int64,
  types.float64,
  types.date,
  types.timestamp,
  types.timestamptz,
];

function columnType(fields: readonly (CsvField | undefined)[], options: CsvOptions): DataType {
  const texts = fields.filter((field) => field !== undefined && !isNull(field, options)).map((field) => field!.text);
  if (texts.length === 0) return types.varchar;
  return candidates.find((type) => texts.every((text) => fits(text, type))) ?? types.varchar;
}

function isNull({ text, quoted }: CsvField, { nullValue }: CsvOptions): boolean {
  return !quoted && text === nullValue;
}

const time = String.raw`\d{1,2}:\d\d(:\d\d(\.\d+)?)?`;
const patterns: Readonly<Partial<Record<DataType["kind"], RegExp>>> = {
  boolean: /^(true|false)$/i,
  int64: /^ *[+-]?\d+ *$/,
  float64: /^ *[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)? *$|^ *([+-]?inf(inity)?|nan) *$/i,
  date: /^\d{4}-\d{1,2}-\d{1,2}$/,
};
const timestampPattern = new RegExp(`^\\d{4}-\\d{1,2}-\\d{1,2}([ T]${time})?$`);
const zonedPattern = new RegExp(`^\\d{4}-\\d{1,2}-\\d{1,2}[ T]${time} ?(Z|[+-]\\d\\d(:?\\d\\d)?)$`);

function fits(text: string, type: DataType): boolean {
  if (type.kind === "timestamp") return (type.utc ? zonedPattern : timestampPattern).test(text) && isDate(text);
  if (!patterns[type.kind]?.test(text)) return false;
  if (type.kind === "date") return isDate(text);
  return (
    type.kind !== "int64" ||
    BigInt.asIntN(64, BigInt(text.trim().replace("+", ""))) === BigInt(text.trim().replace("+", ""))
  );
}

/** Whether the text starts with a day that exists. */
function isDate(text: string): boolean {
  const [year, month, day] = text.split(/[- T]/, 3).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
