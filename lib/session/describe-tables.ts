/** The tables and views of a session with their columns, as of now. */
import type { Field } from "../arrow/types.ts";
import type { SessionContext } from "./session.ts";

export interface TableFields {
  readonly schema: string;
  readonly name: string;
  readonly fields: readonly Field[];
}

/** Tables before views. What cannot be read any more is not there. */
export async function describeTables(session: SessionContext): Promise<readonly TableFields[]> {
  const names = [...session.catalog.names(), ...[...session.views.values()].map(({ name }) => name)];
  const tables = names.map(async (name): Promise<TableFields | undefined> => {
    const dot = name.indexOf(".");
    const [schema, table] = dot < 0 ? ["default", name] : [name.slice(0, dot), name.slice(dot + 1)];
    const handle = await session.sql(`select * from ${quoted(name)}`).catch(() => undefined);
    return handle && { schema, name: table, fields: handle.schema().fields };
  });
  return (await Promise.all(tables)).filter((table) => table !== undefined);
}

function quoted(name: string): string {
  return name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}
