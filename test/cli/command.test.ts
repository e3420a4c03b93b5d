/** The command as scripts use it: where SQL comes from, where answers go, exit codes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { main } from "../../lib/cli/main.ts";
import { run, volley } from "./command.ts";

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "volley-test-"));
  mkdirSync(join(folder, "tables"));
  writeFileSync(join(folder, "tables", "fruit.csv"), "name,price\napple,1.50\npear,2.25\n");
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("SQL comes from", () => {
  it("the argument, which may start with a comment", () => {
    const { code, out, error } = run(["-- what is\nselect 6 * 7 as answer", "-F", "csv"]);
    assert.deepEqual([code, out, error], [0, "answer\n42\n", ""]);
  });
  it("standard input", () => {
    assert.equal(run(["-F", "csv"], { input: "values (1), (2);" }).out, "col0\n1\n2\n");
  });
  it("a file, with a byte order mark and CRLF, of several statements", () => {
    const file = join(folder, "script.sql");
    writeFileSync(
      file,
      "\uFEFFcreate view v as\r\nselect 1 as a;\r\n-- then\r\nselect a + 1 as b from v;\r\nselect 'x' as c;\r\n",
    );
    const { code, out } = run(["-f", file, "--format", "jsonl"]);
    assert.deepEqual([code, out], [0, '{"b":2}\n{"c":"x"}\n']);
  });
});

describe("tables come from", () => {
  const sum = "select sum(price) as total from fruit";
  it("--tables", () => {
    assert.equal(run(["--tables", join(folder, "tables"), sum, "-F", "csv"]).out, "total\n3.75\n");
  });
  it("--table, beside parameters", () => {
    const args = ["--table", `fruit=${join(folder, "tables", "fruit.csv")}`, "--param", "least=2", "-F", "csv"];
    assert.equal(run([...args, "select name from fruit where price > $least"]).out, "name\npear\n");
  });
  it("paths in the query", () => {
    const { out } = run([`select count(*) as n from '${folder}/tables/*.csv'`, "-F", "csv"]);
    assert.equal(out, "n\n2\n");
  });
});

describe("answers go to", () => {
  it("a table with its number of rows; the middle of a long one is left out", () => {
    const { out } = run(["values (1), (2), (3), (4), (5)", "--rows", "2"]);
    assert.match(out, /│ +1 │\n│ +… │\n│ +5 │/);
    assert.match(out, /5 rows \(3 not shown\)\n$/);
  });
  it("a file, whose ending gives the format", () => {
    const file = join(folder, "answer.parquet");
    assert.deepEqual(run(["select 7 as seven, 'x' as x", "-o", file]), { code: 0, out: "", error: "" });
    assert.equal(run([`select * from '${file}'`, "-F", "csv"]).out, "seven,x\n7,x\n");
  });
  it("no file when the query fails", () => {
    const file = join(folder, "failed.csv");
    assert.equal(run(["select 1 / 0", "-o", file]).code, 1);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("failed")),
      [],
    );
  });
  it("a pipe whose reader leaves early, quietly", () => {
    const rows = `select * from '${folder}/many.csv'`;
    writeFileSync(join(folder, "many.csv"), `a\n${"1234567890\n".repeat(100_000)}`);
    const line = `'${volley.join("' '")}' "${rows}" -F csv | head -1`;
    const { stdout, stderr } = spawnSync("sh", ["-c", line], { encoding: "utf8" });
    assert.deepEqual([stdout, stderr], ["a\n", ""]);
  });
  it("a drawing of the stages", () => {
    const file = join(folder, "stages.svg");
    assert.equal(run(["select 1", "--graph", file]).code, 0);
    assert.match(readFileSync(file, "utf8"), /<svg[\s\S]*Stage 0/);
  });
  it("plain text for plans", () => {
    const { out } = run(["explain (stages) select 1 as one"]);
    assert.match(out, /^Stage 0: 1 task → result\n/);
  });
});

describe("exit code 1: the query failed", () => {
  it("with the place in the text", () => {
    const { code, out, error } = run(["select 1,\n  nosuch"]);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(error, /^error: .*nosuch.*\nLINE 2: {3}nosuch\n {10}\^{6}\n/);
  });
  it("at the first statement that fails", () => {
    const { code, out } = run(["select 1 as a; select 1 / 0; select 2", "-F", "csv"]);
    assert.deepEqual([code, out], [1, "a\n1\n"]);
  });
});

describe("exit code 2: usage", () => {
  for (const [what, args, message] of [
    ["an unknown option", ["--nosuch"], /unknown option '--nosuch'/],
    ["an unknown format", ["-F", "xls", "select 1"], /table, csv, json/],
    ["SQL twice", ["-f", "x.sql", "select 1"], /not both/],
    ["a missing file", ["-f", "/nosuch/x.sql"], /cannot read \/nosuch\/x.sql/],
    ["a table without a path", ["--table", "fruit", "select 1"], /name=path/],
    ["a table that is not there", ["--table", "t=/nosuch.parquet", "select 1"], /no files at \/nosuch.parquet/],
    ["a missing folder", ["--tables", "/nosuch", "select 1"], /cannot read the folder/],
    ["an ending that says nothing", ["-o", "x.abc", "select 1"], /no known format/],
    ["no number of threads", ["--threads", "0", "select 1"], /whole number from 1/],
    ["no size", ["--memory", "lots", "select 1"], /512MB or 4GB/],
    ["a bad scale", ["tpch", "--sf", "-1", "--out", "x"], /above 0/],
  ] as const) {
    it(what, async (test) => {
      const write = test.mock.method(process.stderr, "write", () => true);
      assert.equal(await main([...args]), 2);
      const printed = write.mock.calls.map((call) => String(call.arguments[0])).join("");
      write.mock.restore();
      assert.match(printed, message);
    });
  }
});

describe("volley tpch", () => {
  it("writes tables that queries read", () => {
    const out = join(folder, "tpch");
    const made = run(["tpch", "--sf", "0.001", "--out", out]);
    assert.equal(made.code, 0, made.error);
    assert.match(made.out, /^8,\d\d\d rows, .* in .*tpch, /);
    const { out: count } = run(["--tables", out, "select count(*) as n from lineitem", "-F", "csv"]);
    assert.equal(count, "n\n6005\n");
    assert.ok(existsSync(join(out, "region.parquet")));
  });
});
