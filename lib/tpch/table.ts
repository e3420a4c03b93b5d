import type { DataType, Schema } from "../arrow/types.ts";
import type { ColumnData } from "../parquet/write/column-data.ts";
import type { TextPool } from "./text-pool.ts";

/** Columns of the rows that a range of source rows gives. */
export interface GeneratedRows {
  readonly rows: number;
  readonly columns: readonly ColumnData[];
}

/**
 * One table's generator. A source row is what the random streams count: a part for partsupp, an order for lineitem, and
 * the row itself elsewhere.
 */
export interface TpchTable {
  readonly name: TableName;
  readonly schema: Schema;
  /** Source rows at scale 1; `fixed` tables have as many at every scale. */
  readonly sourceRowsAtScale1: number;
  readonly fixed: boolean;
  readonly rowsPerSourceRow: number;
  /** Generates source rows [first, first + count), counted from 0. */
  generate(scale: number, first: number, count: number, text: TextPool): GeneratedRows;
}

/** The tables, smallest first. */
export const tableNames = [
  "region",
  "nation",
  "supplier",
  "customer",
  "part",
  "partsupp",
  "orders",
  "lineitem",
] as const;
/** The name of one of the tables. */
export type TableName = (typeof tableNames)[number];

/** Number of source rows of a table at a scale: at least one. */
export function sourceRowsOf(base: number, scale: number): number {
  // The nudge undoes what binary fractions take away: 10,000 × 0.57 is 5,699.999….
  return Math.max(1, Math.floor(base * scale + 1e-6));
}

/** A schema without nulls from `[name, type]` pairs. */
export function requiredColumns(columns: readonly (readonly [name: string, type: DataType])[]): Schema {
  return { fields: columns.map(([name, type]) => ({ name, type, nullable: false })) };
}
