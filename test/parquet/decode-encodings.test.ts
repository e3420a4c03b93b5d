// Every encoding × codec × null pattern × page version, in many small pages, written by parquet-wasm, read by DuckDB and us.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Compression, Encoding, readParquet, WriterPropertiesBuilder, WriterVersion, writeParquet } from "parquet-wasm";
import { assertColumns, readWithDuckDB, readWithVolley, temporaryFolder, writeWithDuckDB } from "./duckdb-oracle.ts";
import { everyType, nullPatterns } from "./every-type.ts";

// parquet-wasm keeps a UUID's bytes but not that it is one, and drops the months of intervals.
const asRewritten = `unhex(replace(uuid::VARCHAR, '-', '')) AS uuid,
  iv - to_months((datepart('year', iv) * 12 + datepart('month', iv))::INT) AS iv`;

const folder = temporaryFolder();
const rows = 3000;
const integers = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "date", "ts", "tstz", "d4", "d9", "d18"];
const floats = ["f32", "f64"];
const texts = ["text", "few", "empty", "long", "bin"];

const byColumn = (names: readonly string[], encoding: Encoding) => (writer: WriterPropertiesBuilder) =>
  names.reduce((builder, name) => builder.setColumnEncoding(name, encoding), writer.setDictionaryEnabled(false));

const layouts: Readonly<Record<string, (writer: WriterPropertiesBuilder) => WriterPropertiesBuilder>> = {
  plain: (writer) => writer.setDictionaryEnabled(false),
  dictionary: (writer) => writer,
  // The dictionary grows past its limit after a few pages: the rest of the chunk is plain.
  "dictionary given up": (writer) => writer.setDictionaryPageSizeLimit(600),
  "delta integers": byColumn(integers, Encoding.DELTA_BINARY_PACKED),
  "delta lengths": byColumn(texts, Encoding.DELTA_LENGTH_BYTE_ARRAY),
  "delta strings": byColumn([...texts, "uuid", "d38"], Encoding.DELTA_BYTE_ARRAY),
  "split bytes": byColumn([...integers, ...floats, "uuid", "d38"], Encoding.BYTE_STREAM_SPLIT),
  "run lengths": byColumn(["b"], Encoding.RLE),
};

const codecs: Readonly<Record<string, Compression>> = {
  uncompressed: Compression.UNCOMPRESSED,
  snappy: Compression.SNAPPY,
  gzip: Compression.GZIP,
  brotli: Compression.BROTLI,
  zstd: Compression.ZSTD,
  lz4_raw: Compression.LZ4_RAW,
};

before(async () => {
  for (const pattern of Object.keys(nullPatterns))
    await writeWithDuckDB(join(folder, `${pattern}.parquet`), everyType(rows, pattern));
});

async function compare(pattern: string, layout: string, codec: string, version: WriterVersion): Promise<void> {
  const name = `${pattern}, ${layout}, ${codec}, ${WriterVersion[version]}`;
  const path = join(folder, `${name}.parquet`);
  const writer = new WriterPropertiesBuilder()
    .setWriterVersion(version)
    .setCompression(codecs[codec]!)
    .setWriteBatchSize(64)
    .setDataPageSizeLimit(700)
    .setMaxRowGroupSize(2000);
  const table = readParquet(readFileSync(join(folder, `${pattern}.parquet`)));
  writeFileSync(path, writeParquet(table, layouts[layout]!(writer).build()));
  const source = join(folder, `${pattern}.parquet`);
  const actual = await readWithVolley(path);
  assertColumns(actual, await readWithDuckDB(`SELECT * REPLACE (${asRewritten}) FROM '${source}'`), name);
  // DuckDB reads BYTE_STREAM_SPLIT of floats only.
  if (layout !== "split bytes")
    assertColumns(actual, await readWithDuckDB(`FROM '${path}'`), `${name}, as DuckDB reads it`);
}

const codecNames = Object.keys(codecs);
let turn = 0;
for (const pattern of Object.keys(nullPatterns)) {
  for (const layout of Object.keys(layouts)) {
    for (const version of [WriterVersion.V1, WriterVersion.V2]) {
      // Codecs know nothing of encodings: each combination takes the next one.
      const codec = codecNames[turn++ % codecNames.length]!;
      const name = `${pattern} null, ${layout}, ${codec}, ${WriterVersion[version]}`;
      test(name, () => compare(pattern, layout, codec, version));
    }
  }
}
