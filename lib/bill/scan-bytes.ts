/** What a scan will read of its table's files, as far as their statistics tell. */
import type { DataType } from "../arrow/types.ts";
import type { ColumnStatistics, RowGroupInfo, Table } from "../catalog/table.ts";
import type { ColumnId, Expr } from "../expr/expr.ts";
import { columnIdsOf } from "../expr/walk.ts";
import { type BoundsOfColumn, boundOfLiteral, mayBeTrue, mustBeTrue } from "../parquet/prune.ts";
import type { Bounds } from "../parquet/statistics.ts";
import type { ScanNode } from "../physical/plan.ts";

export interface ScanBytes {
  /** Of the columns that it names, in row groups that statistics do not rule out. */
  readonly most: number;
  /** What it reads whatever the rows turn out to be: of each row group the smallest filter's columns. */
  readonly least: number;
  readonly files: number;
  /** Requests to a store that reads neighbouring columns at once, roughly. */
  readonly requests: number;
}

/** A row group's columns are fetched in about so many requests: neighbours together. */
const requestsPerRowGroup = 2;
const requestBytes = 8 << 20;

export function scanBytes(scan: ScanNode, table: Table): ScanBytes {
  const files = table.files.length;
  const known = table.files.flatMap(({ rowGroups = [] }) => rowGroups);
  const unknownFiles = table.files.filter(({ rowGroups }) => rowGroups === undefined);
  const kept = known.filter((group) => mayPass(scan, group));
  const groups = kept.map((group) => ({ most: most(scan, group), least: least(scan, group) }));
  const sum = (of: (group: { most: number; least: number }) => number) => groups.reduce((n, group) => n + of(group), 0);
  // Files whose footers were not read are taken to be like the others, and may hold nothing that is wanted.
  const unknown = unknownFiles.reduce((n, { bytes }) => n + bytes, 0) * shareOf(scan, table, known);
  const bytes = Math.ceil(sum((group) => group.most) + unknown);
  const large = Math.floor(bytes / requestBytes);
  return {
    most: bytes,
    least: table.format === "csv" && scan.limit === undefined ? bytes : sum((group) => group.least),
    files,
    requests: files + large + (kept.length + unknownFiles.length) * requestsPerRowGroup,
  };
}

/** The part of a file's bytes that the scan's columns take. */
function shareOf(scan: ScanNode, { format, schema }: Table, known: readonly RowGroupInfo[]): number {
  if (format === "csv") return 1;
  const wanted = known.reduce((n, group) => n + storedBytes(scan, group, allColumns(scan)), 0);
  const all = known.reduce((n, { columns = [] }) => n + columns.reduce((m, { storedBytes: b = 0 }) => m + b, 0), 0);
  return all > 0 ? wanted / all : Math.min(1, scan.columns.length / Math.max(1, schema.fields.length));
}

function allColumns(scan: ScanNode): ReadonlySet<ColumnId> {
  return new Set(scan.columns.map(({ id }) => id));
}

function storedBytes(scan: ScanNode, { columns, bytes }: RowGroupInfo, ids: ReadonlySet<ColumnId>): number {
  if (!columns) return bytes;
  return scan.columns.reduce((n, { id }, i) => n + (ids.has(id) ? (columns[scan.source[i]!]?.storedBytes ?? 0) : 0), 0);
}

function mayPass(scan: ScanNode, group: RowGroupInfo): boolean {
  return group.rows > 0 && scan.filters.every((filter) => mayBeTrue(filter, boundsIn(scan, group)));
}

/** Filters that bounds do not already prove for every row, and the columns that are given on. */
function neededOf(scan: ScanNode, group: RowGroupInfo) {
  const bounds = boundsIn(scan, group);
  const open = scan.filters.filter((filter) => !mustBeTrue(filter, bounds));
  const outputs = scan.columns.map(({ id }) => id).filter((id) => !scan.filterOnly.includes(id));
  return { open, outputs };
}

function most(scan: ScanNode, group: RowGroupInfo): number {
  const { open, outputs } = neededOf(scan, group);
  return storedBytes(scan, group, new Set([...outputs, ...columnIdsOf(...open)]));
}

function least(scan: ScanNode, group: RowGroupInfo): number {
  if (scan.limit !== undefined) return 0;
  const { open, outputs } = neededOf(scan, group);
  if (open.length === 0) return storedBytes(scan, group, new Set(outputs));
  // Bounds of pages, which only the file has, may spare most of a column.
  if (open.some(comparesBounds)) return 0;
  return Math.min(...open.map((filter) => storedBytes(scan, group, columnIdsOf(filter))));
}

const compared: ReadonlySet<string> = new Set(["=", "<>", "<", "<=", ">", ">=", "is_null", "is_not_null", "like"]);

function comparesBounds(expr: Expr): boolean {
  if (expr.kind === "in_list" || expr.kind === "column") return true;
  if (expr.kind !== "call") return false;
  if (expr.fn === "and" || expr.fn === "or" || expr.fn === "not") return expr.args.some(comparesBounds);
  // A comparison with something computed from a column says nothing of the column's own bounds.
  return compared.has(expr.fn) && expr.args.some(({ kind }) => kind === "column");
}

function boundsIn(scan: ScanNode, { rows, columns = [] }: RowGroupInfo): BoundsOfColumn {
  const at = new Map(scan.columns.map(({ id, type }, i) => [id, { type, field: scan.source[i]! }] as const));
  return (id) => {
    const column = at.get(id);
    const statistics = column && columns[column.field];
    return statistics && { rows, ...boundsOf(column.type, statistics) };
  };
}

function boundsOf(type: DataType, { min, max, nullCount }: ColumnStatistics): Bounds {
  const [low, high] = [min, max].map((value) => (value === undefined ? undefined : boundOfLiteral(type, value)));
  return {
    ...(low !== undefined && { min: low }),
    ...(high !== undefined && { max: high }),
    ...(nullCount !== undefined && { nullCount }),
  };
}
