/** Tables named on the command line. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { QueryError } from "../errors.ts";
import type { SessionContext } from "../session/session.ts";

export interface TableArguments {
  /** name=path */
  readonly table: readonly string[];
  /** Folders: every file and folder in them is a table, named without its ending. */
  readonly tables: readonly string[];
}

export async function registerTables(session: SessionContext, options: TableArguments): Promise<void> {
  for (const folder of options.tables) {
    for (const name of tablesIn(folder)) {
      await register(session, tableName(name), join(folder, name)).catch(ignoreEmptyFolder);
    }
  }
  for (const pair of options.table) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new QueryError("invalid_argument", `--table wants name=path, not ${pair}`);
    await register(session, pair.slice(0, equals), pair.slice(equals + 1));
  }
}

/** A folder of tables may hold folders of other things. */
function ignoreEmptyFolder(error: unknown): void {
  if (!(error instanceof QueryError && error.code === "not_found")) throw error;
}

function tablesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !/^[._]/.test(entry.name))
      .filter((entry) => entry.isDirectory() || /\.(parquet|parq|csv|tsv)$/i.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    throw new QueryError("invalid_argument", `cannot read the folder ${folder}: ${(error as Error).message}`);
  }
}

function tableName(name: string): string {
  return basename(name).replace(/\.(parquet|parq|csv|tsv)$/i, "");
}

async function register(session: SessionContext, name: string, path: string): Promise<void> {
  if (/\.(csv|tsv)$/i.test(path))
    return session.registerCsv(name, path, /\.tsv$/i.test(path) ? { delimiter: "\t" } : {});
  // A folder of CSV files says so by their endings; the catalog looks.
  await session.catalog.path([path], "auto");
  session.catalog.register(name, { paths: [path], format: "auto" });
}
