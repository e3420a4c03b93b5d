// Files that other writers made (test/parquet/fixtures/make.py), in three readers.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Value } from "../../lib/arrow/value.ts";
import { compareReaders, type ExpectedColumn, type Refusal } from "./differential/compare.ts";
import type { ReaderName } from "./differential/readers.ts";

const folder = join(import.meta.dirname, "fixtures");

interface StoredColumn {
  readonly kind: "number" | "bigint" | "text" | "hex" | "boolean" | "uuid";
  readonly values: readonly (string | number | boolean | null)[];
}

const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Record<
  string,
  Record<string, StoredColumn>
>;

function expectedColumn(name: string, { kind, values }: StoredColumn): ExpectedColumn {
  const each = (convert: (value: string) => Value) =>
    values.map((value) => (typeof value === "string" ? convert(value) : value));
  const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll("-", ""), "hex"));
  const sql = each(kind === "bigint" ? BigInt : kind === "hex" ? hex : (text) => text);
  return { name, expected: { volley: sql, duckdb: sql, "parquet-wasm": kind === "uuid" ? each(hex) : sql } };
}

/** All that some reader does otherwise. Volley reads every one of these columns. */
const refusals: readonly (Refusal & { reader: ReaderName; file: RegExp; columns: RegExp })[] = [
  {
    reader: "duckdb",
    file: /^cpp-split/,
    columns: /^[nbhx]$/,
    message: /BYTE_STREAM_SPLIT encoding is only supported/,
  },
  { reader: "duckdb", file: /^spark-lz4$/, columns: /./, message: /Unsupported compression codec "LZ4"/ },
  { reader: "duckdb", file: /^bson$/, columns: /./, message: /Unsupported converted type/ },
  // Both take the levels for another encoding's, parquet-wasm without noticing.
  { reader: "duckdb", file: /^bit-packed-levels$/, columns: /./, message: /Out of buffer/ },
  { reader: "parquet-wasm", file: /^bit-packed-levels$/, columns: /./, message: "differs" },
  { reader: "parquet-wasm", file: /^decimals-long-bytes$/, columns: /./, message: /^unreachable$/ },
  // ENUM comes as bytes.
  { reader: "parquet-wasm", file: /^old-annotations$/, columns: /^enum$/, message: "differs" },
];

for (const [name, columns] of Object.entries(expected)) {
  test(name, async () => {
    const wanted = Object.entries(columns).map(([column, stored]) => expectedColumn(column, stored));
    await compareReaders(join(folder, `${name}.parquet`), name, wanted, (reader, column) =>
      refusals.find((entry) => entry.reader === reader && entry.file.test(name) && entry.columns.test(column)),
    );
  });
}

test("every file of the folder is expected", () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".parquet"));
  assert.deepEqual(files.map((file) => file.replace(".parquet", "")).sort(), Object.keys(expected).sort());
});
