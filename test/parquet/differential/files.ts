/** The dimensions of the differential, and a Parquet file for each point of them, written by parquet-wasm. */
import { writeFileSync } from "node:fs";
import {
  Compression,
  EnabledStatistics,
  Encoding,
  Table,
  WriterPropertiesBuilder,
  WriterVersion,
  writeParquet,
} from "parquet-wasm";
import type { Value } from "../../../lib/arrow/value.ts";
import { toIpc } from "./arrow-values.ts";
import { nullPatterns, type SampleColumn, sampleColumns } from "./columns.ts";
import type { ExpectedColumn } from "./compare.ts";

type Settings = (writer: WriterPropertiesBuilder) => WriterPropertiesBuilder;

export interface Layout {
  readonly settings: (names: readonly string[]) => Settings;
  /** Which columns can have it; absent: every one. */
  readonly fits?: RegExp;
}

const encoded =
  (encoding: Encoding) =>
  (names: readonly string[]): Settings => {
    return (writer) =>
      names.reduce((builder, name) => builder.setColumnEncoding(name, encoding), writer.setDictionaryEnabled(false));
  };

const integers = "u?int\\d+|few_ints|decimal(4|9|18)|date|time_..|t[sz]_..|constant";
const texts = "text|few_texts|prefixes|binary";
const fixed = "float16|decimal(19|38)|fixed\\d+";

export const layouts: Readonly<Record<string, Layout>> = {
  plain: { settings: encoded(Encoding.PLAIN) },
  dictionary: { settings: () => (writer) => writer, fits: /^(?!boolean)/ },
  // The dictionary grows past its limit after a few pages: the rest of the chunk is plain.
  "dictionary given up": { settings: () => (writer) => writer.setDictionaryPageSizeLimit(300), fits: /^(?!boolean)/ },
  rle: { settings: encoded(Encoding.RLE), fits: /^boolean$/ },
  delta_binary_packed: { settings: encoded(Encoding.DELTA_BINARY_PACKED), fits: new RegExp(`^(${integers})$`) },
  delta_length_byte_array: { settings: encoded(Encoding.DELTA_LENGTH_BYTE_ARRAY), fits: new RegExp(`^(${texts})$`) },
  delta_byte_array: { settings: encoded(Encoding.DELTA_BYTE_ARRAY), fits: new RegExp(`^(${texts}|${fixed})$`) },
  byte_stream_split: {
    settings: encoded(Encoding.BYTE_STREAM_SPLIT),
    fits: new RegExp(`^(${integers}|${fixed}|float\\d+)$`),
  },
};

export const codecs: Readonly<Record<string, Compression>> = {
  uncompressed: Compression.UNCOMPRESSED,
  snappy: Compression.SNAPPY,
  gzip: Compression.GZIP,
  brotli: Compression.BROTLI,
  zstd: Compression.ZSTD,
  lz4_raw: Compression.LZ4_RAW,
  lz4: Compression.LZ4,
};

export const versions = { v1: WriterVersion.V1, v2: WriterVersion.V2 } as const;

export interface Shape {
  readonly rows: number;
  readonly settings: Settings;
}

export const shapes: Readonly<Record<string, Shape>> = {
  "one page": { rows: 400, settings: (writer) => writer },
  "many pages, page indexes": {
    rows: 400,
    settings: (writer) =>
      writer.setWriteBatchSize(32).setDataPageSizeLimit(150).setStatisticsEnabled(EnabledStatistics.Page),
  },
  "row groups, no statistics": {
    rows: 400,
    settings: (writer) => writer.setMaxRowGroupSize(90).setStatisticsEnabled(EnabledStatistics.None),
  },
  "row groups of many pages": {
    rows: 400,
    settings: (writer) =>
      writer
        .setMaxRowGroupSize(150)
        .setWriteBatchSize(16)
        .setDataPageSizeLimit(64)
        .setStatisticsEnabled(EnabledStatistics.Chunk),
  },
  "one row": { rows: 1, settings: (writer) => writer },
  "no rows": { rows: 0, settings: (writer) => writer },
};

/** A point of the product. */
export interface Combination {
  readonly layout: string;
  readonly codec: string;
  readonly version: keyof typeof versions;
  readonly pattern: string;
  readonly shape: string;
}

export function* allCombinations(): Generator<Combination> {
  for (const shape of Object.keys(shapes))
    for (const layout of Object.keys(layouts))
      for (const pattern of Object.keys(nullPatterns))
        for (const codec of Object.keys(codecs))
          for (const version of ["v1", "v2"] as const) yield { layout, codec, version, pattern, shape };
}

export function describe({ layout, codec, version, pattern, shape }: Combination): string {
  return `${layout}, ${codec}, ${version} pages, ${pattern} null, ${shape}`;
}

const tables = new Map<string, { readonly ipc: Uint8Array; readonly columns: readonly ExpectedColumn[] }>();

/** Writes the file; gives its columns. */
export function write(path: string, combination: Combination): readonly ExpectedColumn[] {
  const { layout, codec, version, pattern, shape } = combination;
  const { fits, settings } = layouts[layout]!;
  const { rows, settings: shaped } = shapes[shape]!;
  const key = `${pattern} ${rows} ${fits?.source}`;
  const table = tables.get(key) ?? makeTable(fits, pattern, rows);
  tables.set(key, table);
  const names = table.columns.map(({ name }) => name);
  const writer = new WriterPropertiesBuilder().setCompression(codecs[codec]!).setWriterVersion(versions[version]);
  writeFileSync(path, writeParquet(Table.fromIPCStream(table.ipc), shaped(settings(names)(writer)).build()));
  return table.columns;
}

function makeTable(fits: RegExp | undefined, pattern: string, rows: number) {
  const absent = nullPatterns[pattern]!;
  const columns = sampleColumns.filter(({ name }) => fits?.test(name) ?? true);
  const stored = columns.map((column) =>
    Array.from({ length: rows }, (_, i) => (absent(i, rows) ? null : column.stored(i))),
  );
  const ipc = toIpc(columns.map(({ name, type }, i) => ({ name, type, values: stored[i]! })));
  return { ipc, columns: columns.map((column, i) => expectedOf(column, stored[i]!)) };
}

function expectedOf(column: SampleColumn, stored: readonly Value[]): ExpectedColumn {
  const { name, value = (item) => item, duckdb = value } = column;
  const each = (convert: (item: Value) => Value) => stored.map((item) => (item === null ? null : convert(item)));
  return { name, expected: { volley: each(value), duckdb: each(duckdb), "parquet-wasm": each(value) } };
}
