/** Answers that need no query: rows made here. */
import { types } from "../../arrow/types.ts";
import type { ResultColumnInfo } from "../../service/query-service.ts";

export type Cell = string | number | boolean | null;

export interface Answer {
  readonly kind: "answer";
  readonly columns: readonly ResultColumnInfo[];
  readonly rows: readonly (readonly Cell[])[];
  readonly headers: Readonly<Record<string, string>>;
  /** Of a statement that changes something, if only the session. */
  readonly updateType?: string;
}

const columnTypes = { varchar: types.varchar, bigint: types.int64, double: types.float64, boolean: types.boolean };

/** `Position:bigint`; without a type, varchar. */
export function columnOf(text: string): ResultColumnInfo {
  const [name = "", type = "varchar"] = text.split(":");
  return { name, type: columnTypes[type as keyof typeof columnTypes], nullable: true };
}

export function answer(columns: readonly string[], rows: readonly (readonly Cell[])[]): Answer {
  return { kind: "answer", columns: columns.map(columnOf), rows, headers: {} };
}

/** What clients are to change in the session that they keep. */
export function done(updateType: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { ...answer(["result:boolean"], [[true]]), headers, updateType };
}
