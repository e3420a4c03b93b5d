/** An answer as a table for a terminal. */
import Table from "cli-table3";
import type { DataType } from "../arrow/types.ts";
import { formatValue } from "../expr/format-value.ts";
import type { QueryAnswer } from "./query-answer.ts";

export interface TableOptions {
  /** Rows beyond this are left out of the middle, and a line says how many; 0 or absent: all. */
  readonly rowsMax?: number;
  /** Longer values are cut, with an ellipsis. */
  readonly cellWidthMax?: number;
}

// biome-ignore format: as drawn
const box = {
  top: "─", "top-mid": "┬", "top-left": "┌", "top-right": "┐",
  bottom: "─", "bottom-mid": "┴", "bottom-left": "└", "bottom-right": "┘",
  left: "│", "left-mid": "├", mid: "─", "mid-mid": "┼", right: "│", "right-mid": "┤", middle: "│",
};

export async function formatTable(handle: QueryAnswer, options: TableOptions = {}): Promise<string> {
  const { rowsMax = 0, cellWidthMax = Number.POSITIVE_INFINITY } = options;
  const { first, last, count } = await ends(handle, rowsMax === 0 ? Number.POSITIVE_INFINITY : rowsMax);
  const hidden = count - first.length - last.length;
  const { columns } = handle;
  const cell = (value: string) => cutCell(visible(value), cellWidthMax);
  const table = new Table({
    head: columns.map((column) => cell(column.name)),
    colAligns: columns.map((column) => (isNumeric(column.type) ? "right" : "left")),
    chars: box,
    style: { head: [], border: [], compact: true },
  });
  const gap = hidden > 0 ? [columns.map(() => "…")] : [];
  table.push(...[...first, ...gap, ...last].map((row) => row.map(cell)));
  const rows = count === 1 ? "1 row" : `${count.toLocaleString("en-US")} rows`;
  return `${table.toString()}\n${rows}${hidden > 0 ? ` (${hidden.toLocaleString("en-US")} not shown)` : ""}`;
}

/** What EXPLAIN gives, without a box around it. */
export async function planText(handle: QueryAnswer): Promise<string> {
  const plans = await handle.toRows();
  const sections = plans.map(([title, plan]) => (plans.length === 1 ? `${plan}\n` : `${title}:\n${plan}\n`));
  return sections.join("\n");
}

interface Ends {
  readonly first: readonly string[][];
  readonly last: readonly string[][];
  readonly count: number;
}

/** The text of the first and the last rows, `rowsMax` in all. */
async function ends(handle: QueryAnswer, rowsMax: number): Promise<Ends> {
  const firstMax = Math.ceil(rowsMax / 2);
  const first: string[][] = [];
  const last: string[][] = [];
  let count = 0;
  for await (const values of handle.values()) {
    count++;
    const row = values.map((value, i) => (value === null ? "NULL" : formatValue(value, handle.columns[i]!.type)));
    if (first.length < firstMax) first.push(row);
    else if (last.push(row) > rowsMax - firstMax) last.shift();
  }
  return { first, last, count };
}

function isNumeric(type: DataType): boolean {
  return /^(int|float|decimal)/.test(type.kind);
}

/** Control characters would move the cursor or colour the terminal: they are shown as pictures. Lines stay lines. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\0-\x09\x0b-\x1f\x7f]/g, (char) =>
    char === "\x7f" ? "\u2421" : String.fromCharCode(0x2400 + char.charCodeAt(0)),
  );
}

function cutCell(text: string, widthMax: number): string {
  const points = text.length > widthMax ? [...text] : [];
  return points.length > widthMax ? `${points.slice(0, widthMax - 1).join("")}…` : text;
}
