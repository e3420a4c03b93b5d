/** The interactive shell: its parts, and a session under a pseudo terminal. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { complete } from "../../lib/cli/completion.ts";
import { isComplete, oneLine } from "../../lib/cli/statement-text.ts";
import { hasTerminal, Terminal } from "./terminal.ts";

describe("where a statement ends", () => {
  for (const [text, expected] of [
    ["select 1;", true],
    ["select 1", false],
    ["select ';", false],
    ["select ';';", true],
    ["select 'it''s;", false],
    ['select ";"', false],
    ["select 1 -- ;", false],
    ["select 1; -- done", true],
    ["select 1 /* ; ", false],
    ["select 1; /* open", false],
    ["select 1 /* ; */;", true],
    ["select 1;\n", true],
  ] as const) {
    it(JSON.stringify(text), () => assert.equal(isComplete(text), expected));
  }
});

describe("a statement in the history", () => {
  it("is one line", () => assert.equal(oneLine("select 1,\n  2\nfrom t;"), "select 1, 2 from t;"));
  it("loses its comments", () => assert.equal(oneLine("select 1 -- one\n, 2 /* two */;"), "select 1 , 2 ;"));
  it("keeps its texts", () => assert.equal(oneLine("select 'a  -- b',\n'/*';"), "select 'a  -- b', '/*';"));
  it("is left out if a text has line breaks", () => assert.equal(oneLine("select 'a\nb';"), undefined));
});

describe("completion", () => {
  const tables = new Map([
    ["orders", ["o_orderkey", "o_total"]],
    ["Lines", ["l_key"]],
  ]);
  it("of keywords", () => assert.deepEqual(complete("sel", tables), [["select"], "sel"]));
  it("of tables", () => assert.deepEqual(complete("select * from ord", tables), [["order by", "orders"], "ord"]));
  it("of columns", () => assert.deepEqual(complete("select O_T", tables), [["o_total"], "O_T"]));
  it("of one table's columns", () => assert.deepEqual(complete("select lines.", tables), [["l_key"], ""]));
  it("of dot commands", () => assert.deepEqual(complete(".ta", tables), [[".tables"], ".ta"]));
  it("of a dot command's table", () => assert.deepEqual(complete(".schema o", tables), [["orders"], "o"]));
  it("of nothing", () => assert.deepEqual(complete("select ", tables), [[], ""]));
});

describe("a session in a terminal", { skip: hasTerminal ? false : "there is no script command" }, () => {
  let folder: string;
  let terminal: Terminal;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "volley-test-"));
    writeFileSync(join(folder, "fruit.csv"), "name,price\napple,1.50\npear,2.25\n");
    writeFileSync(join(folder, "twice.sql"), "\uFEFFselect 2 * 21 as twice;\r\n");
    const command = [process.execPath, join(import.meta.dirname, "../../bin/volley.ts"), "--tables", folder];
    terminal = new Terminal(command, { VOLLEY_HISTORY: join(folder, "history") });
  });
  after(() => {
    terminal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("greets", async () => {
    assert.match(await terminal.waitFor(/volley> /), /Volley .*\.help for help/);
  });
  it("runs a statement of several lines", async () => {
    terminal.type("select name,\r");
    await terminal.waitFor(/\.\.\.> /);
    terminal.type("price from fruit order by 1 desc;\r");
    assert.match(await terminal.waitFor(/2 rows[\s\S]*volley> /), /pear[\s\S]*2\.25[\s\S]*apple/);
  });
  it("lists tables and columns", async () => {
    terminal.type(".tables\r");
    assert.match(await terminal.waitFor(/1 row[\s\S]*volley> /), /fruit/);
    terminal.type(".schema fruit\r");
    assert.match(await terminal.waitFor(/2 rows[\s\S]*volley> /), /name[\s\S]*VARCHAR[\s\S]*price/);
  });
  it("completes with the tab key", async () => {
    terminal.type("select count(*) as n from fru\t");
    await terminal.waitFor(/fruit/);
    terminal.type(";\r");
    await terminal.waitFor(/1 row[\s\S]*volley> /);
  });
  it("recalls a whole statement", async () => {
    terminal.type("\x1b[A".repeat(4));
    await terminal.waitFor(/select name, price from fruit order by 1 desc;/);
    terminal.type("\r");
    await terminal.waitFor(/2 rows[\s\S]*volley> /);
  });
  it("shows where an error is and goes on", async () => {
    terminal.type("select prise from fruit;\r");
    assert.match(await terminal.waitFor(/\^{5}[\s\S]*volley> /), /price/);
  });
  it("drops a line on Ctrl-C", async () => {
    terminal.type("select 'never");
    await terminal.waitFor(/never/);
    terminal.type("\x03");
    await terminal.waitFor(/volley> /);
    terminal.type(".format csv\r");
    await terminal.waitFor(/volley> /);
  });
  it("reads a file", async () => {
    terminal.type(`.read ${join(folder, "twice.sql")}\r`);
    assert.match(await terminal.waitFor(/42[\s\S]*volley> /), /twice/);
  });
  it("leaves on Ctrl-D, and keeps the history", async () => {
    terminal.type("\x04");
    assert.equal(await terminal.exited(), 0);
    const history = readFileSync(join(folder, "history"), "utf8");
    assert.match(history, /^select name, price from fruit order by 1 desc;$/m);
  });
});
