import assert from "node:assert/strict";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { encodeRowGroup } from "../../lib/parquet/write/encode-row-group.ts";
import { ParquetFileWriter } from "../../lib/parquet/write/file-writer.ts";
import type { TableName } from "../../lib/tpch/table.ts";
import { tpchTables } from "../../lib/tpch/tables.ts";
import { textSlices } from "../../lib/tpch/text-checkpoints.ts";
import { textPool, textPoolBytes } from "../../lib/tpch/text-pool.ts";
import { writeText } from "../../lib/tpch/write-text.ts";
import { tableDigest } from "./table-digest.ts";

/**
 * Digests of the last 100 source rows of each table at scale 1, taken from tables on which the 22 queries gave the
 * specification's published answers.
 */
const lastRowDigests: readonly (readonly [TableName, string])[] = [
  ["supplier", "f706547488fa34f42d37ba4cb0d0c2a67b0d9ea2ed9292086209c5887163a446"],
  ["customer", "ac990dc153a3288be023d6e07c88130904968c6e61ef0734db7c8f4d9fcefc5a"],
  ["part", "856c6320b64f540d6bb0f6a3fc21ea15a0a0a30a4127aa4cfec165a53002f1d1"],
  ["partsupp", "d19fe979f7c072c08344ad3b1210923b4867b6ea2a9250267a2b1f3bef2ef438"],
  ["orders", "7166ee911420b3566d350c1d8b1f81fc875c5e04a4ff5c75c4ddfe99f8afa224"],
  ["lineitem", "1f830ced6a03e79478fb22c3a3c80a32f41af8581ee3d84f4e79832ae1ffc9fd"],
];

let root: string;
const pool = textPool(new SharedArrayBuffer(textPoolBytes));
before(async () => {
  root = await mkdtemp(join(tmpdir(), "volley-tpch-scale-1-"));
  for (const { from, end } of textSlices) writeText(pool, from, end);
});
after(() => rm(root, { recursive: true, force: true }));

describe("the last rows at scale 1", () => {
  for (const [name, digest] of lastRowDigests) {
    it(name, async () => {
      const table = tpchTables[name];
      const { rows, columns } = table.generate(1, table.sourceRowsAtScale1 - 100, 100, pool);
      const path = join(root, `${name}.parquet`);
      const handle = await open(path, "w");
      const writer = new ParquetFileWriter(table.schema, async (bytes) => void (await handle.writeFile(bytes)));
      await writer.append(encodeRowGroup(table.schema, columns, rows));
      await writer.finish();
      await handle.close();
      assert.equal(await tableDigest([path]), digest);
    });
  }
});
