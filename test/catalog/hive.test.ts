// Tables whose files lie in folders named key=value, as DuckDB, Spark and others write them, against DuckDB in every mode.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { MemoryCatalogStore } from "../../lib/catalog/catalog-store.ts";
import { CloudCatalog } from "../../lib/catalog/cloud-catalog.ts";
import { withPartitions } from "../../lib/catalog/hive.ts";
import type { Table } from "../../lib/catalog/table.ts";
import { SessionContext } from "../../lib/index.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";
import { comparable, duckdbRows, volleyRows } from "../support/cells.ts";
import { modes } from "../support/modes.ts";

const folder = mkdtempSync(join(tmpdir(), "volley-hive-"));
const duckdb: DuckDBConnection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
after(() => rmSync(folder, { recursive: true }));

const source = `SELECT i AS id, i % 3 AS k, CASE WHEN i % 5 = 0 THEN NULL ELSE 'p ' || (i % 5) || '/=%é' END AS s,
  DATE '2024-01-30' + (i % 4)::INT AS d, lpad((i % 12 + 1)::VARCHAR, 2, '0') AS month FROM range(240) t(i)`;

before(async () => {
  const write = (name: string, keys: string, format = "parquet") =>
    duckdb.run(`COPY (${source}) TO '${join(folder, name)}' (FORMAT ${format}, PARTITION_BY (${keys}))`);
  await write("one", "k");
  await write("three", "k, d, s");
  await write("month", "month");
  await write("csv", "k", "csv");
  // As Spark leaves a folder behind.
  writeFileSync(join(folder, "one", "_SUCCESS"), "");
  writeFileSync(join(folder, "one", "k=1", ".data_0.parquet.crc"), "x");
  mkdirSync(join(folder, "one", "_temporary", "0"), { recursive: true });
  writeFileSync(join(folder, "one", "_temporary", "0", "half.parquet"), "x");
});

const one = () => `read_parquet('${folder}/one/k=*/*.parquet')`;
const three = () => `read_parquet('${folder}/three/**/*.parquet')`;

/** Each runs as it stands in both engines. */
const queries: readonly (() => string)[] = [
  () => `SELECT * FROM ${one()}`,
  () => `SELECT k, count(*), sum(id), min(d) FROM ${one()} GROUP BY k`,
  () => `SELECT count(*) FROM ${one()}`,
  () => `SELECT k FROM ${one()} ORDER BY k DESC LIMIT 3`,
  () => `SELECT DISTINCT k, month FROM ${one()}`,
  () => `SELECT id, k, d, s FROM ${three()} WHERE k = 1 AND s IS NULL`,
  () => `SELECT d, s, count(*) FROM ${three()} WHERE d >= DATE '2024-02-01' AND s LIKE 'p 2%' GROUP BY ALL`,
  () => `SELECT s FROM ${three()} WHERE k <> 1 AND id < 20 ORDER BY id`,
  () =>
    `SELECT a.id, b.k FROM ${one()} a JOIN ${three()} b ON a.k = b.k AND a.id = b.id WHERE b.s IS NOT NULL AND a.id < 50`,
  () => `SELECT v.k, count(b.id) FROM (VALUES (1), (2), (9), (NULL)) v(k) LEFT JOIN ${one()} b ON v.k = b.k GROUP BY 1`,
  () => `SELECT id FROM ${one()} WHERE k IN (SELECT k FROM ${three()} WHERE id = 7) AND id < 30`,
  () => `SELECT id, sum(id) OVER (PARTITION BY k ORDER BY id) FROM ${one()} WHERE id < 40`,
  () => `SELECT k FROM ${one()} WHERE k = 2 UNION ALL SELECT k FROM ${three()} WHERE k = 0`,
  () => `SELECT month, count(*) FROM read_parquet('${folder}/month/*/*.parquet') WHERE month > '10' GROUP BY 1`,
  () =>
    `SELECT month, count(*) FROM read_parquet('${folder}/month/*/*.parquet', hive_types = {'month': 'VARCHAR'}) GROUP BY 1`,
  () => `SELECT month FROM read_parquet('${folder}/month/*/*.parquet', hive_types_autocast = false) WHERE id < 3`,
  () => `SELECT * FROM read_parquet('${folder}/one/k=*/*.parquet', hive_partitioning = false) WHERE id < 9`,
  () => `SELECT * FROM read_parquet('${folder}/one/k=1/*.parquet') WHERE id < 9`,
  () => `SELECT k, count(*), min(id) FROM read_csv('${folder}/csv/*/*.csv') WHERE k > 0 GROUP BY k`,
  () => `SELECT id, k FROM read_csv('${folder}/csv/*/*.csv') WHERE k = 2 AND id < 20`,
];

