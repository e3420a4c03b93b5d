/** What the planner knows of a table: schema, files, statistics. */
import type { DataType, Schema } from "../arrow/types.ts";
import type { LiteralValue } from "../expr/expr.ts";

export interface ColumnStatistics {
  /** In the literal form of the column's type; absent when unknown. For varchar they may be truncated bounds; for floats NaN may lie above max. */
  readonly min?: LiteralValue;
  readonly max?: LiteralValue;
  readonly nullCount?: number;
  readonly distinctCount?: number;
  /** Mean bytes of a value once decoded. */
  readonly bytesMean?: number;
  /** Of one row group: what its values take in the file. */
  readonly storedBytes?: number;
}

export interface TableStatistics {
  readonly rows: number;
  /** Sum of the sizes of the files. */
  readonly bytes: number;
  /** Whether rows, and min and max, cover every file (true) or are extrapolated from a sample. */
  readonly exact: boolean;
  /** By field index. */
  readonly columns: readonly ColumnStatistics[];
}

/** One row group of a Parquet file, as much of it as planning needs. */
export interface RowGroupInfo {
  readonly rows: number;
  readonly bytes: number;
  /** By field index of the table; min/max/nullCount of this row group only. */
  readonly columns?: readonly ColumnStatistics[];
}

export interface TableFile {
  /** Key in the table's object store: an absolute local path, or s3://bucket/key. */
  readonly path: string;
  readonly bytes: number;
  /** Pins the version that was planned: mtime+size locally, ETag on S3. */
  readonly etag: string;
  /** Absent when this file's footer was not read at planning. */
  readonly rowGroups?: readonly RowGroupInfo[];
  /** Its values of the table's partition columns. */
  readonly partition?: readonly LiteralValue[];
  /** CSV: every line break ends a record, so that reading can start anywhere. */
  readonly divisible?: boolean;
}

export interface CsvOptions {
  readonly delimiter: string;
  readonly header: boolean;
  readonly quote: string;
  readonly escape: string;
  readonly nullValue: string;
}

/** Columns whose values are in the paths of the files. */
export interface TablePartitions {
  /** Their field indexes, in the order of a file's `partition`. */
  readonly fields: readonly number[];
  /** Fields that files store; those behind them are partition columns. */
  readonly stored: number;
}

/** A table as one query sees it: resolved, pinned, readonly. */
export interface Table {
  readonly name: string;
  readonly format: "parquet" | "csv";
  readonly schema: Schema;
  readonly files: readonly TableFile[];
  readonly statistics: TableStatistics;
  readonly partitions?: TablePartitions;
  readonly csv?: CsvOptions;
}

/** How files are read; what is absent is guessed, of CSV from the start of the first file. */
export interface PathOptions extends Partial<CsvOptions>, HiveOptions, UnionOptions {
  /** CSV: column types that are not to be guessed. */
  readonly types?: Readonly<Record<string, DataType>>;
  /** CSV: names for the columns in their order, unless the header has these very names. */
  readonly names?: readonly string[];
}

export interface HiveOptions {
  /** Whether folders named key=value make columns; absent: when every file has the same keys in its path. */
  readonly hivePartitioning?: boolean;
  /** Types that are not to be guessed, by key. */
  readonly hiveTypes?: Readonly<Record<string, DataType>>;
  /** False: keys whose type is not given are VARCHAR. */
  readonly hiveTypesAutocast?: boolean;
  /** Keys that the table is said to have, in their order. */
  readonly partitionedBy?: readonly string[];
}

export interface UnionOptions {
  /** Parquet. False: every file must have the columns of the first one, and further ones are not seen. */
  readonly unionByName?: boolean;
}

/** The tables of one query, by key. */
export type CatalogSnapshot = ReadonlyMap<string, Table>;

/** Where the binder finds tables. Names are case-insensitive unless quoted. */
export interface Catalog {
  /** Resolves a table name ("db.t" arrives as ["db","t"]); undefined if there is none. */
  table(name: readonly string[]): Promise<Table | undefined>;
  /** Resolves FROM 'path/*.parquet' and read_parquet(…), read_csv(…). */
  path(paths: readonly string[], format: "parquet" | "csv" | "auto", options?: PathOptions): Promise<Table>;
  /** Known names, for completion, nearest-match hints and SHOW TABLES. */
  names(): readonly string[];
}
