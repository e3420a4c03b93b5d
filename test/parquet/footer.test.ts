import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { typeName, types } from "../../lib/arrow/types.ts";
import { QueryError } from "../../lib/errors.ts";
import { isNested } from "../../lib/parquet/file-schema.ts";
import { parseFooter, readFooter } from "../../lib/parquet/footer.ts";
import { rowGroupInfos, tableStatistics } from "../../lib/parquet/statistics.ts";
import { LocalFiles } from "../../lib/storage/local-files.ts";

const dir = mkdtempSync(join(tmpdir(), "volley-footer-"));
after(() => rmSync(dir, { recursive: true }));

async function copy(select: string, options = ""): Promise<string> {
  const path = join(dir, `${Math.random().toString(36).slice(2)}.parquet`);
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet ${options})`);
  connection.closeSync();
  return path;
}

async function footerOf(path: string) {
  const store = new LocalFiles();
  const info = await store.head(path);
  assert.ok(info);
  return readFooter(store, path, info);
}

test("schema: DuckDB's types become ours", async () => {
  const path = await copy(`SELECT 1::TINYINT a, 1::SMALLINT b, 1::INT c, 1::BIGINT d, 1::UTINYINT e, 1::USMALLINT f,
    1::UINTEGER g, 1::UBIGINT h, 1::FLOAT i, 1::DOUBLE j, 1::DECIMAL(4,1) k, 1::DECIMAL(18,2) l, 1::DECIMAL(38,3) m,
    DATE '2020-01-01' n, TIMESTAMP '2020-01-01' o, TIMESTAMPTZ '2020-01-01' p, 'x' q, 'x'::BLOB r, true s,
    uuid() t, INTERVAL 1 DAY u, TIME '01:02:03' v, [1,2] w, {'a': 1, 'b': {'c': 2}} x, 'tail' y`);
  const footer = await footerOf(path);
  const byName = Object.fromEntries(footer.schema.fields.map((field) => [field.name, field]));
  const expected = {
    a: types.int8, b: types.int16, c: types.int32, d: types.int64, e: types.int16, f: types.int32, g: types.int64,
    h: types.decimal(20, 0), i: types.float32, j: types.float64, k: types.decimal(4, 1), l: types.decimal(18, 2),
    m: types.decimal(38, 3), n: types.date, o: types.timestamp, p: types.timestamptz, q: types.varchar,
    r: types.binary, s: types.boolean, t: types.varchar, u: types.interval, y: types.varchar,
  }; // biome-ignore format: a table
  for (const [name, type] of Object.entries(expected)) assert.deepEqual(byName[name]?.type, type, name);
  assert.match(byName.v?.unsupported ?? "", /TIME column/);
  assert.equal(typeName(byName.w!.type), "INTEGER[]");
  assert.equal(typeName(byName.x!.type), "STRUCT(a INTEGER, b STRUCT(c INTEGER))");
  const inside = footer.schema.nested?.map((field) => [...field.within, field.name, typeName(field.type)].join(" "));
  assert.deepEqual(inside, ["x a INTEGER", "x b STRUCT(c INTEGER)", "x b c INTEGER"]);
  const last = footer.columns[footer.schema.fields.length - 1]!;
  assert.equal(isNested(last) ? -1 : last.leaf, 25, "leaves of nested columns are counted");
});

test("statistics: extremes over row groups and nulls", async () => {
  const path = await copy(
    `SELECT CASE WHEN i % 10 = 0 THEN NULL ELSE i - 3000 END a, (i * 1.5)::DOUBLE b, 'é' || i c,
       (i - 5000)::DECIMAL(30, 4) d, NULL::INT e, DATE '1969-12-31' + i::INT f, i % 7 = 0 g
     FROM range(10000) t(i)`,
    ", ROW_GROUP_SIZE 2048",
  );
  const footer = await footerOf(path);
  assert.equal(footer.rowGroups.length, 5);
  const { columns, rows, exact, bytes } = tableStatistics(footer.schema, [footer]);
  assert.equal(rows, 10000);
  assert.equal(exact, true);
  assert.equal(bytes, statSync(path).size);
  assert.deepEqual([columns[0]?.min, columns[0]?.max, columns[0]?.nullCount], ["-2999", "6999", 1000]);
  assert.deepEqual([columns[1]?.min, columns[1]?.max], [0, 14998.5]);
  assert.deepEqual([columns[2]?.min, columns[2]?.max], ["é0", "é9999"]);
  assert.deepEqual([columns[3]?.min, columns[3]?.max], ["-50000000", "49990000"]);
  assert.deepEqual([columns[4]?.min, columns[4]?.max, columns[4]?.nullCount], [undefined, undefined, 10000]);
  assert.deepEqual([columns[5]?.min, columns[5]?.max], [-1, 9998]);
  assert.deepEqual([columns[6]?.min, columns[6]?.max], [false, true]);
  assert.equal(rowGroupInfos(footer)[1]?.columns?.[0]?.min, "-952");
});

test("statistics scale from a sample to the table", async () => {
  const footer = await footerOf(await copy("SELECT i, NULL::INT n FROM range(1000) t(i)"));
  const whole = tableStatistics(footer.schema, [footer], { bytes: footer.bytes * 3 });
  assert.deepEqual([whole.rows, whole.exact, whole.columns[1]?.nullCount], [3000, false, 3000]);
});

test("a footer longer than the tail takes a second request", async () => {
  const columns = Array.from({ length: 3000 }, (_, i) => `${i} AS a_column_with_a_long_name_${i}`).join(", ");
  const path = await copy(`SELECT ${columns}`);
  const store = new LocalFiles();
  const info = await store.head(path);
  let requests = 0;
  const get = store.get.bind(store);
  store.get = (key, options) => {
    requests++;
    return get(key, options);
  };
  const footer = await readFooter(store, path, info!);
  assert.equal(footer.schema.fields.length, 3000);
  assert.equal(requests, 2);
});

test("corrupt footers give corrupt_file, never another failure", async () => {
  const path = await copy("SELECT i, 'x' || i s, [i] l FROM range(1000) t(i)");
  const store = new LocalFiles();
  const info = (await store.head(path))!;
  const whole = await store.get(path);
  const length = new DataView(whole.buffer, whole.byteOffset).getUint32(whole.length - 8, true);
  const metadata = whole.slice(whole.length - 8 - length, whole.length - 8);
  for (let i = 0; i < metadata.length; i++) {
    for (const flip of [0x01, 0x10, 0x80, 0xff]) {
      const bytes = metadata.slice();
      bytes[i]! ^= flip;
      attempt(() => parseFooter(bytes, path, info));
    }
    attempt(() => parseFooter(metadata.slice(0, i), path, info));
  }
});

function attempt(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof QueryError && error.code === "corrupt_file", String(error));
  }
}
