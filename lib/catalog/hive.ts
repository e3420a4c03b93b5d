/**
 * Partition columns, as Hive, Spark, DuckDB and others write them into the paths of files: `year=2024/month=2/part.parquet`.
 * The values of a file are constants of all its rows; files whose constants rule a condition out are not read.
 */
import { type DataType, type Field, type Schema, typeName, types } from "../arrow/types.ts";
import type { Value } from "../arrow/value.ts";
import { QueryError } from "../errors.ts";
import { parseValue } from "../expr/cast.ts";
import type { LiteralValue } from "../expr/expr.ts";
import { compareValues, literalOfValue } from "../expr/value.ts";
import type { ColumnStatistics, HiveOptions, Table, TableFile } from "./table.ts";

/** A key of the paths, and its value in each file. */
interface HiveColumn {
  readonly name: string;
  readonly type: DataType;
  readonly values: readonly Value[];
}

/** What Hive writes for NULL. */
const nullText = "__HIVE_DEFAULT_PARTITION__";

/**
 * The table with its partition columns: behind those of the files, or in the place of one that has its name.
 * @throws QueryError invalid_argument when the paths do not have the keys that are asked for, or values not of their type
 */
export function withPartitions(table: Table, options: HiveOptions): Table {
  const columns = hiveColumns(table, options);
  if (columns.length === 0) return table;
  const stored = table.schema.fields.length;
  const fields: Field[] = [...table.schema.fields];
  const indexes = columns.map(({ name, type, values }) => {
    const found = fields.findIndex((field) => field.name.toLowerCase() === name.toLowerCase());
    const index = found < 0 ? fields.length : found;
    fields[index] = { name: fields[index]?.name ?? name, type, nullable: values.includes(null) };
    return index;
  });
  const schema: Schema = { ...table.schema, fields };
  const shifted = fields.length - stored;
  const constants = columns.map(({ type, values }) => values.map((value) => literalOfValue(type, value)));
  return {
    ...table,
    schema,
    partitions: { fields: indexes, stored },
    files: table.files.map((file, i) => partitionedFile(file, i, indexes, constants, stored, shifted)),
    statistics: {
      ...table.statistics,
      columns: replaced(
        table.statistics.columns,
        indexes,
        columns.map((column) => columnStatistics(table, column)),
        stored,
        shifted,
      ),
    },
  };
}

function partitionedFile(
  file: TableFile,
  index: number,
  indexes: readonly number[],
  constants: readonly (readonly LiteralValue[])[],
  stored: number,
  shifted: number,
): TableFile {
  const partition = constants.map((values) => values[index]!);
  const known = (rows: number) =>
    partition.map(
      (value): ColumnStatistics =>
        value === null ? { nullCount: rows } : { min: value, max: value, nullCount: 0, distinctCount: 1 },
    );
  const rowGroups = file.rowGroups?.map((group) =>
    group.columns ? { ...group, columns: replaced(group.columns, indexes, known(group.rows), stored, shifted) } : group,
  );
  return { ...file, partition, ...(rowGroups && { rowGroups }) };
}

/** Statistics by field index; those of fields inside structs, which follow the others, make room. */
function replaced(
  columns: readonly ColumnStatistics[],
  indexes: readonly number[],
  statistics: readonly ColumnStatistics[],
  stored: number,
  shifted: number,
): readonly ColumnStatistics[] {
  const room = Array.from({ length: shifted }, (): ColumnStatistics => ({}));
  const result = [...columns.slice(0, stored), ...room, ...columns.slice(stored)];
  for (const [i, index] of indexes.entries()) result[index] = statistics[i]!;
  return result;
}

function columnStatistics(table: Table, { type, values }: HiveColumn): ColumnStatistics {
  const present = values.filter((value) => value !== null).sort(compareValues);
  const distinct = present.filter((value, i) => i === 0 || compareValues(value, present[i - 1]!) !== 0);
  const rows = table.files.map((file) => file.rowGroups?.reduce((sum, group) => sum + group.rows, 0));
  const nullRows = rows.filter((_, i) => values[i] === null);
  const counted = nullRows.every((count) => count !== undefined);
  return {
    ...(present.length > 0 && { min: literalOfValue(type, present[0]!), max: literalOfValue(type, present.at(-1)!) }),
    ...(counted && { nullCount: nullRows.reduce((sum, count) => sum + count!, 0) }),
    ...(present.length > 0 && { distinctCount: distinct.length }),
  };
}

