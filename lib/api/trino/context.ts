/** What the translation of a statement works with. */
import type { ResultColumnInfo, TableInfo } from "../../service/query-service.ts";
import type { TokenReader } from "../../sql/token-reader.ts";
import { TrinoFailure } from "./errors.ts";
import { schemasOf } from "./metadata-table.ts";
import { catalogName, type TrinoSession } from "./session.ts";

/** What it may ask of the service. */
export interface Knowledge {
  tables(): Promise<readonly TableInfo[]>;
  /** The columns of a query's answer; the query is planned, not run. */
  columnsOf(sql: string): Promise<readonly ResultColumnInfo[]>;
}

export interface Statement {
  readonly sql: string;
  readonly reader: TokenReader;
  readonly session: TrinoSession;
  readonly knowledge: Knowledge;
}

export function knownCatalog(name: string): void {
  const lower = name.toLowerCase();
  if (lower !== catalogName && lower !== "system") {
    throw new TrinoFailure("CATALOG_NOT_FOUND", `Catalog '${name}' does not exist`);
  }
}

export async function knownSchema(name: string, { tables }: Knowledge): Promise<readonly TableInfo[]> {
  const all = await tables();
  if (schemasOf(all).some((schema) => schema.toLowerCase() === name.toLowerCase())) return all;
  throw new TrinoFailure("SCHEMA_NOT_FOUND", `Schema '${name}' does not exist`);
}

export function dottedName(reader: TokenReader, what: string): string {
  return reader
    .qualifiedName(what)
    .map(({ text }) => text)
    .join(".");
}
