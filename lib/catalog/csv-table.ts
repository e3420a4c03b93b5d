/** A table from CSV files. */
import { unsupported } from "../errors.ts";
import type { ObjectInfo, ObjectStore } from "../storage/object-store.ts";
import type { PathOptions } from "./local-catalog.ts";
import type { Table } from "./table.ts";

export async function csvTable(
  _name: string,
  _files: readonly ObjectInfo[],
  _objects: ObjectStore,
  _options: PathOptions,
): Promise<Table> {
  throw unsupported("reading CSV");
}
