/** Tables of the local disk: names registered in a session, and paths written in queries. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { QueryError } from "../errors.ts";
import { nearestName } from "../expr/nearest-name.ts";
import { LocalFiles } from "../storage/local-files.ts";
import type { ObjectInfo, ObjectStore } from "../storage/object-store.ts";
import { csvTable } from "./csv-table.ts";
import { DivisibleText } from "./divisible-text.ts";
import { withPartitions } from "./hive.ts";
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

export class LocalCatalog implements Catalog {
  readonly files: ObjectStore = new LocalFiles();
  readonly #sources = new Map<string, { readonly name: string; readonly source: TableSource }>();
  readonly #parquet = new ParquetTables(this.files);
  readonly #texts = new DivisibleText(this.files);

  register(name: string, source: TableSource): void {
    this.#sources.set(name.toLowerCase(), { name, source });
  }

  /** False when there was no such table. */
  drop(name: string): boolean {
    return this.#sources.delete(name.toLowerCase());
  }

  has(name: string): boolean {
    return this.#sources.has(name.toLowerCase());
  }

  names(): readonly string[] {
    return [...this.#sources.values()].map(({ name }) => name).sort();
  }

  async table(name: readonly string[]): Promise<Table | undefined> {
    const found = this.#sources.get(name.join(".").toLowerCase());
    return found && this.#resolve(found.name, found.source);
  }

  async path(paths: readonly string[], format: TableFormat | "auto", options?: PathOptions): Promise<Table> {
    return this.#resolve(paths.join(", "), { paths, format, ...(options && { options }) });
  }

  async #resolve(name: string, source: TableSource): Promise<Table> {
    const files = (await Promise.all(source.paths.map((path) => this.#expand(path)))).flat();
    const format = source.format === "auto" ? detectFormat(files) : source.format;
    return format === "csv"
      ? withPartitions(await csvTable(name, files, this.files, source.options ?? {}, this.#texts), source.options ?? {})
      : this.#parquet.table(name, files, tableOptions(source.options));
  }

  /** The files that a path, folder or pattern names, in path order. @throws QueryError not_found */
  async #expand(path: string): Promise<readonly ObjectInfo[]> {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
      throw new QueryError("unsupported", `${path}: the embedded cluster reads local files only`);
    }
    const isFolder = await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    const exists = isFolder || (await stat(path).catch(() => undefined)) !== undefined;
    const paths = !exists && isDynamicPattern(path) ? await glob(path, patternOptions) : [resolve(path)];
    const found = isFolder ? await glob("**/*", { ...patternOptions, cwd: path }) : paths;
    const data = isFolder ? found.filter((file) => !/(^|[/\\])[._]/.test(file.slice(resolve(path).length))) : found;
    const infos = await Promise.all(data.sort().map((file) => this.files.head(resolve(file))));
    const files = infos.filter((info) => info !== undefined);
    if (files.length > 0) return isFolder ? ofOneFormat(files) : files;
    throw new QueryError("not_found", `no files at ${path}`, await this.#hint(path));
  }

  async #hint(path: string): Promise<{ hint?: string }> {
    const folder = resolve(path, "..");
    const siblings = await glob("*", { ...patternOptions, cwd: folder, onlyFiles: false }).catch(() => []);
    const near = nearestName(
      path.split("/").at(-1) ?? path,
      siblings.map(
        (file) =>
          file
            .replace(/[/\\]$/, "")
            .split(/[/\\]/)
            .at(-1) ?? file,
      ),
    );
    return near ? { hint: `Did you mean ${near}?` } : {};
  }
}

const patternOptions = { absolute: true, onlyFiles: true, expandDirectories: false } as const;
