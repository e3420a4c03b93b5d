/** Stored minima and maxima → bounds that pruning can trust, and → what the planner knows of a table. */
import type { DataType, Field, Schema } from "../arrow/types.ts";
import { fieldPath, readableFields, widthOf } from "../arrow/types.ts";
import type { ColumnStatistics, RowGroupInfo, TableStatistics } from "../catalog/table.ts";
import type { LiteralValue } from "../expr/expr.ts";
import { isNested } from "./file-schema.ts";
import type { ColumnChunk, ParquetFooter, RowGroup, StoredStatistics } from "./footer.ts";
import { isConstant, type TableColumn, tableColumns } from "./read-as.ts";
import type { ParquetColumn } from "./schema.ts";

/**
 * A bound in the order of the column's type: number for int8–int32, date and floats; bigint for int64, decimal (unscaled)
 * and timestamp (microseconds); bytes for varchar and binary (unsigned byte order, perhaps truncated); boolean.
 */
export type Bound = number | bigint | boolean | Uint8Array;

/** What is known of the values of a chunk or page. Floats: NaN are outside of [min, max]. */
export interface Bounds {
  readonly min?: Bound;
  readonly max?: Bound;
  readonly nullCount?: number;
}

/** Bounds of a chunk or v1/v2 page from its Statistics. Untrustworthy or malformed values are left out. */
export function boundsOf(column: ParquetColumn, statistics: StoredStatistics | undefined, values: number): Bounds {
  if (!statistics) return {};
  const nullCount = statistics.nullCount;
  const counted = nullCount !== undefined && nullCount >= 0 && nullCount <= values ? { nullCount } : {};
  const minBytes = statistics.min ?? (column.signed ? statistics.oldMin : undefined);
  const maxBytes = statistics.max ?? (column.signed ? statistics.oldMax : undefined);
  const min = minBytes && decodeBound(column, minBytes);
  const max = maxBytes && decodeBound(column, maxBytes);
  // A NaN bound says nothing, and a crossed pair is a writer's bug: then neither is believed.
  if (Number.isNaN(min) || Number.isNaN(max)) return counted;
  if (min !== undefined && max !== undefined && compareBounds(min, max) > 0) return counted;
  return { ...counted, ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

/** Order of two bounds of one column; −0 equals 0. */
export function compareBounds(a: Bound, b: Bound): number {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A stored bound in the column's type; undefined when it has the wrong length or the type has no usable order. */
export function decodeBound(column: ParquetColumn, bytes: Uint8Array): Bound | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (column.physical) {
    case "BOOLEAN":
      return bytes.length === 1 ? bytes[0] !== 0 : undefined;
    case "INT32":
      return bytes.length === 4 ? int32Bound(column, view.getInt32(0, true)) : undefined;
    case "INT64":
      return bytes.length === 8 ? int64Bound(column, view.getBigInt64(0, true)) : undefined;
    case "INT96":
      return undefined;
    case "FLOAT":
      return bytes.length === 4 ? view.getFloat32(0, true) : undefined;
    case "DOUBLE":
      return bytes.length === 8 ? view.getFloat64(0, true) : undefined;
    case "BYTE_ARRAY":
    case "FIXED_LEN_BYTE_ARRAY":
      return bytesBound(column, bytes);
  }
}

function int32Bound(column: ParquetColumn, value: number): Bound {
  switch (column.conversion) {
    case "narrow8":
      return (value << 24) >> 24;
    case "narrow16":
      return (value << 16) >> 16;
    case "unsigned32":
      return BigInt(value >>> 0);
    case "widen":
    case "widen16":
      return BigInt(value);
    default:
      return value;
  }
}

function int64Bound(column: ParquetColumn, value: bigint): Bound {
  switch (column.conversion) {
    case "unsigned64":
      return BigInt.asUintN(64, value);
    case "millis":
      return value * 1000n;
    case "nanos": {
      const micros = value / 1000n;
      return value < 0n && micros * 1000n !== value ? micros - 1n : micros;
    }
    default:
      return value;
  }
}

function bytesBound(column: ParquetColumn, bytes: Uint8Array): Bound | undefined {
  switch (column.conversion) {
    case "bigEndian":
      return bytes.length > 0 && bytes.length <= 32 ? bigEndianInteger(bytes) : undefined;
    case "float16":
      return bytes.length === 2 ? halfFloat(bytes[0]! | (bytes[1]! << 8)) : undefined;
    case "uuid":
      return bytes.length === 16 ? Buffer.from(uuidText(bytes), "latin1") : undefined;
    case "plain":
      return bytes;
    default:
      return undefined;
  }
}

/** Two's complement, most significant byte first. */
export function bigEndianInteger(bytes: Uint8Array): bigint {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${digits || "0"}`));
}

/** IEEE 754 half precision. */
export function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function uuidText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A bound as a literal; "down" may give something lower, "up" undefined where no literal is surely high enough. */
function literalOf(type: DataType, bound: Bound | undefined, direction: "down" | "up"): LiteralValue | undefined {
  if (bound === undefined || typeof bound === "boolean") return bound;
  if (typeof bound === "bigint") return bound.toString();
  if (typeof bound === "number") return Number.isFinite(bound) ? bound : String(bound);
  if (type.kind === "binary") return Buffer.from(bound).toString("hex");
  for (let cut = 0; cut <= 3 && cut <= bound.length; cut++) {
    const text = utf8(bound.subarray(0, bound.length - cut));
    if (text !== undefined) return cut === 0 || direction === "down" ? text : undefined;
  }
  return undefined;
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Statistics of one column of one row group. */
function chunkStatistics(column: ParquetColumn, chunk: ColumnChunk): ColumnStatistics {
  const bounds = boundsOf(column, chunk.statistics, chunk.values);
  const min = literalOf(column.type, bounds.min, "down");
  const max = literalOf(column.type, bounds.max, "up");
  const distinctCount = chunk.statistics?.distinctCount;
  const bytesMean = meanBytes(column, chunk, bounds.nullCount ?? 0);
  return {
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(bounds.nullCount !== undefined && { nullCount: bounds.nullCount }),
    ...(distinctCount !== undefined && distinctCount > 0 && { distinctCount }),
    ...(bytesMean !== undefined && { bytesMean }),
    storedBytes: chunk.pages.to - chunk.pages.from,
  };
}

const dictionaryEncodings = (1 << 2) | (1 << 8); // PLAIN_DICTIONARY, RLE_DICTIONARY

function meanBytes(column: ParquetColumn, chunk: ColumnChunk, nulls: number): number | undefined {
  const present = chunk.values - nulls;
  if (column.type.kind !== "varchar" && column.type.kind !== "binary") return widthOf(column.type);
  if (column.conversion === "uuid") return 36;
  if (column.typeLength > 0) return column.typeLength;
  if (present <= 0) return undefined;
  if (chunk.plainBytes !== undefined) return chunk.plainBytes / present;
  if (chunk.encodings & dictionaryEncodings) return undefined;
  return Math.max(0, chunk.uncompressedBytes / present - 4);
}

/** Which column of a file each readable field of the table is: by name, then by name without regard to case. */
export function fileColumns(schema: Schema, footer: ParquetFooter): (number | undefined)[] {
  const nameOf = (field: Field) => fieldPath(field).join("\0");
  const names = readableFields(footer.schema).map(nameOf);
  const exact = new Map(names.map((name, i) => [name, i]));
  const folded = new Map(names.map((name, i) => [name.toLowerCase(), i]));
  return readableFields(schema).map((field) => exact.get(nameOf(field)) ?? folded.get(nameOf(field).toLowerCase()));
}

/** The row groups of a file, with statistics by field index of the table's schema. */
export function rowGroupInfos(footer: ParquetFooter, schema: Schema = footer.schema): RowGroupInfo[] {
  const columns = tableColumns(schema, footer, fileColumns(schema, footer));
  return footer.rowGroups.map((group) => ({
    rows: group.rows,
    bytes: group.bytes,
    columns: columns.map((column) => statisticsOfColumn(group, column)),
  }));
}

function statisticsOfColumn(group: RowGroup, column: TableColumn | undefined): ColumnStatistics {
  if (!column || isNested(column)) return {};
  return isConstant(column) ? { nullCount: group.rows } : chunkStatistics(column, group.chunks[column.leaf]!);
}

/**
 * Statistics of a table from the footers of its files. With `whole`, the footers are a sample and its counts are scaled
 * to the table's bytes; min and max are then those of the sample.
 */
export function tableStatistics(
  schema: Schema,
  footers: readonly ParquetFooter[],
  whole?: { readonly bytes: number },
): TableStatistics {
  const groups = footers.flatMap((footer) => rowGroupInfos(footer, schema));
  const bytes = footers.reduce((sum, footer) => sum + footer.bytes, 0);
  const rows = footers.reduce((sum, footer) => sum + footer.rows, 0);
  const sampled = whole !== undefined && whole.bytes > bytes;
  const scale = sampled && bytes > 0 ? whole.bytes / bytes : 1;
  const columns = readableFields(schema).map((field, i) => mergeColumn(field.type, groups, i, scale));
  return { rows: Math.round(rows * scale), bytes: whole?.bytes ?? bytes, exact: !sampled, columns };
}

function mergeColumn(type: DataType, groups: readonly RowGroupInfo[], index: number, scale: number): ColumnStatistics {
  const parts = groups
    .filter((group) => group.rows > 0)
    .map((group) => ({ rows: group.rows, ...group.columns?.[index] }));
  // A row group of nulls alone has no bounds and needs none.
  const valued = parts.filter((part) => part.nullCount !== part.rows);
  const min = extreme(
    type,
    valued.map((part) => part.min),
    -1,
  );
  const max = extreme(
    type,
    valued.map((part) => part.max),
    1,
  );
  const nulls = parts.map((part) => part.nullCount);
  const nullCount = nulls.every((count) => count !== undefined)
    ? nulls.reduce((sum, count) => sum + count, 0)
    : undefined;
  const distinctCount = mergeDistinct(parts);
  const weighed = valued.filter((part) => part.bytesMean !== undefined);
  const weight = weighed.reduce((sum, part) => sum + part.rows, 0);
  const bytesMean = weighed.reduce((sum, part) => sum + part.rows * part.bytesMean!, 0) / weight;
  return {
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(nullCount !== undefined && { nullCount: Math.round(nullCount * scale) }),
    ...(distinctCount !== undefined && { distinctCount }),
    ...(weight > 0 && { bytesMean }),
  };
}

/** The least (−1) or greatest (1) literal; undefined when one is unknown. */
function extreme(
  type: DataType,
  values: readonly (LiteralValue | undefined)[],
  sign: -1 | 1,
): LiteralValue | undefined {
  let best: LiteralValue | undefined;
  for (const value of values) {
    if (value === undefined) return undefined;
    if (best === undefined || compareLiterals(type, value, best) * sign > 0) best = value;
  }
  return best;
}

function compareLiterals(type: DataType, a: LiteralValue, b: LiteralValue): number {
  const [x, y] = [orderKey(type, a), orderKey(type, b)];
  return compareBounds(x, y);
}

function orderKey(type: DataType, value: LiteralValue): Bound {
  if (typeof value === "boolean") return value;
  if (type.kind === "varchar" || type.kind === "binary") {
    return Buffer.from(String(value), type.kind === "binary" ? "hex" : "utf8");
  }
  const isBig = type.kind === "int64" || type.kind === "decimal" || type.kind === "timestamp";
  return isBig ? BigInt(String(value)) : Number(value);
}

/**
 * An estimate of the distinct values of several row groups: where a row group repeats its values often, the next one
 * probably has the same; where hardly any repeats, they add up.
 */
function mergeDistinct(
  parts: readonly { readonly rows: number; readonly distinctCount?: number }[],
): number | undefined {
  if (parts.length === 0 || parts.some((part) => part.distinctCount === undefined)) return undefined;
  const most = Math.max(...parts.map((part) => part.distinctCount!));
  const total = parts.reduce((sum, part) => sum + part.distinctCount!, 0);
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const share = total / rows;
  return Math.round(most + (total - most) * Math.max(0, (share - 0.2) / 0.8));
}
