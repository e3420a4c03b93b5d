/** Answers as CSV (RFC 4180), JSON, JSON lines and Markdown. Numbers too exact for JSON's readers become strings. */
import type { DataType } from "../arrow/types.ts";
import { formatValue } from "../expr/format-value.ts";
import type { Value } from "../expr/value.ts";
import { jsValue } from "../js-values.ts";
import type { QueryHandle } from "../query-handle.ts";

/** NULL is nothing between the commas, an empty text is two quotes. */
export async function* csvLines(handle: QueryHandle): AsyncGenerator<string> {
  const types = handle.columns.map((column) => column.type);
  yield `${handle.columns.map((column) => csvCell(column.name)).join(",")}\n`;
  for await (const row of handle.values()) {
    yield `${row.map((value, i) => (value === null ? "" : csvCell(formatValue(value, types[i]!)))).join(",")}\n`;
  }
}

function csvCell(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One array of objects. */
export async function* jsonText(handle: QueryHandle): AsyncGenerator<string> {
  let before = "[\n";
  for await (const line of jsonLines(handle)) {
    yield `${before}  ${line.trimEnd()}`;
    before = ",\n";
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

/** One object a line. */
export async function* jsonLines(handle: QueryHandle): AsyncGenerator<string> {
  const keys = uniqueNames(handle.columns.map((column) => column.name)).map((name) => JSON.stringify(name));
  const types = handle.columns.map((column) => column.type);
  for await (const row of handle.values()) {
    yield `{${row.map((value, i) => `${keys[i]}:${jsonValue(value, types[i]!)}`).join(",")}}\n`;
  }
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

function jsonValue(value: Value, type: DataType): string {
  const plain = jsValue(value, type);
  if (typeof plain === "bigint") {
    const exact = plain <= BigInt(Number.MAX_SAFE_INTEGER) && plain >= BigInt(Number.MIN_SAFE_INTEGER);
    return exact ? String(plain) : `"${plain}"`;
  }
  if (typeof plain === "number" && !Number.isFinite(plain)) return `"${formatValue(plain, type)}"`;
  if (plain instanceof Uint8Array) return `"${Buffer.from(plain).toString("base64")}"`;
  return JSON.stringify(plain);
}

export async function* markdownLines(handle: QueryHandle): AsyncGenerator<string> {
  const numeric = handle.columns.map((column) => /^(int|float|decimal)/.test(column.type.kind));
  yield `| ${handle.columns.map((column) => markdownCell(column.name)).join(" | ")} |\n`;
  yield `|${numeric.map((right) => (right ? "---:" : "---")).join("|")}|\n`;
  for await (const row of handle.values()) {
    const cells = row.map((value, i) => {
      return value === null ? "NULL" : markdownCell(formatValue(value, handle.columns[i]!.type));
    });
    yield `| ${cells.join(" | ")} |\n`;
  }
}

function markdownCell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\r?\n/g, "<br>");
}
