/** Answers as CSV (RFC 4180), JSON, JSON lines and Markdown. Numbers too exact for JSON's readers become strings. */
import type { ResultBatch } from "../arrow/result.ts";
import { type DataType, isComposite, nestedOf } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { formatValue } from "../expr/format-value.ts";
import { isJson } from "../expr/json-scan.ts";
import { jsValue } from "./js-values.ts";
import type { QueryAnswer } from "./query-answer.ts";

/** NULL is nothing between the commas, an empty text is two quotes. */
export async function* csvText(handle: QueryAnswer): AsyncGenerator<string> {
  yield `${handle.columns.map((column) => csvCell(column.name)).join(",")}\n`;
  const cells = handle.columns.map(({ type }) => {
    return (value: Value) => (value === null ? "" : csvCell(formatValue(value, type)));
  });
  for await (const batch of handle.batches()) yield lines(batch, cells, (row) => `${row.join(",")}\n`).join("");
}

type Cell = (value: Value) => string;

/** The lines of a batch, of the cells' texts. */
function lines({ rows, columns }: ResultBatch, cells: readonly Cell[], line: (row: string[]) => string): string[] {
  const texts = columns.map((column, i) => column.map(cells[i]!));
  return Array.from({ length: rows }, (_, row) => line(texts.map((column) => column[row]!)));
}

/** A value as it stands between commas. */
export function csvCell(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One array of objects. */
export async function* jsonText(handle: QueryAnswer): AsyncGenerator<string> {
  let before = "[\n  ";
  for await (const objects of jsonObjects(handle)) {
    yield before + objects.join(",\n  ");
    before = ",\n  ";
  }
  yield before.startsWith("[") ? "[]\n" : "\n]\n";
}

/** One object a line. */
export async function* jsonLinesText(handle: QueryAnswer): AsyncGenerator<string> {
  for await (const objects of jsonObjects(handle)) yield `${objects.join("\n")}\n`;
}

async function* jsonObjects(handle: QueryAnswer): AsyncGenerator<string[]> {
  const names = uniqueNames(handle.columns.map((column) => column.name));
  const cells = handle.columns.map(({ type }, i) => {
    const key = `${JSON.stringify(names[i])}:`;
    return (value: Value) => key + (jsonInside(value, type) ?? jsonValue(value, type));
  });
  for await (const batch of handle.batches()) {
    if (batch.rows > 0) yield lines(batch, cells, (row) => `{${row.join(",")}}`);
  }
}

/** JSON text as a value of the object, so that it need not be read twice; a file may call something JSON that is none. */
function jsonInside(value: Value, type: DataType): string | undefined {
  const inside = typeof value === "string" && nestedOf(type) && (isComposite(type) || isJson(value));
  return inside ? value : undefined;
}

/** Columns of one name would hide each other in an object: the second gets _1, and so on. */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let i = 1; seen.has(unique); i++) unique = `${name}_${i}`;
    seen.add(unique);
    return unique;
  });
}

/** A value as JSON text. */
export function jsonValue(value: Value, type: DataType): string {
  const plain = jsValue(value, type);
  if (typeof plain === "bigint") {
    const exact = plain <= BigInt(Number.MAX_SAFE_INTEGER) && plain >= BigInt(Number.MIN_SAFE_INTEGER);
    return exact ? String(plain) : `"${plain}"`;
  }
  if (typeof plain === "number" && !Number.isFinite(plain)) return `"${formatValue(plain, type)}"`;
  if (plain instanceof Uint8Array) return `"${Buffer.from(plain).toString("base64")}"`;
  return JSON.stringify(plain);
}

export async function* markdownText(handle: QueryAnswer): AsyncGenerator<string> {
  const numeric = handle.columns.map((column) => /^(int|float|decimal)/.test(column.type.kind));
  yield `| ${handle.columns.map((column) => markdownCell(column.name)).join(" | ")} |\n`;
  yield `|${numeric.map((right) => (right ? "---:" : "---")).join("|")}|\n`;
  const cells = handle.columns.map(({ type }) => {
    return (value: Value) => (value === null ? "NULL" : markdownCell(formatValue(value, type)));
  });
  for await (const batch of handle.batches()) yield lines(batch, cells, (row) => `| ${row.join(" | ")} |\n`).join("");
}

function markdownCell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\r?\n/g, "<br>");
}
