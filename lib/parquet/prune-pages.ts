/** Which rows of a row group can pass the filters, by the bounds of its pages; and which row groups can pass at all. */
import type { ColumnId, Expr } from "../expr/expr.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { type CountFetch, type FetchedBytes, fetchRanges } from "./fetch.ts";
import { isNested } from "./file-schema.ts";
import type { ByteRange, ParquetFooter, RowGroup } from "./footer.ts";
import { type PageLocation, readColumnIndex, readOffsetIndex } from "./page-index.ts";
import { type BoundsOfColumn, boundOfValue, type ColumnBounds, mayBeTrue, mustBeTrue } from "./prune.ts";
import { isConstant, type TableColumn } from "./read-as.ts";
import { intersectRanges, joinRanges, type RowRange } from "./row-ranges.ts";
import type { ParquetColumn } from "./schema.ts";
import { boundsOf } from "./statistics.ts";

/** A conjunct, and the columns it refers to. */
export interface Conjunct {
  readonly expr: Expr;
  readonly columns: ReadonlySet<ColumnId>;
}

/** Where the columns of the scan are in this file. */
export type FileColumns = ReadonlyMap<ColumnId, TableColumn>;

/** The column of an id, if its chunk's values are the column's: not those of lists and the like. */
function flatColumn(columns: FileColumns, id: ColumnId): ParquetColumn | undefined {
  const column = columns.get(id);
  return column && !isNested(column) && !isConstant(column) ? column : undefined;
}

function flatColumns(columns: FileColumns): ParquetColumn[] {
  return [...columns.values()].flatMap((column) => (isNested(column) || isConstant(column) ? [] : [column]));
}

export function rowGroupBounds(group: RowGroup, columns: FileColumns): BoundsOfColumn {
  return (id) => {
    const constant = constantBounds(columns.get(id), group.rows);
    if (constant) return constant;
    const column = flatColumn(columns, id);
    const chunk = column && group.chunks[column.leaf];
    return chunk && { rows: group.rows, ...boundsOf(column, chunk.statistics, chunk.values) };
  };
}

function constantBounds(column: TableColumn | undefined, rows: number): ColumnBounds | undefined {
  if (!column || !isConstant(column)) return undefined;
  if (column.constant === null) return { rows, nullCount: rows };
  const bound = boundOfValue(column.constant);
  return bound === undefined ? undefined : { rows, nullCount: 0, min: bound, max: bound };
}

/** Whether any row can pass that has these constants, whatever its other columns are. */
export function constantsMayPass(columns: FileColumns, conjuncts: readonly Conjunct[]): boolean {
  return conjuncts.every(({ expr }) => mayBeTrue(expr, (id) => constantBounds(columns.get(id), 1)));
}

/** Whether any row of the row group can pass. */
export function rowGroupMayPass(group: RowGroup, columns: FileColumns, conjuncts: readonly Conjunct[]): boolean {
  const bounds = rowGroupBounds(group, columns);
  return group.rows > 0 && conjuncts.every(({ expr }) => mayBeTrue(expr, bounds));
}

/** Conjuncts that page bounds might narrow: of one column with an index, and not passed by every row anyway. */
export function pageConjuncts(
  group: RowGroup,
  columns: FileColumns,
  conjuncts: readonly Conjunct[],
): readonly { readonly expr: Expr; readonly column: ParquetColumn }[] {
  const bounds = rowGroupBounds(group, columns);
  return conjuncts.flatMap(({ expr, columns: ids }) => {
    const column = ids.size === 1 ? flatColumn(columns, [...ids][0]!) : undefined;
    const chunk = column && group.chunks[column.leaf];
    return column && chunk?.columnIndex && chunk.offsetIndex && !mustBeTrue(expr, bounds) ? [{ expr, column }] : [];
  });
}

/** The page indexes that a row group's pruning reads. */
export function indexRanges(
  group: RowGroup,
  filtered: readonly ParquetColumn[],
  all: readonly ParquetColumn[],
): ByteRange[] {
  const bounds = filtered.flatMap(({ leaf }) => group.chunks[leaf]!.columnIndex ?? []);
  return [...bounds, ...all.flatMap(({ leaf }) => group.chunks[leaf]!.offsetIndex ?? [])];
}

export interface PagePlan {
  readonly ranges: readonly RowRange[];
  readonly pages: ReadonlyMap<ParquetColumn, readonly PageLocation[]>;
  /** Pages, over all columns, that need not be read. */
  readonly pruned: number;
}

/** Reads the page indexes of a row group and finds the rows that can pass. */
export async function planPages(
  group: RowGroup,
  columns: FileColumns,
  conjuncts: readonly Conjunct[],
  fetched: FetchedBytes,
): Promise<PagePlan> {
  const pages = new Map<ParquetColumn, readonly PageLocation[]>();
  for (const column of new Set(flatColumns(columns))) {
    const chunk = group.chunks[column.leaf]!;
    const index = chunk.offsetIndex && readOffsetIndex(await fetched.bytes(chunk.offsetIndex), chunk, group.rows);
    if (index) pages.set(column, index);
  }
  let ranges: readonly RowRange[] = [{ from: 0, to: group.rows }];
  for (const { expr, column } of pageConjuncts(group, columns, conjuncts)) {
    const locations = pages.get(column);
    const bytes = locations && (await fetched.bytes(group.chunks[column.leaf]!.columnIndex!));
    const bounds = bytes && readColumnIndex(bytes, column, locations);
    if (!bounds) continue;
    const passing = locations.filter(({ firstRow, endRow }, i) =>
      mayBeTrue(expr, () => ({ rows: endRow - firstRow, ...bounds[i]! })),
    );
    ranges = intersectRanges(
      ranges,
      joinRanges(passing.map(({ firstRow, endRow }) => ({ from: firstRow, to: endRow }))),
    );
  }
  const pruned = [...pages.values()].flat().filter(({ firstRow, endRow }) => {
    return !ranges.some(({ from, to }) => from < endRow && firstRow < to);
  }).length;
  return { ranges, pages, pruned };
}

/** Starts reading the page indexes of several row groups at once; undefined when no page could be pruned. */
export function fetchIndexes(
  objects: ObjectStore,
  footer: ParquetFooter,
  groups: readonly RowGroup[],
  columns: FileColumns,
  conjuncts: readonly Conjunct[],
  signal: AbortSignal,
  count: CountFetch,
): FetchedBytes | undefined {
  const ranges = groups.flatMap((group) => {
    const filtered = pageConjuncts(group, columns, conjuncts).map(({ column }) => column);
    return filtered.length === 0 ? [] : indexRanges(group, filtered, flatColumns(columns));
  });
  return ranges.length === 0 ? undefined : fetchRanges(objects, footer, ranges, signal, count);
}
