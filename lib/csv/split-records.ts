/** Splits a sample of CSV text (RFC 4180) into records, by the same rules as the csvRecords kernel. */
import type { CsvOptions } from "../catalog/table.ts";

export interface CsvField {
  readonly text: string;
  readonly quoted: boolean;
}

/** Whole records of the text. `complete`: the text ends where the file does; else a last record without its end is dropped. */
export function splitRecords(text: string, options: CsvOptions, complete: boolean): CsvField[][] {
  const records: CsvField[][] = [];
  for (let at = 0; at < text.length; ) {
    const { fields, end } = splitRecord(text, at, options);
    if (!complete && end >= text.length) break;
    const blank = fields.length === 1 && fields[0]!.text === "" && !fields[0]!.quoted;
    if (!blank) records.push(fields);
    at = end;
  }
  return records;
}

function splitRecord(text: string, start: number, options: CsvOptions): { fields: CsvField[]; end: number } {
  const fields: CsvField[] = [];
  let at = start;
  for (;;) {
    const quoted = options.quote !== "" && text[at] === options.quote;
    const { text: field, end } = quoted ? quotedField(text, at + 1, options) : plainField(text, at, options.delimiter);
    fields.push({ text: field, quoted });
    at = end;
    if (text[at] === options.delimiter) at++;
    else return { fields, end: afterNewline(text, at) };
  }
}

function plainField(text: string, start: number, delimiter: string): CsvField & { end: number } {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end++;
  return { text: text.slice(start, end), quoted: false, end };
}

function quotedField(
  text: string,
  start: number,
  { delimiter, quote, escape: escaping }: CsvOptions,
): CsvField & { end: number } {
  let field = "";
  let at = start;
  while (at < text.length) {
    const [character, next] = [text[at], text[at + 1]];
    if (character === escaping && (next === quote || (next === escaping && escaping !== quote))) {
      field += next;
      at += 2;
    } else if (character === quote) {
      at++;
      break;
    } else {
      field += character;
      at++;
    }
  }
  // Text behind the closing quote is an error that the scan reports; here it only must not confuse the rest.
  return { text: field, quoted: true, end: plainField(text, at, delimiter).end };
}

function afterNewline(text: string, at: number): number {
  if (text[at] === "\r") return text[at + 1] === "\n" ? at + 2 : at + 1;
  return at + 1;
}
