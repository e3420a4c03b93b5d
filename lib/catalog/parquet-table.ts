/** A table from Parquet files: schema and statistics of their footers, which are cached by file version. */
import type { Schema } from "../arrow/types.ts";
import { type ParquetFooter, readFooter } from "../parquet/footer.ts";
import { rowGroupInfos, tableStatistics } from "../parquet/statistics.ts";
import type { ObjectInfo, ObjectStore } from "../storage/object-store.ts";
import { withPartitions } from "./hive.ts";
import type { HiveOptions, Table, TableFile, UnionOptions } from "./table.ts";
import { unionSchema } from "./union-schema.ts";

/** Up to so many files, every footer is read at planning; of more, an even sample. */
const footersAllMax = 256;
const footersSample = 64;
const readsAtOnce = 16;
const tablesMax = 256;
const cacheMax = 4096;

export class ParquetTables {
  readonly #objects: ObjectStore;
  readonly #footers = new Map<string, ParquetFooter>();
  /** The last table of each name, and the versions of the files it was made of: statistics take a while to add up. */
  readonly #tables = new Map<string, { readonly versions: string; readonly table: Table }>();

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** The same table as before while no file has changed. */
  async table(name: string, files: readonly ObjectInfo[], options: UnionOptions & HiveOptions = {}): Promise<Table> {
    const versions = [JSON.stringify(options), ...files.map(({ key, etag }) => `${key}\0${etag}`)].join("\0");
    const known = this.#tables.get(name);
    if (known?.versions === versions) return known.table;
    const table = withPartitions(await this.#make(name, files, options), options);
    if (this.#tables.size >= tablesMax) this.#tables.delete(this.#tables.keys().next().value!);
    this.#tables.set(name, { versions, table });
    return table;
  }

  async #make(name: string, files: readonly ObjectInfo[], options: UnionOptions): Promise<Table> {
    const sampled = files.length > footersAllMax ? evenly(files, footersSample) : files;
    const footers = await this.#readAll(sampled);
    const schema = unionSchema(name, footers, sampled === files, options);
    const whole = files.reduce((sum, file) => sum + file.bytes, 0);
    const byPath = new Map(footers.map((footer) => [footer.path, footer]));
    return {
      name,
      format: "parquet",
      schema,
      files: files.map((file) => tableFile(file, byPath.get(file.key), schema)),
      statistics: tableStatistics(schema, footers, { bytes: whole }),
    };
  }

  async #readAll(files: readonly ObjectInfo[]): Promise<ParquetFooter[]> {
    const footers: ParquetFooter[] = new Array(files.length);
    let next = 0;
    const reader = async () => {
      for (let i = next++; i < files.length; i = next++) footers[i] = await this.#read(files[i]!);
    };
    await Promise.all(Array.from({ length: Math.min(readsAtOnce, files.length) }, reader));
    return footers;
  }

  async #read(file: ObjectInfo): Promise<ParquetFooter> {
    const key = `${file.key}\0${file.etag}`;
    const known = this.#footers.get(key);
    if (known) return known;
    const footer = await readFooter(this.#objects, file.key, file);
    if (this.#footers.size >= cacheMax) this.#footers.delete(this.#footers.keys().next().value!);
    this.#footers.set(key, footer);
    return footer;
  }
}

function tableFile(file: ObjectInfo, footer: ParquetFooter | undefined, schema: Schema): TableFile {
  const { key: path, bytes, etag } = file;
  return { path, bytes, etag, ...(footer && { rowGroups: rowGroupInfos(footer, schema) }) };
}

function evenly<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * (items.length - 1)) / (count - 1))]!);
}
