// Every type × codec × dictionary or not × page version × null pattern, written by DuckDB, read by it and by us.
import { join } from "node:path";
import { test } from "node:test";
import { assertColumns, readWithDuckDB, readWithVolley, temporaryFolder, writeWithDuckDB } from "./duckdb-oracle.ts";
import { everyType, nullPatterns } from "./every-type.ts";

const folder = temporaryFolder();

const rows = 2048 + 900;

async function compare(name: string, select: string, options: string): Promise<void> {
  const path = join(folder, `${name}.parquet`);
  await writeWithDuckDB(path, select, options);
  const expected = await readWithDuckDB(`FROM '${path}'`);
  assertColumns(await readWithVolley(path), expected, name);
}

for (const pattern of Object.keys(nullPatterns)) {
  for (const codec of ["uncompressed", "snappy", "zstd", "gzip", "lz4_raw", "brotli"]) {
    for (const version of ["V1", "V2"]) {
      for (const dictionary of ["DICTIONARY_SIZE_LIMIT 1", "DICTIONARY_SIZE_LIMIT 100000"]) {
        const options = `CODEC '${codec}', PARQUET_VERSION ${version}, ${dictionary}, ROW_GROUP_SIZE 2048`;
        test(`DuckDB: ${pattern} null, ${options}`, async () => {
          await compare(`${pattern}-${codec}-${version}-${dictionary.length}`, everyType(rows, pattern), options);
        });
      }
    }
  }
}

for (const rows of [0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65]) {
  test(`DuckDB: ${rows} rows`, () => compare(`rows-${rows}`, everyType(rows, "some"), ""));
}
