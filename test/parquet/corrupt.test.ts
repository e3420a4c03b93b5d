// Damaged files: the right answer is impossible, so any answer or a QueryError will do, but never a trap, a hang or a stray read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Compression, Encoding, readParquet, WriterPropertiesBuilder, WriterVersion, writeParquet } from "parquet-wasm";
import { QueryError } from "../../lib/errors.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";
import { readWithVolley, temporaryFolder, writeWithDuckDB } from "./duckdb-oracle.ts";
import { everyType } from "./every-type.ts";
import { seeded } from "./seeded.ts";

const folder = temporaryFolder();
const rows = 300;
const damagesPerFile = Number(process.env.DAMAGES ?? 100);

const writers: Readonly<Record<string, (writer: WriterPropertiesBuilder) => WriterPropertiesBuilder>> = {
  plain: (writer) => writer.setDictionaryEnabled(false),
  "snappy dictionary": (writer) => writer.setCompression(Compression.SNAPPY),
  "lz4 v2": (writer) => writer.setCompression(Compression.LZ4_RAW).setWriterVersion(WriterVersion.V2),
  "zstd delta": (writer) => deltas(writer.setCompression(Compression.ZSTD)),
  "plain delta": (writer) => deltas(writer),
  "plain dictionary v2": (writer) => writer.setWriterVersion(WriterVersion.V2),
};

function deltas(writer: WriterPropertiesBuilder): WriterPropertiesBuilder {
  const plain = writer.setDictionaryEnabled(false);
  const integers = ["i16", "i32", "i64", "u64", "ts"].reduce(
    (builder, name) => builder.setColumnEncoding(name, Encoding.DELTA_BINARY_PACKED),
    plain,
  );
  return integers
    .setColumnEncoding("text", Encoding.DELTA_BYTE_ARRAY)
    .setColumnEncoding("long", Encoding.DELTA_LENGTH_BYTE_ARRAY)
    .setColumnEncoding("bin", Encoding.DELTA_BYTE_ARRAY)
    .setColumnEncoding("f64", Encoding.BYTE_STREAM_SPLIT);
}

const path = join(folder, "source.parquet");
before(() => writeWithDuckDB(path, everyType(rows, "some")));

for (const [name, set] of Object.entries(writers)) {
  test(`damaged: ${name}`, async () => {
    const writer = set(new WriterPropertiesBuilder().setCompression(Compression.UNCOMPRESSED).setWriteBatchSize(64));
    const whole = writeParquet(readParquet(readFileSync(path)), writer.setDataPageSizeLimit(500).build());
    let refused = 0;
    for (let seed = 1; seed <= damagesPerFile; seed++) {
      if (!(await survives(damage(whole, seed), `${name}, seed ${seed}`))) refused++;
    }
    assert.ok(refused > 0, "damage is noticed");
  });
}

/** Flips, overwrites or drops bytes; every other time in the pages, where the footer does not notice. */
function damage(whole: Uint8Array, seed: number): Uint8Array {
  const random = seeded(seed);
  const bytes = whole.slice();
  const footer = new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
  const reach = seed % 2 === 0 ? bytes.length : bytes.length - footer - 8;
  const kind = random(8);
  if (kind === 0) return bytes.subarray(0, random(bytes.length));
  for (let i = 0; i <= random(4); i++) {
    const at = random(reach);
    if (kind === 1) bytes.fill(255, at, at + 8);
    else if (kind === 2) bytes.fill(0, at, at + 8);
    else if (kind === 3) bytes.copyWithin(at, random(reach), random(reach));
    else bytes[at]! ^= 1 << random(8);
  }
  return bytes;
}

/** Whether the file could be read. */
async function survives(bytes: Uint8Array, name: string): Promise<boolean> {
  const objects = new MemoryStore();
  await objects.put("damaged", bytes);
  try {
    await readWithVolley("damaged", objects);
    return true;
  } catch (error) {
    assert.ok(error instanceof QueryError, `${name}: ${error instanceof Error ? error.stack : error}`);
    assert.ok(["corrupt_file", "unsupported", "out_of_memory"].includes(error.code), `${name}: ${error.message}`);
    return false;
  }
}
