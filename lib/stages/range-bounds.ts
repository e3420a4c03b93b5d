/**
 * Where to cut a sort's rows into ranges of about the same size, by what row groups' statistics say of its first key.
 * Bounds only spread the work: whatever the rows turn out to be, ranges one after the other are in order.
 */
import type { DataType } from "../arrow/types.ts";
import type { CatalogSnapshot, ColumnStatistics, Table } from "../catalog/table.ts";
import type { ColumnId, Expr, LiteralValue, SortKey } from "../expr/expr.ts";
import type { PhysicalPlan, ScanNode } from "../physical/plan.ts";

/** Rows that lie between two values, evenly for all we know. */
interface Segment {
  readonly low: number;
  readonly high: number;
  readonly rows: number;
}

/** Values of a type as numbers, which may fall together, and back to some value near by. */
interface Scale {
  toNumber(value: LiteralValue): number | undefined;
  toValue(position: number): LiteralValue;
}

/** A range that would have more than this part of the rows is not worth the exchange. */
const shareMax = 0.7;

/** At most `ranges` − 1 bounds, in the key's order; undefined where nothing is known, or ranges would be too uneven. */
export function rangeBounds(
  { expr, descending }: SortKey,
  plan: PhysicalPlan,
  ranges: number,
  snapshot: CatalogSnapshot,
  evenOnly: boolean,
): readonly (readonly LiteralValue[])[] | undefined {
  const source = expr.kind === "column" ? sourceOf(plan, expr.id) : undefined;
  const table = source && snapshot.get(source.scan.table);
  if (!source || !table) return undefined;
  const statistics = statisticsOf(table, source.field);
  const scale = scaleOf(expr.type, statistics);
  if (!scale) return undefined;
  const segments = within(segmentsOf(statistics, scale), filterBounds(source.scan, source.column, scale));
  if (segments.length === 0) return undefined;
  const positions = Array.from({ length: ranges - 1 }, (_, i) => quantile(segments, (i + 1) / ranges));
  if (evenOnly && largestShare(segments, positions) > shareMax) return undefined;
  const values = [...new Set(positions.map((position) => scale.toValue(position)))];
  // Texts near by may stand in another order; the others come ascending.
  if (expr.type.kind === "varchar") values.sort();
  const bounds = descending ? values.reverse() : values;
  return bounds.map((value) => [value]);
}

interface Source {
  readonly scan: ScanNode;
  readonly column: ColumnId;
  readonly field: number;
}

/** The column of a table that a column of the plan is. */
function sourceOf(plan: PhysicalPlan, id: ColumnId): Source | undefined {
  switch (plan.kind) {
    case "scan": {
      const at = plan.columns.findIndex((column) => column.id === id);
      return at < 0 ? undefined : { scan: plan, column: id, field: plan.source[at]! };
    }
    case "project":
      return sourceOfExpr(plan.input, plan.exprs[plan.columns.findIndex((column) => column.id === id)]);
    case "aggregate": {
      const key = plan.groupBy[plan.columns.findIndex((column) => column.id === id)];
      return sourceOfExpr(plan.input, key);
    }
    case "filter":
    case "sort":
    case "limit":
    case "window":
      return sourceOf(plan.input, id);
    case "hash_join":
    case "nested_loop_join":
      return sourceOf(plan.probe, id) ?? sourceOf(plan.build, id);
    case "shared": {
      const at = plan.columns.findIndex((column) => column.id === id);
      return at < 0 ? undefined : sourceOf(plan.input, columnId(plan.input, at));
    }
    default:
      return undefined;
  }
}

function columnId(plan: PhysicalPlan, at: number): ColumnId {
  return plan.columns[at]?.id ?? -1;
}

function sourceOfExpr(plan: PhysicalPlan, expr: Expr | undefined): Source | undefined {
  return expr?.kind === "column" ? sourceOf(plan, expr.id) : undefined;
}

interface GroupStatistics extends ColumnStatistics {
  readonly rows: number;
}

/** Of row groups where they are known, else of the table. */
function statisticsOf({ files, statistics }: Table, field: number): readonly GroupStatistics[] {
  const groups = files.map((file) => file.rowGroups);
  const known = groups.every((group) => group?.every(({ columns }) => columns?.[field]));
  if (!known) return [{ ...statistics.columns[field], rows: statistics.rows }];
  return groups.flatMap((group) => group!.map(({ rows, columns }) => ({ ...columns![field]!, rows })));
}

function segmentsOf(statistics: readonly GroupStatistics[], scale: Scale): Segment[] {
  return statistics.flatMap(({ min, max, rows, nullCount = 0 }): Segment[] => {
    const [low, high] = [min, max].map((value) => (value === undefined ? undefined : scale.toNumber(value)));
    return low === undefined || high === undefined || rows <= nullCount ? [] : [{ low, high, rows: rows - nullCount }];
  });
}

