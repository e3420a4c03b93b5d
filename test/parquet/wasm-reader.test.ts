// Chunks that our decoder leaves to parquet-wasm.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Compression, readParquet, WriterPropertiesBuilder, writeParquet } from "parquet-wasm";
import { codec } from "../../lib/parquet/decompress.ts";
import { LocalFiles } from "../../lib/storage/local-files.ts";
import { assertColumns, openFooter, readWithVolley, temporaryFolder, writeWithDuckDB } from "./duckdb-oracle.ts";
import { everyType, nullPatterns } from "./every-type.ts";

const folder = temporaryFolder();

async function rewritten(name: string, select: string, compression: Compression): Promise<string> {
  const plain = join(folder, `${name}.plain`);
  const path = join(folder, `${name}.parquet`);
  await writeWithDuckDB(plain, select);
  const writer = new WriterPropertiesBuilder().setCompression(compression).setMaxRowGroupSize(700);
  writeFileSync(path, writeParquet(readParquet(readFileSync(plain)), writer.build()));
  return path;
}

for (const pattern of Object.keys(nullPatterns)) {
  test(`LZ4 in its old framing: ${pattern} null`, async () => {
    const select = `SELECT * EXCLUDE (iv) FROM (${everyType(1500, pattern)})`;
    const path = await rewritten(pattern, select, Compression.LZ4);
    const footer = await openFooter(new LocalFiles(), path);
    assert.equal(footer.rowGroups[0]?.chunks[0]?.codec, codec.lz4);
    // The same rows in a codec of ours.
    const same = await rewritten(`${pattern}-snappy`, select, Compression.SNAPPY);
    assertColumns(await readWithVolley(path), await readWithVolley(same), pattern);
  });
}

test("what parquet-wasm would change is refused", async () => {
  const path = await rewritten("iv", "SELECT INTERVAL (i) DAY AS iv FROM range(10) t(i)", Compression.LZ4);
  await assert.rejects(readWithVolley(path), { code: "unsupported", message: /column "iv"/ });
});
