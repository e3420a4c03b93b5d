/** Where a table's files are and what their names say about their format. */
import { QueryError } from "../errors.ts";
import type { ObjectInfo } from "../storage/object-store.ts";
import type { HiveOptions, PathOptions, UnionOptions } from "./table.ts";

export type { PathOptions };

export type TableFormat = "parquet" | "csv";

/** How a registered name finds its files. Files are listed anew for every query. */
export interface TableSource {
  readonly paths: readonly string[];
  readonly format: TableFormat | "auto";
  readonly options?: PathOptions;
}

const extensions: Readonly<Record<string, TableFormat>> = {
  ".parquet": "parquet",
  ".parq": "parquet",
  ".csv": "csv",
  ".tsv": "csv",
};

function formatOf(path: string): TableFormat | undefined {
  const dot = path.lastIndexOf(".");
  return dot < 0 ? undefined : extensions[path.slice(dot).toLowerCase()];
}

/** Of a folder, only the files whose names say that they are tables, when any does. */
export function ofOneFormat(files: readonly ObjectInfo[]): readonly ObjectInfo[] {
  const known = files.filter((file) => formatOf(file.key));
  return known.length > 0 ? known : files;
}

export function detectFormat(files: readonly ObjectInfo[]): TableFormat {
  const formats = new Set(files.map((file) => formatOf(file.key) ?? "parquet"));
  if (formats.size === 1) return [...formats][0]!;
  throw new QueryError("invalid_argument", "the path names both Parquet and CSV files", {
    hint: "Name one kind, such as 'folder/*.parquet'.",
  });
}

/** Those of the options that say what table the files make. */
export function tableOptions(options: PathOptions = {}): HiveOptions & UnionOptions {
  const { hivePartitioning, hiveTypes, hiveTypesAutocast, partitionedBy, unionByName } = options;
  return { hivePartitioning, hiveTypes, hiveTypesAutocast, partitionedBy, unionByName };
}
