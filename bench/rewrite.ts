/** The same tables as another writer's files. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { tables } from "./peers/tables.ts";

/** Has DuckDB write the Parquet files of a folder anew, as it does without options, beside it. Gives the new folder. */
export async function rewrittenByDuckDB(directory: string): Promise<string> {
  const target = `${directory.replace(/\/$/, "")}-duckdb`;
  mkdirSync(target, { recursive: true });
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  for (const table of tables) {
    const file = join(target, `${table}.parquet`);
    if (existsSync(file)) continue;
    await connection.run(`copy (from '${join(directory, `${table}.parquet`)}') to '${file}.part' (format parquet)`);
    renameSync(`${file}.part`, file);
  }
  connection.closeSync();
  return target;
}
