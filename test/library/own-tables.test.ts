/** CREATE TABLE, INSERT and COPY: tables of the session's own, and files that a statement writes. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { QueryError, SessionContext } from "../../lib/index.ts";

let folder: string;
let session: SessionContext;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "own-tables-"));
  session = await SessionContext.standalone({ threads: 1, temporaryDirectory: join(folder, "scratch") });
});
after(async () => {
  await session.close();
  assert.deepEqual(readdirSync(join(folder, "scratch")), []);
  rmSync(folder, { recursive: true });
});

async function rows(sql: string): Promise<unknown[][]> {
  return (await session.sql(sql)).toRows();
}

function fails(sql: string, code: string, message: RegExp): Promise<void> {
  return assert.rejects(rows(sql), (error) => {
    assert.ok(error instanceof QueryError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

describe("CREATE TABLE", () => {
  it("AS keeps a query's rows, types and NULLs", async () => {
    const query = `select * from (values (1, 1.50, 'a', date '2020-02-29', null), (null, -2.25, 'ä', null, null)) t(i, d, s, day, nothing)`;
    assert.deepEqual(await rows(`create table kept as ${query}`), [[2n]]);
    assert.deepEqual(await rows("from kept order by all"), await rows(`${query} order by all`));
    assert.deepEqual(
      (await rows("describe kept")).map(([name, type]) => [name, type]),
      [
        ["i", "INTEGER"],
        ["d", "DECIMAL(3,2)"],
        ["s", "VARCHAR"],
        ["day", "DATE"],
        ["nothing", "INTEGER"],
      ],
    );
  });

  it("OR REPLACE may read what it replaces; IF NOT EXISTS leaves what is there", async () => {
    await rows("create table t as select 1 as a");
    await fails("create table T as select 2 as a", "duplicate", /T exists already/);
    await rows("create temp table if not exists t as select 3 as a");
    assert.deepEqual(await rows("from t"), [[1]]);
    await rows("create or replace table t as select a + 1 as a from t");
    assert.deepEqual(await rows("from t"), [[2]]);
  });

  it("takes the place of a view", async () => {
    await rows("create view v as select 1 as a");
    await fails("create table v as select 2 as a", "duplicate", /v exists already/);
    await rows("create or replace table v as select 2 as a");
    assert.deepEqual(await rows("from v"), [[2]]);
  });

  it("leaves nothing behind when its query fails", async () => {
    await fails("create table broken as select 1 / (i - 1) from range(3) r(i)", "invalid_argument", /division by zero/);
    await fails("from broken", "unknown_table", /broken/);
    await fails("create table twice as select 1 as a, 2 as A", "duplicate", /two columns/);
    await rows("create table broken (a int)");
    assert.deepEqual(await rows("from broken"), []);
  });

  it("casts to the columns it names", async () => {
    await rows("create table typed (a smallint, b varchar) as values (1, '2'), (null, 'x')");
    assert.deepEqual(await rows("from typed order by a"), [
      [1, "2"],
      [null, "x"],
    ]);
    await fails("create table many (a int, b int, c int) as select 1, 2", "invalid_argument", /2 columns, where 3/);
    await fails("create table keyed (a int primary key)", "unsupported", /PrimaryKey/);
    await fails("create table t2", "syntax", /needs columns or AS/);
  });

  it("goes with DROP, and with its session", async () => {
    await rows("create table gone as select 1 as a");
    const tables = readdirSync(join(folder, "scratch"), { recursive: true }).length;
    await rows("drop table gone");
    assert.equal(readdirSync(join(folder, "scratch"), { recursive: true }).length, tables - 2);
    await fails("from gone", "unknown_table", /gone/);
    await fails("insert into gone values (1)", "unknown_table", /gone/);
    const other = await SessionContext.standalone({ threads: 1 });
    await assert.rejects(other.sql("from kept"), /no table kept/);
    await other.close();
  });
});

describe("INSERT", () => {
  before(() => rows("create table log (id integer not null, note varchar, amount decimal(5, 2))"));

  it("appends rows of VALUES and of queries, to all columns or those named", async () => {
    assert.deepEqual(await rows("insert into log values (1, 'one', 1.5), (2, null, null)"), [[2n]]);
    assert.deepEqual(await rows("insert into log (amount, id) select id * 10, id + 10 from log"), [[2n]]);
    assert.deepEqual(await rows("insert into log select * from log where false"), [[0n]]);
    assert.deepEqual(await rows("from log order by id"), [
      [1, "one", "1.50"],
      [2, null, null],
      [11, null, "10.00"],
      [12, null, "20.00"],
    ]);
  });

  it("takes parameters", async () => {
    await rows("create table given (a int, b varchar)");
    await (await session.sql("insert into given values ($1, $2)", { parameters: [7, "x"] })).toRows();
    assert.deepEqual(await rows("from given"), [[7, "x"]]);
  });

  it("keeps all of a statement's rows or none", async () => {
    const before = await rows("select count(*) from log");
    await fails("insert into log values (20, 'ok', 1), (null, 'no', 2)", "invalid_argument", /id of log.*NOT NULL/);
    await fails("insert into log values (20, 'ok', 1), (21, 'no', 1000)", "overflow", /DECIMAL\(5,2\)/);
    await fails("insert into log (note) values ('no id')", "invalid_argument", /NOT NULL/);
    assert.deepEqual(await rows("select count(*) from log"), before);
  });

  it("says what is wrong", async () => {
    await fails("insert into lag values (1)", "unknown_table", /no table lag/);
    await fails("insert into log (idd) values (1)", "unknown_column", /no column idd/);
    await fails("insert into log values (1)", "invalid_argument", /1 columns, where 3/);
    await session.registerCsv("files", await csv("a\n1\n"));
    await fails("insert into files values (2)", "unknown_table", /no table files of the session/);
  });
});

async function csv(text: string): Promise<string> {
  const { writeFile } = await import("node:fs/promises");
  await writeFile(join(folder, "files.csv"), text);
  return join(folder, "files.csv");
}

describe("COPY", () => {
  it("writes a query or a table in the format of the file's ending, or the one given", async () => {
    const path = (name: string) => join(folder, name);
    await rows("create table source as select i, 'x' || i as s from range(3) r(i)");
    assert.deepEqual(await rows(`copy source to '${path("a.parquet")}'`), [[3n]]);
    assert.deepEqual(await rows(`from '${path("a.parquet")}' order by i`), await rows("from source order by i"));
    await rows(`copy (select s from source where i = 1) to '${path("b")}' (format csv, header true)`);
    assert.equal(readFileSync(path("b"), "utf8"), "s\nx1\n");
    await rows(`copy (select 1 as a) to '${path("c.jsonl")}'`);
    assert.equal(readFileSync(path("c.jsonl"), "utf8"), '{"a":1}\n');
  });

  it("says what is wrong, and leaves no half of a file", async () => {
    await fails("copy (select 1) to 'x.nope'", "invalid_argument", /x\.nope/);
    await fails("copy (select 1) to 'x' (format parquett)", "invalid_argument", /no format parquett/);
    await fails("copy t from 'x.csv'", "unsupported", /COPY … FROM/);
    await fails(`copy (select 1) to '${join(folder, "no/such/x.csv")}'`, "resource", /cannot write/);
    const target = join(folder, "half.csv");
    await fails(`copy (select 1 / (i - 1) from range(3) r(i)) to '${target}'`, "invalid_argument", /division by zero/);
    assert.ok(!existsSync(target));
  });
});
