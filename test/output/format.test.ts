/** Every output format, of awkward values. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { tableFromIPC } from "apache-arrow";
import { QueryError, SessionContext } from "../../lib/index.ts";
import { formatOfFile, type OutputFormat, writeAnswer } from "../../lib/output/format.ts";

const awkward = `select * from (values
    (1, 9007199254740993, 1.50, 'a "b", c', date '2024-02-29', true),
    (2, null, -0.05, '', null, false),
    (3, -1, null, 'x|y' || chr(10) || 'z', date '0001-01-01', null)
  ) t(i, "big int", d, s, day, i)`;

let folder: string;
let session: SessionContext;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "volley-test-"));
  session = await SessionContext.standalone({ threads: 1 });
});
after(async () => {
  await session.close();
  rmSync(folder, { recursive: true, force: true });
});

async function write(sql: string, format: OutputFormat): Promise<Buffer> {
  const output = join(folder, `answer.${format}`);
  await writeAnswer(await session.sql(sql), { format, output });
  return readFileSync(output);
}

describe("formats", () => {
  it("csv: NULL is nothing, an empty text is quoted", async () => {
    assert.equal(
      String(await write(awkward, "csv")),
      'i,big int,d,s,day,i\n1,9007199254740993,1.50,"a ""b"", c",2024-02-29,true\n2,,-0.05,"",,false\n3,-1,,"x|y\nz",0001-01-01,\n',
    );
  });
  it("json: exact numbers, names told apart", async () => {
    const rows = JSON.parse(String(await write(awkward, "json")));
    assert.equal(rows.length, 3);
    assert.deepEqual(rows[0], {
      i: 1, "big int": "9007199254740993", d: "1.50", s: 'a "b", c', day: "2024-02-29", i_1: true,
    }); // biome-ignore format: short
    assert.deepEqual(rows[2].s, "x|y\nz");
  });
  it("json of no rows is an empty array", async () => {
    assert.deepEqual(JSON.parse(String(await write("select 1 as a where false", "json"))), []);
  });
  it("jsonl: a row a line", async () => {
    const lines = String(await write(awkward, "jsonl"))
      .trimEnd()
      .split("\n");
    assert.deepEqual(JSON.parse(lines[1]!), { i: 2, "big int": null, d: "-0.05", s: "", day: null, i_1: false });
    assert.equal(lines.length, 3);
  });
  it("markdown: bars and line breaks are escaped", async () => {
    const text = String(await write(awkward, "markdown"));
    assert.match(text, /^\| i \| big int \|.*\n\|---:\|---:\|---:\|---\|---\|---\|\n/);
    assert.match(text, /\| 3 \| -1 \| NULL \| x\\\|y<br>z \| 0001-01-01 \| NULL \|/);
  });
  it("table: a cell of several lines, and control characters as pictures", async () => {
    const text = String(await write(`select 'a' || chr(10) || 'b' as two, chr(27) || '[31m' as red`, "table"));
    assert.match(text, /│ a +│ ␛\[31m │\n│ b +│ +│/);
    assert.match(text, /1 row\n$/);
  });
  it("arrow: any reader's stream", async () => {
    const table = tableFromIPC(await write(awkward, "arrow"));
    assert.equal(table.numRows, 3);
    assert.deepEqual(
      table.schema.fields.map((field) => field.name),
      ["i", "big int", "d", "s", "day", "i"],
    );
    assert.equal(table.getChildAt(1)!.get(0), 9007199254740993n);
  });
  it("parquet: read back", async () => {
    await write(awkward, "parquet");
    const back = await (await session.sql(`select * from '${join(folder, "answer.parquet")}'`)).toRows();
    assert.deepEqual(back, await (await session.sql(awkward)).toRows());
  });
  it("arrow and parquet of no rows still have their columns", async () => {
    const nothing = "select 1 as a, 'x' as b where false";
    assert.deepEqual(
      tableFromIPC(await write(nothing, "arrow")).schema.fields.map((field) => field.name),
      ["a", "b"],
    );
    await write(nothing, "parquet");
    const handle = await session.sql(`select * from '${join(folder, "answer.parquet")}'`);
    assert.deepEqual(await handle.toRows(), []);
    assert.deepEqual(
      handle.columns.map((column) => column.name),
      ["a", "b"],
    );
  });
});

describe("files", () => {
  it("appear only when they are complete", async () => {
    const handle = await session.sql("select 1 / 0");
    await assert.rejects(writeAnswer(handle, { format: "csv", output: join(folder, "never.csv") }));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("never")),
      [],
    );
  });
  it("in a folder that is not there are an error", async () => {
    const handle = await session.sql("select 1");
    await assert.rejects(
      writeAnswer(handle, { format: "csv", output: join(folder, "no/such.csv") }),
      (error) => error instanceof QueryError && error.code === "resource",
    );
  });
  it("say their format with their ending", () => {
    assert.deepEqual(["a.csv", "b.JSON", "c.ndjson", "d.md", "e.arrow", "f.parquet"].map(formatOfFile), [
      "csv",
      "json",
      "jsonl",
      "markdown",
      "arrow",
      "parquet",
    ]);
    assert.throws(() => formatOfFile("g"), QueryError);
  });
});
