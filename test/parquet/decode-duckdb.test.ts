// Every type × codec × dictionary or not × page version × null pattern, written by DuckDB, in three readers.
import { join } from "node:path";
import { test } from "node:test";
import type { Value } from "../../lib/arrow/value.ts";
import { compareReaders, type ExpectedColumn, type RefusalOf } from "./differential/compare.ts";
import { duckdb, readWithDuckDB, temporaryFolder, writeWithDuckDB } from "./duckdb-oracle.ts";
import { everyType, nullPatterns } from "./every-type.ts";

const folder = temporaryFolder();

const rows = 2048 + 300;

/** All that parquet-wasm does otherwise. */
const refusalOf =
  (name: string): RefusalOf =>
  (reader, column) => {
    if (reader !== "parquet-wasm") return undefined;
    // It holds DuckDB's deltas for 32-bit columns too large when they start below 0; and a file is read whole or not at all.
    if (/^(none|some|runs)-(snappy|gzip|brotli)-V2$/.test(name)) return { message: /first value too large/ };
    // Of intervals it drops the months.
    return column === "iv" ? { message: "differs", sometimes: true } : undefined;
  };

async function compare(name: string, select: string, options: string): Promise<void> {
  const path = join(folder, `${name}.parquet`);
  await writeWithDuckDB(path, select, options);
  const names = (await (await duckdb()).runAndReadAll(`DESCRIBE ${select}`)).getColumnsJS()[0] as string[];
  const values = await readWithDuckDB(select);
  await compareReaders(
    path,
    name,
    names.map((column, i) => expectedColumn(column, values[i] ?? [])),
    refusalOf(name),
  );
}

function expectedColumn(name: string, values: readonly Value[]): ExpectedColumn {
  // parquet-wasm does not tell a UUID from other bytes.
  const hex = (value: Value) => value && Uint8Array.from(Buffer.from(String(value).replaceAll("-", ""), "hex"));
  const bytes = name === "uuid" ? values.map(hex) : values;
  return { name, expected: { volley: values, duckdb: values, "parquet-wasm": bytes } };
}

// DuckDB's page versions differ in the encodings it chooses, too; dictionaries are tried with one and then the other.
let turn = 0;
for (const pattern of Object.keys(nullPatterns)) {
  for (const codec of ["uncompressed", "snappy", "zstd", "gzip", "lz4_raw", "brotli"]) {
    for (const version of ["V1", "V2"]) {
      const dictionary = `DICTIONARY_SIZE_LIMIT ${(turn++ >> 1) % 2 === (version === "V1" ? 0 : 1) ? 1 : 100_000}`;
      const options = `CODEC '${codec}', PARQUET_VERSION ${version}, ${dictionary}, ROW_GROUP_SIZE 2048`;
      const name = `${pattern}-${codec}-${version}`;
      test(`DuckDB: ${pattern} null, ${options}`, () => compare(name, everyType(rows, pattern), options));
    }
  }
}

for (const rows of [0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65]) {
  test(`DuckDB: ${rows} rows`, () => compare(`rows-${rows}`, everyType(rows, "some"), ""));
}

test("DuckDB: extremes and other units of time", () =>
  compare(
    "extremes",
    `SELECT unnest([-128, 127, 0])::TINYINT a, unnest([-9223372036854775808, 9223372036854775807, 0])::BIGINT b,
      unnest([0, 18446744073709551615, 1])::UBIGINT c, unnest(['NaN', '-Infinity', '-0.0'])::DOUBLE d,
      unnest([repeat('9', 38), '-' || repeat('9', 38), '0'])::DECIMAL(38,0) e, unnest([NULL, '1677-09-22', '2262-04-11'])::TIMESTAMP_NS f,
      unnest(['1969-12-31 23:59:59.999999999', '1970-01-01 00:00:00.000000001', NULL])::TIMESTAMP_NS g,
      unnest(['1500-01-01', '9999-12-31 23:59:59.999', NULL])::TIMESTAMP_MS h, unnest([0, 4294967295, 7])::UINTEGER i`,
    "",
  ));

test("DuckDB: dictionaries of more than 256 and 65,536 values", () =>
  compare(
    "dictionaries",
    `SELECT (i * 7919 % 300)::INT AS s, (i * 7919 % 70000)::BIGINT AS l, 'value ' || (i * 31 % 66000) AS texts,
      CASE WHEN i % 3 = 0 THEN (i % 65000)::INT END holes FROM range(140000) t(i)`,
    "DICTIONARY_SIZE_LIMIT 1000000, ROW_GROUP_SIZE 200000",
  ));
