/** The tables of a session by the names that are typed for them. */
import type { DescribedTable, QuerySession } from "../output/query-session.ts";

/** Columns by the name of their table or view. */
export type KnownTables = ReadonlyMap<string, readonly string[]>;

/** What there is to complete. */
export async function knownTables(session: QuerySession): Promise<KnownTables> {
  const tables = await session.tables().catch(() => []);
  return new Map(tables.map((table) => [shortName(table), table.columns.map(({ name }) => name)]));
}

/** As queries name it. */
export function shortName({ schema, name }: DescribedTable): string {
  return schema === "default" ? name : `${schema}.${name}`;
}
