/** Syntax trees of whole statements. */
import type { DataType } from "../arrow/types.ts";
import type { Span } from "../errors.ts";
import type { ExplainMode, Name, Query } from "./ast.ts";

export interface QueryStatement {
  readonly kind: "query";
  readonly query: Query;
}

export interface ExplainStatement {
  readonly kind: "explain";
  readonly mode: ExplainMode;
  readonly analyze: boolean;
  readonly query: Query;
}

export interface ColumnDefinition {
  readonly name: Name;
  readonly type: DataType;
  readonly nullable: boolean;
}

export interface CreateExternalTableStatement {
  readonly kind: "create_external_table";
  readonly name: readonly Name[];
  readonly ifNotExists: boolean;
  readonly orReplace: boolean;
  /** Empty: take the files' schema. */
  readonly columns: readonly ColumnDefinition[];
  /** Keys of the files' paths; empty: as the paths say. */
  readonly partitionedBy: readonly { readonly name: Name; readonly type?: DataType }[];
  readonly format: "parquet" | "csv";
  readonly location: string;
  /** Keys lower case: header, delimiter, quote, escape, null. */
  readonly options: Readonly<Record<string, string>>;
}

/** CREATE [TEMP] TABLE t (columns) | AS query: a table of the session's own. */
export interface CreateTableStatement {
  readonly kind: "create_table";
  readonly name: readonly Name[];
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly columns: readonly ColumnDefinition[];
  readonly query?: Query;
}

export interface InsertStatement {
  readonly kind: "insert";
  readonly name: readonly Name[];
  /** Which of the table's columns are given, in the query's order; empty: all. */
  readonly columns: readonly Name[];
  readonly query: Query;
}

/** COPY query TO 'path' */
export interface CopyStatement {
  readonly kind: "copy";
  readonly query: Query;
  readonly path: string;
  /** Absent: what the path's ending says. */
  readonly format?: Name;
  readonly span: Span;
}

export interface CreateViewStatement {
  readonly kind: "create_view";
  readonly name: readonly Name[];
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly columns: readonly Name[];
  readonly query: Query;
  /** The text that stands for the view: what `parse` gets when the view is used. */
  readonly sql: string;
}

export interface DropStatement {
  readonly kind: "drop";
  readonly object: "table" | "view";
  readonly ifExists: boolean;
  readonly names: readonly (readonly Name[])[];
}

export interface ShowTablesStatement {
  readonly kind: "show_tables";
}

/** DESCRIBE t, SHOW COLUMNS FROM t, DESCRIBE query */
export interface DescribeStatement {
  readonly kind: "describe";
  readonly query: Query;
}

export type Statement =
  | QueryStatement
  | ExplainStatement
  | CreateExternalTableStatement
  | CreateTableStatement
  | CreateViewStatement
  | InsertStatement
  | CopyStatement
  | DropStatement
  | ShowTablesStatement
  | DescribeStatement;