for (const mode of Object.keys(modes)) {
  describe(mode, () => {
    let session: SessionContext;
    before(async () => {
      session = await SessionContext.standalone(modes[mode]);
    });
    after(() => session.close());
    for (const [i, query] of queries.entries()) {
      it(`query ${i}`, async () => {
        const sql = query();
        const ordered = sql.includes("ORDER BY") && !sql.includes("OVER");
        assert.deepEqual(
          comparable(await volleyRows(session, sql), ordered),
          comparable(await duckdbRows(duckdb, sql), ordered),
          sql,
        );
      });
    }
  });
}

describe("in a session", () => {
  let session: SessionContext;
  before(async () => {
    session = await SessionContext.standalone({ threads: 1 });
  });
  after(() => session.close());
  const rows = (sql: string) => session.sql(sql).then((handle) => handle.toRows());
  const account = async (sql: string) => {
    const handle = await session.sql(sql);
    await handle.toRows();
    return handle.account();
  };

  it("a folder is a table, without what is hidden in it", async () => {
    assert.deepEqual(await rows(`SELECT count(*), max(k) FROM '${folder}/one'`), [[240n, 2n]]);
    const columns = (await rows(`DESCRIBE FROM '${folder}/three'`)).map(([name, type]) => `${name} ${type}`);
    assert.deepEqual(columns, ["id BIGINT", "month VARCHAR", "k BIGINT", "d DATE", "s VARCHAR"]);
  });

  it("files are pruned by their paths, and not opened", async () => {
    const all = await account(`SELECT count(id) FROM ${three()}`);
    assert.equal(all.filesPruned, 0);
    const some = await account(`SELECT count(id) FROM ${three()} WHERE k = 1 AND d = DATE '2024-01-31'`);
    assert.deepEqual([all.rowGroups, some.rowGroups, some.filesPruned], [60, 5, 55]);
    assert.equal((await account(`SELECT id FROM ${three()} WHERE k = 7`)).filesPruned, 60);
    const joined = await account(`SELECT id FROM ${three()} t JOIN (VALUES (1)) v(k) ON t.k = v.k`);
    assert.equal(joined.filesPruned, 40);
    const text = (await rows(`EXPLAIN ANALYZE SELECT id FROM ${one()} WHERE k = 1`)).flat().join("\n");
    assert.match(text, /files pruned 2.*skipped 2 files/s);
    const csv = await account(`SELECT id FROM '${folder}/csv' WHERE k < 1`);
    assert.deepEqual([csv.filesPruned, csv.rows], [2, 80]);
  });

  it("CREATE EXTERNAL TABLE … PARTITIONED BY names the keys and their types", async () => {
    const create = (keys: string, of = "three", format = "PARQUET", columns = "") =>
      rows(
        `CREATE OR REPLACE EXTERNAL TABLE t ${columns} STORED AS ${format} PARTITIONED BY (${keys}) LOCATION '${folder}/${of}'`,
      );
    await create("s VARCHAR, k SMALLINT");
    const described = async () => (await rows("DESCRIBE t")).map(([name, type]) => `${name} ${type}`);
    assert.deepEqual(await described(), ["id BIGINT", "month VARCHAR", "s VARCHAR", "k SMALLINT"]);
    await create("d");
    assert.deepEqual((await described()).at(-1), "d DATE");
    assert.deepEqual(await rows("SELECT count(*) FROM t WHERE d = '2024-01-30'"), [[60n]]);
    await create("k", "csv", "CSV", "(id BIGINT, s VARCHAR, d DATE, month VARCHAR, k INTEGER)");
    assert.deepEqual(await rows("SELECT k, count(*) FROM t GROUP BY k ORDER BY k"), [
      [0, 80n],
      [1, 80n],
      [2, 80n],
    ]);
    await assert.rejects(create("year"), { code: "invalid_argument", message: /has no year=… in its path/ });
    await assert.rejects(create("s INTEGER"), { code: "invalid_argument", message: /"p .*of s is no INTEGER/ });
    await assert.rejects(create(""), { code: "syntax" });
    await assert.rejects(rows(`FROM read_parquet('${folder}/one', hive_partitioning = 'x')`), {
      code: "invalid_argument",
    });
  });

  it("a file's own column gives way to the path's", async () => {
    mkdirSync(join(folder, "own", "id=7"), { recursive: true });
    copyFileSync(join(folder, "one", "k=1", "data_0.parquet"), join(folder, "own", "id=7", "a.parquet"));
    assert.deepEqual(await rows(`SELECT DISTINCT id FROM '${folder}/own'`), [[7n]]);
    assert.deepEqual((await rows(`DESCRIBE FROM '${folder}/own'`))[0], ["id", "BIGINT", "NO"]);
  });

  it("files with other keys are no partitions, unless they are asked for", async () => {
    mkdirSync(join(folder, "mixed", "k=1"), { recursive: true });
    const file = join(folder, "one", "k=1", "data_0.parquet");
    copyFileSync(file, join(folder, "mixed", "k=1", "a.parquet"));
    copyFileSync(file, join(folder, "mixed", "b.parquet"));
    assert.equal((await rows(`DESCRIBE FROM '${folder}/mixed'`)).length, 4);
    await assert.rejects(rows(`FROM read_parquet('${folder}/mixed', hive_partitioning = true)`), {
      code: "invalid_argument",
      message: /not partitioned alike.*a\.parquet has also k=…/,
    });
  });
});

describe("on object storage", () => {
  it("a folder with keys in its paths is a partitioned table", async () => {
    const objects = new MemoryStore();
    const text = (lines: string) => new TextEncoder().encode(lines);
    await objects.put("s3://b/t/day=2024-01-01/a.csv", text("a,b\n1,x\n"));
    await objects.put("s3://b/t/day=2024-01-02/a.csv", text("a,b\n2,y\n"));
    await objects.put("s3://b/t/day=__HIVE_DEFAULT_PARTITION__/a.csv", text("a,b\n3,z\n"));
    const catalog = await CloudCatalog.load(new MemoryCatalogStore(), objects);
    const table = await catalog.path(["s3://b/t/"], "auto");
    assert.deepEqual(table.schema.fields.at(-1), { name: "day", type: { kind: "date" }, nullable: true });
    assert.deepEqual(
      table.files.map(({ partition }) => partition),
      [[19723], [19724], [null]],
    );
    assert.deepEqual(table.partitions, { fields: [2], stored: 2 });
  });

  it("types are those that all values have", () => {
    const typeOf = (...values: string[]) => {
      const files = values.map((value) => ({ path: `s3://b/k=${value}/x`, bytes: 1, etag: "" }));
      const statistics = { rows: 1, bytes: 1, exact: false, columns: [] };
      const table: Table = { name: "t", format: "parquet", schema: { fields: [] }, files, statistics };
      return withPartitions(table, {}).schema.fields[0]?.type.kind;
    };
    assert.equal(typeOf("1", "-20", "0"), "int64");
    assert.equal(typeOf("1", "x"), "varchar");
    assert.equal(typeOf("1", "02"), "varchar");
    assert.equal(typeOf("9".repeat(30)), "varchar");
    assert.equal(typeOf("2024-02-29"), "date");
    assert.equal(typeOf("2024-02-30"), "varchar");
    assert.equal(typeOf("2024-01-01", "1"), "varchar");
    assert.equal(typeOf("2024-01-01%2010%3A00%3A00"), "timestamp");
    assert.equal(typeOf("", "1"), "varchar");
    assert.equal(typeOf("%zz"), "varchar");
  });
});
