/** An answer as a table for a terminal. */
import Table from "cli-table3";
import type { DataType } from "../arrow/types.ts";
import { formatValue } from "../expr/format-value.ts";
import type { QueryHandle } from "../query-handle.ts";

export interface TableOptions {
  /** Rows beyond this are left out of the middle, and a line says how many. */
  readonly rowsMax?: number;
  /** Longer values are cut, with an ellipsis. */
  readonly cellWidthMax?: number;
  readonly nullText?: string;
}

const box = {
  top: "─", "top-mid": "┬", "top-left": "┌", "top-right": "┐",
  bottom: "─", "bottom-mid": "┴", "bottom-left": "└", "bottom-right": "┘",
  left: "│", "left-mid": "├", mid: "─", "mid-mid": "┼", right: "│", "right-mid": "┤", middle: "│",
}; // biome-ignore format: as drawn

export async function formatTable(handle: QueryHandle, options: TableOptions = {}): Promise<string> {
  const { rowsMax = Infinity, nullText = "NULL", cellWidthMax = Infinity } = options;
  const head = Math.ceil(rowsMax / 2);
  const tail: string[][] = [];
  const shown: string[][] = [];
  let count = 0;
  for await (const values of handle.values()) {
    count++;
    const row = values.map((value, i) => {
      const text = value === null ? nullText : formatValue(value, handle.columns[i]!.type);
      return cutCell(text, cellWidthMax);
    });
    if (shown.length < head) shown.push(row);
    else if (tail.push(row) > rowsMax - head) tail.shift();
  }
  const hidden = count - shown.length - tail.length;
  const table = new Table({
    head: handle.columns.map((column) => column.name),
    colAligns: handle.columns.map((column) => (isNumeric(column.type) ? "right" : "left")),
    chars: box,
    style: { head: [], border: [], compact: true },
  });
  table.push(...shown, ...(hidden > 0 ? [handle.columns.map(() => "…")] : []), ...tail);
  const rows = count === 1 ? "1 row" : `${count.toLocaleString("en-US")} rows`;
  return `${table.toString()}\n${rows}${hidden > 0 ? ` (${hidden.toLocaleString("en-US")} not shown)` : ""}`;
}

function isNumeric(type: DataType): boolean {
  return /^(int|float|decimal)/.test(type.kind);
}

function cutCell(text: string, widthMax: number): string {
  const points = text.length > widthMax ? [...text] : [];
  return points.length > widthMax ? `${points.slice(0, widthMax - 1).join("")}…` : text;
}
