/** Tables of a deployment: names from its catalog store, files in its object store (s3://bucket/key). */
import { QueryError, unsupported } from "../errors.ts";
import { nearestName } from "../expr/nearest-name.ts";
import type { ObjectInfo, ObjectStore } from "../storage/object-store.ts";
import {
  type CatalogStore,
  type Definitions,
  defaultSchema,
  definitionKey,
  type TableDefinition,
} from "./catalog-store.ts";
import { csvTable } from "./csv-table.ts";
import { withPartitions } from "./hive.ts";
import { isPattern, literalPrefix, patternExpression } from "./key-pattern.ts";
import { ParquetTables } from "./parquet-table.ts";
import type { Catalog, Table } from "./table.ts";
import {
  detectFormat,
  ofOneFormat,
  type PathOptions,
  type TableFormat,
  type TableSource,
  tableOptions,
} from "./table-source.ts";

export class CloudCatalog implements Catalog {
  readonly #objects: ObjectStore;
  readonly #parquet: ParquetTables;
  readonly #tables: ReadonlyMap<string, TableDefinition>;
  readonly definitions: Definitions;
  readonly store: CatalogStore;

  private constructor(store: CatalogStore, definitions: Definitions, objects: ObjectStore, parquet: ParquetTables) {
    this.store = store;
    this.definitions = definitions;
    this.#objects = objects;
    this.#parquet = parquet;
    this.#tables = new Map(definitions.tables.map((table) => [definitionKey(table), table]));
  }

  /** The catalog as it is now. `parquet` keeps footers from one catalog to the next. */
  static async load(
    store: CatalogStore,
    objects: ObjectStore,
    parquet = new ParquetTables(objects),
  ): Promise<CloudCatalog> {
    return new CloudCatalog(store, await store.load(), objects, parquet);
  }

  /** The texts of views, by every lower-case name that finds them. */
  views(): ReadonlyMap<string, string> {
    return new Map(
      this.definitions.views.flatMap((view) => {
        const names = [definitionKey(view)];
        if (view.schema === defaultSchema) names.push(view.name.toLowerCase());
        return names.map((name) => [name, view.sql] as const);
      }),
    );
  }

  names(): readonly string[] {
    return this.definitions.tables
      .map(({ schema, name }) => (schema === defaultSchema ? name : `${schema}.${name}`))
      .sort();
  }

  has(name: readonly string[]): boolean {
    return this.#tables.has(definitionKey(qualified(name)));
  }

  async table(name: readonly string[]): Promise<Table | undefined> {
    const found = this.#tables.get(definitionKey(qualified(name)));
    if (found?.unsupported) throw unsupported(`${found.schema}.${found.name}: ${found.unsupported}`);
    return found && this.#resolve(found.name, found);
  }

  async path(paths: readonly string[], format: TableFormat | "auto", options?: PathOptions): Promise<Table> {
    return this.#resolve(paths.join(", "), { paths, format, ...(options && { options }) });
  }

  async #resolve(name: string, source: TableSource): Promise<Table> {
    const files = (await Promise.all(source.paths.map((path) => this.#expand(path)))).flat();
    const format = source.format === "auto" ? detectFormat(files) : source.format;
    return format === "csv"
      ? withPartitions(await csvTable(name, files, this.#objects, source.options ?? {}), source.options ?? {})
      : this.#parquet.table(name, files, tableOptions(source.options));
  }

  /** The objects that a key, a folder or a pattern names, in key order. @throws QueryError not_found */
  async #expand(path: string): Promise<readonly ObjectInfo[]> {
    const files = await this.#find(path);
    if (files.length > 0) return files;
    const folder = path.slice(0, path.replace(/\/$/, "").lastIndexOf("/") + 1);
    const near = /^s3a?:\/\/[^/]+\//.test(folder) ? nearestName(path, await this.#siblings(folder)) : undefined;
    throw new QueryError("not_found", `no files at ${path}`, near ? { hint: `Did you mean ${near}?` } : {});
  }

  async #find(path: string): Promise<readonly ObjectInfo[]> {
    if (isPattern(path)) {
      const expression = patternExpression(path);
      return this.#list(literalPrefix(path), ({ key }) => expression.test(key));
    }
    const object = path.endsWith("/") ? undefined : await this.#objects.head(path);
    if (object) return [object];
    const folder = path.endsWith("/") ? path : `${path}/`;
    return ofOneFormat(await this.#list(folder, ({ key }) => !/(^|\/)[._]/.test(key.slice(folder.length))));
  }

  async #list(prefix: string, wanted: (object: ObjectInfo) => boolean): Promise<ObjectInfo[]> {
    const found: ObjectInfo[] = [];
    for await (const object of this.#objects.list(prefix)) {
      // Consoles make empty objects that stand for folders.
      if (!object.key.endsWith("/") && wanted(object)) found.push(object);
    }
    return found;
  }

  async #siblings(folder: string): Promise<readonly string[]> {
    const names = new Set<string>();
    for await (const { key } of this.#objects.list(folder)) {
      names.add(folder + key.slice(folder.length).split("/")[0]!);
      if (names.size >= 1000) break;
    }
    return [...names];
  }
}

/** `t` and `schema.t`; also `volley.schema.t`, as clients that know catalogs write it. */
export function qualified(name: readonly string[]): { readonly schema: string; readonly name: string } {
  const parts = name.length === 3 && name[0]!.toLowerCase() === "volley" ? name.slice(1) : name;
  if (parts.length === 1) return { schema: defaultSchema, name: parts[0]! };
  return { schema: parts.slice(0, -1).join("."), name: parts.at(-1)! };
}
