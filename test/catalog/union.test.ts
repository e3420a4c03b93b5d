// Tables whose files differ: columns missing, in another order, in a wider type; against DuckDB's union_by_name in every mode.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { SessionContext } from "../../lib/index.ts";
import { comparable, duckdbRows, volleyRows } from "../support/cells.ts";
import { modes } from "../support/modes.ts";

const folder = mkdtempSync(join(tmpdir(), "volley-union-"));
const duckdb: DuckDBConnection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
after(() => rmSync(folder, { recursive: true }));

/** By folder, the queries whose answers are its files. */
const tables: Readonly<Record<string, readonly string[]>> = {
  columns: [
    "SELECT i AS a, 'x' || i AS b FROM range(10) t(i)",
    "SELECT 'y' || i AS B, i + 100 AS a, i / 2 AS c FROM range(7) t(i)",
    "SELECT DATE '2024-01-01' + i::INT AS d, i % 3 AS a FROM range(5) t(i)",
  ],
  widening: [
    `SELECT i::TINYINT AS i8, i::SMALLINT AS i16, (i * 1000)::INT AS i32, (i / 4)::FLOAT AS f, (i * 1.25)::DECIMAL(4,2) AS d4,
      (i * 1.5)::DECIMAL(9,1) AS d9, (i * 1.125)::DECIMAL(18,3) AS d18, i::UTINYINT AS u8 FROM range(-5, 12) t(i) WHERE i >= 0`,
    `SELECT (i * 1000)::SMALLINT AS i8, (i * 100000)::INT AS i16, i * 10000000000 AS i32, i / 3 AS f, (i * 1000.25)::DECIMAL(18,2) AS d4,
      (i * 1e20)::DECIMAL(38,1) AS d9, (i * 1e15)::DECIMAL(30,3) AS d18, (i * 70000)::INT AS u8 FROM range(-9, 9) t(i)`,
    `SELECT CASE WHEN i > 2 THEN i * 10000000000 END AS i8, NULL::BIGINT AS i16, i::BIGINT AS i32, i::DOUBLE AS f,
      i::DECIMAL(38,2) AS d4, i::DECIMAL(9,1) AS d9, i::DECIMAL(18,3) AS d18, i::BIGINT AS u8 FROM range(6) t(i)`,
  ],
  floats: ["SELECT 1::DOUBLE AS x", "SELECT unnest(['NaN', '-Infinity', '-0', '1.5'])::FLOAT AS x"],
};

