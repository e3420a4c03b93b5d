// Chunks that our decoder leaves to parquet-wasm.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Compression, readParquet, WriterPropertiesBuilder, writeParquet } from "parquet-wasm";
import type { Value } from "../../lib/arrow/value.ts";
import { readValues } from "../../lib/arrow/value-access.ts";
import { Arena } from "../../lib/kernels/arena.ts";
import { LinearMemory } from "../../lib/kernels/memory.ts";
import { isNested } from "../../lib/parquet/file-schema.ts";
import { decodeWithParquetWasm } from "../../lib/parquet/wasm-reader.ts";
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

/** Every column through parquet-wasm, as when a chunk's codec or encoding is not ours. */
async function readThroughParquetWasm(path: string): Promise<Value[][]> {
  const footer = await openFooter(new LocalFiles(), path);
  const file = readFileSync(path);
  const memory = new LinearMemory();
  const columns = footer.columns.map((): Value[] => []);
  for (const [rowGroup, group] of footer.rowGroups.entries()) {
    for (const [i, column] of footer.columns.entries()) {
      if (!column || isNested(column)) continue;
      const chunk = group.chunks[column.leaf]!;
      const place = { path, rowGroup, rows: group.rows, column, chunk };
      const arena = new Arena(memory);
      const bytes = file.subarray(chunk.pages.from, chunk.pages.to);
      const decoded = await decodeWithParquetWasm(memory, arena, place, group.rows, bytes, "codec 99");
      columns[i]!.push(...readValues(memory, decoded.slice(0, group.rows)));
      arena.free();
    }
  }
  return columns;
}

for (const pattern of Object.keys(nullPatterns)) {
  for (const [name, compression] of [
    ["zstd", Compression.ZSTD],
    ["LZ4", Compression.LZ4],
  ] as const) {
    test(`${name}: ${pattern} null`, async () => {
      const path = await rewritten(
        `${pattern}-${name}`,
        `SELECT * EXCLUDE (iv) FROM (${everyType(1500, pattern)})`,
        compression,
      );
      assertColumns(await readThroughParquetWasm(path), await readWithVolley(path), pattern);
    });
  }
}

test("what parquet-wasm would change is refused", async () => {
  const path = await rewritten("iv", "SELECT INTERVAL (i) DAY AS iv FROM range(10) t(i)", Compression.ZSTD);
  await assert.rejects(readThroughParquetWasm(path), { code: "unsupported", message: /column "iv"/ });
});