/** What the scan's own conditions leave of a column. */
function filterBounds({ filters }: ScanNode, id: ColumnId, scale: Scale): { low: number; high: number } {
  let [low, high] = [-Infinity, Infinity];
  for (const filter of filters) {
    if (filter.kind !== "call") continue;
    const [a, b] = filter.args;
    if (a?.kind !== "column" || a.id !== id || b?.kind !== "literal") continue;
    const at = scale.toNumber(b.value);
    if (at === undefined) continue;
    if ([">", ">=", "="].includes(filter.fn)) low = Math.max(low, at);
    if (["<", "<=", "="].includes(filter.fn)) high = Math.min(high, at);
  }
  return { low, high };
}

function within(segments: readonly Segment[], bounds: { low: number; high: number }): Segment[] {
  return segments.flatMap((segment): Segment[] => {
    const [low, high] = [Math.max(segment.low, bounds.low), Math.min(segment.high, bounds.high)];
    if (low > high) return [];
    const share = segment.high > segment.low ? (high - low) / (segment.high - segment.low) : 1;
    return share === 0 && high > low ? [] : [{ low, high, rows: segment.rows * Math.max(share, 1e-9) }];
  });
}

/** The part of all rows below a position. */
function shareBelow(segments: readonly Segment[], position: number): number {
  let [below, all] = [0, 0];
  for (const { low, high, rows } of segments) {
    all += rows;
    if (position > high) below += rows;
    else if (position > low) below += (rows * (position - low)) / (high - low);
  }
  return below / all;
}

/** The position with this share of the rows below it, by bisection. */
function quantile(segments: readonly Segment[], share: number): number {
  let low = Math.min(...segments.map((segment) => segment.low));
  let high = Math.max(...segments.map((segment) => segment.high));
  for (let step = 0; step < 60; step++) {
    const middle = low / 2 + high / 2;
    if (shareBelow(segments, middle) < share) low = middle;
    else high = middle;
  }
  return high;
}

function largestShare(segments: readonly Segment[], positions: readonly number[]): number {
  const shares = [0, ...positions.map((position) => shareBelow(segments, position)), 1];
  return Math.max(...shares.slice(1).map((share, i) => share - shares[i]!));
}

function scaleOf(type: DataType, statistics: readonly GroupStatistics[]): Scale | undefined {
  switch (type.kind) {
    case "int8":
    case "int16":
    case "int32":
    case "date":
      return { toNumber: numberOf, toValue: Math.round };
    case "int64":
    case "timestamp":
      return { toNumber: numberOf, toValue: (position) => integerText(position, 2n ** 63n - 1n) };
    case "decimal":
      return { toNumber: numberOf, toValue: (position) => integerText(position, 10n ** BigInt(type.precision) - 1n) };
    case "float32":
    case "float64":
      return { toNumber: numberOf, toValue: (position) => position };
    case "varchar":
      return textScale(statistics);
    default:
      return undefined;
  }
}

function numberOf(value: LiteralValue): number | undefined {
  if (value === null || typeof value === "object" || typeof value === "boolean") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Rounded doubles may lie a little outside of a type. */
function integerText(position: number, most: bigint): string {
  const rounded = BigInt(Math.round(position));
  return String(rounded > most ? most : rounded < -most ? -most : rounded);
}

/** Bytes that count of a text, after what all texts begin with. */
const textBytes = 6;

function textScale(statistics: readonly GroupStatistics[]): Scale | undefined {
  const texts = statistics.flatMap(({ min, max }) => [min, max]).filter((value) => typeof value === "string");
  if (texts.length === 0) return undefined;
  const first = texts[0]!;
  let shared = 0;
  while (shared < first.length && texts.every((text) => text[shared] === first[shared])) shared++;
  // Not inside a surrogate pair.
  if (shared > 0 && first.charCodeAt(shared - 1) >= 0xd800 && first.charCodeAt(shared - 1) < 0xdc00) shared--;
  const prefix = first.slice(0, shared);
  return {
    toNumber(value) {
      if (typeof value !== "string") return undefined;
      const bytes = Buffer.from(value.slice(prefix.length));
      let number = 0;
      for (let i = 0; i < textBytes; i++) number = number * 256 + (bytes[i] ?? 0);
      return number;
    },
    toValue(position) {
      const bytes = Array.from(
        { length: textBytes },
        (_, i) => Math.floor(position / 256 ** (textBytes - 1 - i)) % 256,
      );
      // Any text near by will do: one of plain characters is valid.
      const characters = bytes.map((byte) => String.fromCharCode(Math.min(0x7e, Math.max(0x20, byte))));
      return prefix + characters.join("");
    },
  };
}
