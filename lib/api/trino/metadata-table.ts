/** A table that tells of tables. */
import type { TableInfo } from "../../service/query-service.ts";
import type { Cell } from "./answer.ts";
import { defaultSchema } from "./session.ts";

export interface MetadataTable {
  /** `name`, or `name:bigint`. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export type MetadataTables = Readonly<Record<string, (tables: readonly TableInfo[]) => MetadataTable>>;

const informationSchema = "information_schema";

export function schemasOf(tables: readonly TableInfo[]): readonly string[] {
  return [...new Set([defaultSchema, informationSchema, ...tables.map(({ schema }) => schema)])].sort();
}