before(async () => {
  for (const [name, queries] of Object.entries(tables)) {
    mkdirSync(join(folder, name));
    for (const [i, query] of queries.entries()) {
      await duckdb.run(`COPY (${query}) TO '${folder}/${name}/${i}.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
    }
  }
});

const files = (name: string) => `read_parquet('${folder}/${name}/*.parquet', union_by_name = true)`;
const queries: readonly (() => string)[] = [
  () => `SELECT * FROM ${files("columns")}`,
  () => `SELECT a, b, c FROM ${files("columns")} WHERE c IS NULL`,
  () => `SELECT count(c), count(d), count(*), max(d) FROM ${files("columns")} WHERE a < 4`,
  () => `SELECT d, count(*) FROM ${files("columns")} GROUP BY d`,
  () => `SELECT x.a, y.c FROM ${files("columns")} x JOIN ${files("columns")} y ON x.a = y.a WHERE x.b LIKE 'x%'`,
  () => `SELECT * FROM ${files("widening")}`,
  ...["i8", "i16", "i32", "f", "d4", "d9", "d18", "u8"].map(
    (column) => () => `SELECT ${column} FROM ${files("widening")} WHERE ${column} >= 3 OR ${column} IS NULL`,
  ),
  () => `SELECT i32, sum(i16), min(d9), max(d18) FROM ${files("widening")} GROUP BY i32`,
  () => `SELECT x.i8, x.d4 FROM ${files("widening")} x JOIN ${files("widening")} y ON x.i8 = y.i32 OR x.i8 = y.i8`,
  () => `SELECT x FROM ${files("floats")} WHERE x > 1`,
  () => `SELECT min(x), max(x), count(*) FROM ${files("floats")}`,
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
        assert.deepEqual(
          comparable(await volleyRows(session, sql), false),
          comparable(await duckdbRows(duckdb, sql), false),
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
  const write = async (name: string, ...queries: readonly string[]) => {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [i, query] of queries.entries()) {
      await duckdb.run(`COPY (${query}) TO '${folder}/${name}/${i}.parquet' (FORMAT parquet)`);
    }
    return `${folder}/${name}`;
  };

  it("a folder's columns are those of all files, each in its widest type", async () => {
    const columns = async (name: string) =>
      (await rows(`DESCRIBE FROM '${folder}/${name}'`)).map(([column, type]) => `${column} ${type}`);
    assert.deepEqual(await columns("columns"), ["a BIGINT", "b VARCHAR", "c DOUBLE", "d DATE"]);
    assert.deepEqual((await columns("widening")).slice(0, 5), [
      "i8 BIGINT",
      "i16 BIGINT",
      "i32 BIGINT",
      "f DOUBLE",
      "d4 DECIMAL(38,2)",
    ]);
  });

  it("types that no type holds are an error with both types and files", async () => {
    const path = await write("clash", "SELECT 1 AS a, 2 AS b", "SELECT 2 AS a, 'x' AS b");
    await assert.rejects(rows(`FROM '${path}'`), {
      code: "type_mismatch",
      message: /b is INTEGER in .*0\.parquet, and VARCHAR in .*1\.parquet/,
    });
    for (const [a, b] of [
      ["1::BIGINT", "1::DOUBLE"],
      ["1::DECIMAL(9,2)", "1::DECIMAL(9,3)"],
      ["DATE '2024-01-01'", "TIMESTAMP '2024-01-01'"],
      ["TIMESTAMP '2024-01-01'", "TIMESTAMPTZ '2024-01-01'"],
      ["true", "1"],
    ]) {
      const other = await write("clash", `SELECT ${a} AS a`, `SELECT ${b} AS a`);
      await assert.rejects(rows(`FROM '${other}'`), { code: "type_mismatch" }, `${a} ${b}`);
    }
  });

  it("union_by_name = false wants the columns of the first file", async () => {
    const path = (name: string) => `read_parquet('${folder}/${name}/*.parquet', union_by_name = false)`;
    await assert.rejects(rows(`FROM ${path("columns")}`), {
      code: "type_mismatch",
      message: /0\.parquet has a column b, .*2\.parquet has not/,
    });
    const more = await write("more", "SELECT 1 AS a", "SELECT 2 AS b, 3 AS a");
    assert.deepEqual(await rows(`SELECT * FROM read_parquet('${more}/*.parquet', union_by_name = false) ORDER BY a`), [
      [1],
      [3],
    ]);
  });

  it("of many files, whose footers are read when they are scanned, too", async () => {
    const path = join(folder, "many");
    mkdirSync(path);
    await duckdb.run(`COPY (SELECT 1::INT AS a, 2::BIGINT AS b) TO '${path}/000.parquet' (FORMAT parquet)`);
    const { copyFileSync } = await import("node:fs");
    for (let i = 1; i < 300; i++) copyFileSync(`${path}/000.parquet`, `${path}/${String(i).padStart(3, "0")}.parquet`);
    // Neither is in the sample that planning looks at.
    await duckdb.run(`COPY (SELECT 5::INT AS a) TO '${path}/001.parquet' (FORMAT parquet)`);
    await duckdb.run(`COPY (SELECT 6::INT AS a, 7::INT AS b) TO '${path}/002.parquet' (FORMAT parquet)`);
    assert.deepEqual(await rows(`SELECT sum(a), sum(b), count(*), count(b) FROM '${path}'`), [
      [309n, 603n, 300n, 299n],
    ]);
    await duckdb.run(`COPY (SELECT 6::INT AS a, 'x' AS b) TO '${path}/002.parquet' (FORMAT parquet)`);
    await assert.rejects(rows(`SELECT sum(b) FROM '${path}'`), {
      code: "type_mismatch",
      message: /"b" is VARCHAR in .*002\.parquet but BIGINT in the table/,
    });
  });
});
