import { sourceRowsOf, type TableName, tableNames } from "./table.ts";
import { tpchTables } from "./tables.ts";

/** Rows of a row group, about: an order has one to seven lines. */
const rowGroupRows = 122_880;

/** Source rows of one row group. */
export interface RowRange {
  readonly table: TableName;
  readonly first: number;
  readonly count: number;
}

/** A file and its row groups, in order. */
export interface PlannedFile {
  readonly table: TableName;
  /** relative to the output directory */
  readonly path: string;
  readonly ranges: readonly RowRange[];
}

/**
 * The files of a scale, each with its row groups in order, largest tables first: what comes last is then small, and all
 * threads end at about the same time. Region and nation are one file each whatever `parts` says.
 */
export function planFiles(scale: number, parts: number): PlannedFile[] {
  return tableNames.toReversed().flatMap((name) => planTable(name, scale, parts));
}

/** Rows that a table will have, about: exact but for lineitem. */
export function expectedRows(name: TableName, scale: number): number {
  return sourceRows(name, scale) * tpchTables[name].rowsPerSourceRow;
}

function planTable(table: TableName, scale: number, parts: number): PlannedFile[] {
  const total = sourceRows(table, scale);
  if (parts === 1 || tpchTables[table].fixed) {
    return [{ table, path: `${table}.parquet`, ranges: splitRange(table, 0, total) }];
  }
  const files = Math.min(parts, total);
  return Array.from({ length: files }, (_, i) => {
    const first = Math.floor((total * i) / files);
    const end = Math.floor((total * (i + 1)) / files);
    return {
      table,
      path: `${table}/part-${String(i).padStart(5, "0")}.parquet`,
      ranges: splitRange(table, first, end),
    };
  });
}

function splitRange(table: TableName, first: number, end: number): RowRange[] {
  const step = Math.floor(rowGroupRows / tpchTables[table].rowsPerSourceRow);
  const ranges: RowRange[] = [];
  for (let at = first; at < end; at += step) ranges.push({ table, first: at, count: Math.min(step, end - at) });
  return ranges;
}

function sourceRows(name: TableName, scale: number): number {
  const table = tpchTables[name];
  return table.fixed ? table.sourceRowsAtScale1 : sourceRowsOf(table.sourceRowsAtScale1, scale);
}
