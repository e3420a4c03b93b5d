// Every type × codec × dictionary or not × page version × null pattern, written by DuckDB, read by it and by us.
import { join } from "node:path";
import { test } from "node:test";
import { assertColumns, readWithDuckDB, readWithVolley, temporaryFolder, writeWithDuckDB } from "./duckdb-oracle.ts";
import { everyType, nullPatterns } from "./every-type.ts";

const folder = temporaryFolder();

const rows = 2048 + 300;

async function compare(name: string, select: string, options: string): Promise<void> {
  const path = join(folder, `${name}.parquet`);
  await writeWithDuckDB(path, select, options);
  const expected = await readWithDuckDB(`FROM '${path}'`);
  assertColumns(await readWithVolley(path), expected, name);
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