function hiveColumns({ name, files }: Table, options: HiveOptions): readonly HiveColumn[] {
  if (options.hivePartitioning === false || files.length === 0) return [];
  const wanted = options.hivePartitioning === true || options.partitionedBy !== undefined;
  const byFile = files.map(({ path }) => keysOf(path));
  const keys = options.partitionedBy ?? [...byFile[0]!.keys()];
  for (const [i, found] of byFile.entries()) {
    const missing = keys.find((key) => !found.has(key.toLowerCase()));
    const other = options.partitionedBy ? undefined : [...found.keys()].find((key) => !byFile[0]!.has(key));
    if (missing === undefined && other === undefined) continue;
    if (!wanted) return [];
    throw new QueryError(
      "invalid_argument",
      `the files of ${name} are not partitioned alike: ${files[i]!.path} has ${missing ? `no ${missing}=…` : `also ${other}=…`} in its path`,
    );
  }
  return keys.map((key) => {
    const texts = byFile.map((found) => found.get(key.toLowerCase())!);
    return hiveColumn(
      texts[0]!.key,
      key,
      texts.map(({ text }) => text),
      options,
      files,
    );
  });
}

function hiveColumn(
  written: string,
  key: string,
  texts: readonly (string | null)[],
  { hiveTypes = {}, hiveTypesAutocast = true, partitionedBy }: HiveOptions,
  files: Table["files"],
): HiveColumn {
  const given = Object.entries(hiveTypes).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
  const type = given ?? (hiveTypesAutocast ? guessType(texts) : types.varchar);
  const values = texts.map((text, i) => {
    if (text === null) return null;
    try {
      return parseValue(text, type);
    } catch {
      const what = `${files[i]!.path}: the partition value ${JSON.stringify(text)} of ${key} is no ${typeName(type)}`;
      throw new QueryError("invalid_argument", what);
    }
  });
  return { name: partitionedBy ? key : written, type, values };
}

/** As DuckDB guesses: BIGINT (without leading zeros), DATE or TIMESTAMP when every value is one. */
function guessType(texts: readonly (string | null)[]): DataType {
  const present = texts.filter((text) => text !== null);
  if (present.length === 0) return types.varchar;
  const forms: readonly (readonly [RegExp, DataType])[] = [
    [/^(0|-?[1-9]\d{0,17})$/, types.int64],
    [/^\d{4}-\d{2}-\d{2}$/, types.date],
    [/^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/, types.timestamp],
  ];
  return (
    forms.find(([form, type]) => present.every((text) => form.test(text) && isOf(text, type)))?.[1] ?? types.varchar
  );
}

function isOf(text: string, type: DataType): boolean {
  try {
    parseValue(text, type);
    return true;
  } catch {
    return false;
  }
}

/** The keys of a path in their order, by lower-case name. Folders alone count, not the file's own name. */
function keysOf(path: string): Map<string, { readonly key: string; readonly text: string | null }> {
  const folders = withoutWorkingFolder(path).split(/[/\\]/).slice(0, -1);
  const keys = new Map<string, { key: string; text: string | null }>();
  for (const folder of folders) {
    const [, key, value] = /^([^=?]+)=([^=?]*)$/.exec(folder) ?? [];
    if (key === undefined || value === undefined) continue;
    const text = value === nullText ? null : decoded(value);
    keys.set(decoded(key).toLowerCase(), { key: decoded(key), text });
  }
  return keys;
}

/** Where a process happens to run says nothing about its tables. */
function withoutWorkingFolder(path: string): string {
  const folder = `${process.cwd()}/`;
  return path.startsWith(folder) ? path.slice(folder.length) : path;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
