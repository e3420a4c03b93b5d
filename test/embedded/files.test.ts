/** Tables of odd files: many, none, empty, foreign, damaged, unreadable, replaced meanwhile, with awkward names. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type QueryError, SessionContext } from "../../lib/index.ts";
import { volleyRows } from "../support/cells.ts";

describe("files", () => {
  const folder = mkdtempSync(join(tmpdir(), "volley-files-"));
  let duckdb: DuckDBConnection;
  let session: SessionContext;
  before(async () => {
    duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
    session = await SessionContext.standalone({ threads: 2, memory: "512MB" });
  });
  after(async () => {
    await session.close();
    duckdb.closeSync();
    rmSync(folder, { recursive: true, force: true });
  });

  async function write(path: string, sql: string, options = ""): Promise<string> {
    const file = join(folder, path);
    mkdirSync(join(file, ".."), { recursive: true });
    await duckdb.run(`copy (${sql}) to '${file.replaceAll("'", "''")}' (format parquet ${options})`);
    return file;
  }

  const answer = (sql: string) => volleyRows(session, sql);
  const fails = async (sql: string, code: string, message: RegExp) => {
    await assert.rejects(answer(sql), (error: QueryError) => {
      assert.equal(error.code, code, error.message);
      assert.match(`${error.message} ${error.hint ?? ""}`, message);
      return true;
    });
  };

  it("600 small ones are a few tasks", async () => {
    const first = await write("many/0.parquet", "select i from range(50) r(i)");
    const bytes = readFileSync(first);
    for (let i = 1; i < 600; i++) writeFileSync(join(folder, "many", `${i}.parquet`), bytes);
    const handle = await session.sql(`select count(*), sum(i) from '${folder}/many'`);
    assert.deepEqual((await handle.toRows())[0]!.map(Number), [30_000, 735_000]);
    assert.equal((await handle.run()).stages[0]!.tasks.length, 2);
  });

  it("one with 1,000 row groups, one with 1,000 columns", async () => {
    const groups = await write("groups.parquet", "select i from range(128000) r(i)", ", row_group_size 128");
    assert.deepEqual(await answer(`select count(*), max(i) from '${groups}' where i >= 64000`), [["64000", "127999"]]);
    const columns = Array.from({ length: 1000 }, (_, i) => `i + ${i} as c${i}`).join(", ");
    const wide = await write("wide.parquet", `select ${columns} from range(3) r(i)`);
    assert.equal((await answer(`select * from '${wide}'`))[0]!.length, 1000);
    assert.deepEqual(await answer(`select sum(c999) from '${wide}'`), [["3000"]]);
  });

  it("without rows", async () => {
    for (const part of ["a", "b", "c"]) await write(`empty/${part}.parquet`, "select i from range(0) r(i)");
    assert.deepEqual(await answer(`select count(*), sum(i) from '${folder}/empty'`), [["0", "NULL"]]);
    assert.deepEqual(await answer(`select i from '${folder}/empty' order by i limit 3`), []);
  });

  it("none at all", async () => {
    mkdirSync(join(folder, "nothing"));
    await fails(`select * from '${folder}/nothing'`, "not_found", /no files at/);
    await fails(`select * from '${folder}/nothing/*.parquet'`, "not_found", /no files at/);
  });

  it("beside foreign, hidden and temporary ones", async () => {
    await write("mixed/data.parquet", "select 1 as i");
    for (const name of ["_SUCCESS", ".hidden.parquet", "notes.txt", "data.parquet.crc"]) {
      writeFileSync(join(folder, "mixed", name), "not Parquet");
    }
    assert.deepEqual(await answer(`select * from '${folder}/mixed'`), [["1"]]);
  });

  it("behind links, and with blanks, brackets, per cent, quotes and letters beyond ASCII in their names", async () => {
    const names = ["a b", "a%20b", "[x]", "{x,y}", "(x)", "it's", "naïve 日本", "a#b?c", "!a", "a+b", "*"];
    for (const [i, name] of names.entries()) {
      const path = await write(`odd/${name}/part ${name}.parquet`, `select ${i} as i`);
      const quoted = path.replaceAll("'", "''");
      assert.deepEqual(await answer(`select i from '${quoted}'`), [[`${i}`]], name);
      assert.deepEqual(await answer(`select i from '${join(quoted, "..")}'`), [[`${i}`]], `folder ${name}`);
      await session.registerParquet("odd", path);
      assert.deepEqual(await answer("select i from odd"), [[`${i}`]], name);
    }
    assert.deepEqual(await answer(`select count(*) from '${folder}/odd'`), [[`${names.length}`]]);
    assert.deepEqual(await answer(`select count(*) from '${folder}/odd/**/*.parquet'`), [[`${names.length}`]]);
    symlinkSync(join(folder, "odd"), join(folder, "link"));
    symlinkSync(join(folder, "mixed", "data.parquet"), join(folder, "linked.parquet"));
    assert.deepEqual(await answer(`select count(*) from '${folder}/link'`), [[`${names.length}`]]);
    assert.deepEqual(await answer(`select * from '${folder}/linked.parquet'`), [["1"]]);
  });

  it("cut off", async () => {
    const path = await write("whole.parquet", "select i, 'text ' || i as t from range(5000) r(i)");
    const bytes = readFileSync(path);
    for (const length of [0, 3, 8, 100, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length));
      await fails(`select * from '${path}'`, "corrupt_file", /whole\.parquet/);
    }
  });

  it("that may not be read", { skip: process.getuid?.() === 0 && "root may read everything" }, async () => {
    const path = await write("secret.parquet", "select 1 as i");
    chmodSync(path, 0);
    await fails(`select * from '${path}'`, "resource", /secret\.parquet.*permission|EACCES/);
  });

  it("replaced between planning and running", async () => {
    const path = await write("replaced.parquet", "select 1 as i");
    const handle = await session.sql(`select * from '${path}'`);
    renameSync(await write("other.parquet", "select 2 as i, 3 as j"), path);
    await assert.rejects(handle.toRows(), (error: QueryError) => {
      assert.equal(error.code, "corrupt_file");
      assert.match(`${error.message} ${error.hint}`, /changed while it was read Run the query again/);
      return true;
    });
    assert.deepEqual(await answer(`select i from '${path}'`), [["2"]]);
  });
});
