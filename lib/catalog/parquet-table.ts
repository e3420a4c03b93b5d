/** A table from Parquet files: schema and statistics of their footers, which are cached by file version. */
import { type Field, nestedOf, type Schema, sameMeaning, sameType, typeName, types } from "../arrow/types.ts";
import { QueryError } from "../errors.ts";
import { type ParquetFooter, readFooter } from "../parquet/footer.ts";
import { rowGroupInfos, tableStatistics } from "../parquet/statistics.ts";
import type { ObjectInfo, ObjectStore } from "../storage/object-store.ts";
import type { Table, TableFile } from "./table.ts";

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
  async table(name: string, files: readonly ObjectInfo[]): Promise<Table> {
    const versions = files.map(({ key, etag }) => `${key}\0${etag}`).join("\0");
    const known = this.#tables.get(name);
    if (known?.versions === versions) return known.table;
    const table = await this.#make(name, files);
    if (this.#tables.size >= tablesMax) this.#tables.delete(this.#tables.keys().next().value!);
    this.#tables.set(name, { versions, table });
    return table;
  }

  async #make(name: string, files: readonly ObjectInfo[]): Promise<Table> {
    const sampled = files.length > footersAllMax ? evenly(files, footersSample) : files;
    const footers = await this.#readAll(sampled);
    const first = footers[0]!;
    for (const footer of footers) checkSchema(name, first.schema, first.path, footer);
    const schema = commonShape(first.schema, footers);
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

/** Every file must have the table's columns, with their types; its order and further columns do not matter. */
function checkSchema(table: string, schema: Schema, from: string, footer: ParquetFooter): void {
  if (footer.schema === schema) return;
  const fields = new Map(footer.schema.fields.map((field) => [field.name.toLowerCase(), field]));
  for (const field of schema.fields) {
    const other = fields.get(field.name.toLowerCase());
    if (!other) {
      throw new QueryError(
        "type_mismatch",
        `the files of ${table} differ: ${from} has a column ${field.name}, ${footer.path} has not`,
      );
    }
    if (!sameType(field.type, other.type)) {
      throw new QueryError(
        "type_mismatch",
        `the files of ${table} differ: ${field.name} is ${typeName(field.type)} in ${from}, and ${typeName(other.type)} in ${footer.path}`,
      );
    }
  }
}

/** A column whose files hold values of different shapes is JSON of any shape, without fields of its own. */
function commonShape(schema: Schema, footers: readonly ParquetFooter[]): Schema {
  const { nested } = schema;
  if (!nested) return schema;
  const typesOf = footers.map(
    (footer) => new Map(footer.schema.fields.map(({ name, type }) => [name.toLowerCase(), type])),
  );
  const differs = ({ name, type }: Field) =>
    nestedOf(type) !== undefined && !typesOf.every((types) => sameMeaning(type, types.get(name.toLowerCase())!));
  const different = new Set(schema.fields.filter(differs).map((field) => field.name));
  if (different.size === 0) return schema;
  return {
    fields: schema.fields.map((field) => (different.has(field.name) ? { ...field, type: types.json } : field)),
    nested: nested.filter(({ within }) => !different.has(within[0]!)),
  };
}

function evenly<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * (items.length - 1)) / (count - 1))]!);
}
