/** The command with --remote does what it does without: the same scripts, side by side, and the shell. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { serve } from "@hono/node-server";
import { createApi } from "../../lib/api/app.ts";
import { main } from "../../lib/cli/main.ts";
import { QueryError, type QuerySession, SessionContext } from "../../lib/index.ts";
import { EmbeddedQueryService } from "../../lib/service/embedded-query-service.ts";
import { volley } from "./command.ts";
import { hasTerminal, Terminal } from "./terminal.ts";

let folder: string;
let session: SessionContext;
let service: EmbeddedQueryService;
let server: Server;
let url: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "volley-test-"));
  mkdirSync(join(folder, "tables"));
  writeFileSync(join(folder, "tables", "fruit.csv"), "name,price\napple,1.50\npear,2.25\n");
  session = await SessionContext.standalone({ threads: 1, memory: "256MB" });
  await session.registerCsv("fruit", join(folder, "tables", "fruit.csv"));
  service = new EmbeddedQueryService(session);
  const api = createApi({ service, authentication: { kind: "none" } });
  server = serve({ fetch: api.fetch, port: 0, hostname: "127.0.0.1" }) as Server;
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.close();
  server.closeAllConnections();
  await session.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly error: string;
  /** What -o or --graph wrote. */
  readonly file?: string;
}

/** The command beside this process, which serves it. */
async function run(args: readonly string[], file: string): Promise<Outcome> {
  rmSync(file, { force: true });
  const child = spawn(volley[0]!, [volley[1]!, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const texts = Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  const [code] = await once(child, "exit");
  const [out, error] = (await texts).map((chunks) => Buffer.concat(chunks).toString());
  const written = existsSync(file) ? { file: readFileSync(file, "utf8") } : {};
  return { code: code as number, out: out!, error: error!, ...written };
}

const script = `
  select name, price * 2 as twice, date '2024-02-29' as day, null as nothing from fruit order by 1;
  create or replace view cheap as select * from fruit where price < 2;
  select * from cheap;
  describe cheap;
  show tables;
  explain (stages) select count(*) as n from fruit;
  drop view cheap;
  select 'it''s ü' as t, $2 + 1 as p, $1 as q;
  select 1 as a,
    nosuch from fruit;
  select 'never';`;

describe("standalone and remote do the same", () => {
  const cases: readonly (readonly [string, readonly string[], string?])[] = [
    ["a script that fails in the end", [script, "-p", "x y", "-p", "41"]],
    ["as CSV into a file", ["select * from fruit order by name", "-o", "{file}"], "answer.csv"],
    [
      "rows left out, a named parameter",
      ["select i from range(100) t(i) where i >= $least", "--rows", "4", "-p", "least=2"],
    ],
    [
      "a drawing, and nothing runs",
      ["create view v as select 1 as a; select 1 / (price - price) as x from fruit", "--graph", "{file}"],
      "g.dot",
    ],
    ["a drawing of what is wrong", ["select nosuch from fruit", "--graph", "{file}"], "g.dot"],
    ["a failure while it runs", ["select 1 / (i - 5) as x from range(10) t(i)", "-o", "{file}"], "answer.json"],
    ["two answers for one file", ["select 1 as a; select 2 as b", "-o", "{file}"], "answer.csv"],
  ];
  for (const [what, args, name = "none"] of cases) {
    it(what, async () => {
      const both = [
        ["--tables", join(folder, "tables"), "--threads", "1"],
        ["--remote", url],
      ].map((place, i) => {
        mkdirSync(join(folder, String(i)), { recursive: true });
        const file = join(folder, String(i), name);
        return run([...args.map((arg) => (arg === "{file}" ? file : arg)), ...place], file);
      });
      const [here, there] = await Promise.all(both);
      await session.sql("drop view if exists v");
      assert.deepEqual(there, here);
    });
  }

  it("EXPLAIN ANALYZE, whose times differ", async () => {
    const analyze = "explain analyze select count(*) as n from fruit";
    const plain = (text: string) => text.replace(/[\d.]+ (ms|s|KiB|MiB|B)\b/g, "#");
    const [here, there] = await Promise.all([
      run([analyze, "--tables", join(folder, "tables"), "--threads", "1"], ""),
      run([analyze, "--remote", url], ""),
    ]);
    assert.deepEqual({ ...there, out: plain(there.out) }, { ...here, out: plain(here.out) });
  });

  it("a drawing asks for a plan only", async () => {
    await run(["select count(*) as n from fruit", "--remote", url, "--graph", join(folder, "g.svg")], "");
    assert.match(readFileSync(join(folder, "g.svg"), "utf8"), /<svg[\s\S]*Stage 0/);
    const [newest] = await service.list("default", { limit: 1 });
    assert.match(newest!.sql, /^explain \(graph\) select/);
  });

  it("usage", async (test) => {
    const write = test.mock.method(process.stderr, "write", () => true);
    for (const args of [
      ["--tables", folder, "select 1"],
      ["--threads", "2", "select 1"],
    ]) {
      assert.equal(await main(["--remote", url, ...args]), 2);
      assert.match(String(write.mock.calls.at(-1)!.arguments[0]), /--remote/);
    }
    write.mock.restore();
  });
});

describe("interrupting a remote query", () => {
  const endless =
    "select count(*) as n from range(9999) a(i), range(9999) b(j), range(9999) c(k) where i * j % 7 = k % 5";

  for (const afterMs of [100, 2500]) {
    it(`by SIGINT, after ${afterMs} ms: it stops there, too`, { timeout: 60_000 }, async () => {
      const child = spawn(volley[0]!, [volley[1]!, endless, "--remote", url], { stdio: ["ignore", "pipe", "pipe"] });
      const error = child.stderr.toArray();
      const submitted = async () => (await service.list("default", { limit: 1 }))[0]!;
      while ((await submitted()).sql !== endless || (await submitted()).finishedMs !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      child.kill("SIGINT");
      const [code] = await once(child, "exit");
      assert.equal(code, 130);
      assert.equal(Buffer.concat(await error).toString(), "cancelled\n");
      assert.equal((await submitted()).status, "cancelled");
    });
  }
});

describe("a remote shell", { skip: hasTerminal ? false : "there is no script command" }, () => {
  let terminal: Terminal;
  before(() => {
    const command = [...volley, "--remote", url];
    terminal = new Terminal(command, { VOLLEY_HISTORY: join(folder, "history") });
  });
  after(() => terminal.close());

  it("greets, runs statements, lists and describes tables", async () => {
    await terminal.waitFor(/volley> /);
    terminal.type("select name from fruit order by 1 desc;\r");
    assert.match(await terminal.waitFor(/2 rows[\s\S]*volley> /), /pear[\s\S]*apple/);
    terminal.type(".tables\r");
    assert.match(await terminal.waitFor(/1 row[\s\S]*volley> /), /fruit/);
    terminal.type(".schema\r");
    assert.match(await terminal.waitFor(/2 rows[\s\S]*volley> /), /fruit[\s\S]*name[\s\S]*VARCHAR/);
  });
  it("completes tables and columns, also new ones", async () => {
    terminal.type("create view pricey as select price as amount from fruit;\r");
    await terminal.waitFor(/ok[\s\S]*volley> /);
    terminal.type("select sum(amo\t");
    await terminal.waitFor(/amount/);
    terminal.type(") as s from pri\t");
    await terminal.waitFor(/pri[\s\S]*ce/);
    terminal.type("\x03");
    await terminal.waitFor(/volley> /);
    terminal.type("drop view pricey;\r");
    await terminal.waitFor(/ok[\s\S]*volley> /);
  });
  it("shows progress, and Ctrl-C stops the query and not the shell", { timeout: 60_000 }, async () => {
    terminal.type(
      "select count(*) as n from range(9999) a(i), range(9999) b(j), range(9999) c(k) where i * j % 7 = k % 5;\r",
    );
    await terminal.waitFor(/\d+\/\d+ tasks \| stage \d+\/\d+/);
    terminal.type("\x03");
    await terminal.waitFor(/cancelled[\s\S]*volley> /);
    terminal.type("select 40 + 2 as n;\r");
    await terminal.waitFor(/42[\s\S]*volley> /);
  });
  it("leaves on Ctrl-D", async () => {
    terminal.type("\x04");
    assert.equal(await terminal.exited(), 0);
  });
});

describe("sessions of both kinds", () => {
  it("have one interface", async () => {
    const remote: QuerySession = await SessionContext.remote(url);
    const here: QuerySession = session;
    assert.deepEqual(await remote.tables(), await here.tables());
    const file = join(folder, "semicolons.csv");
    writeFileSync(file, "a;b\n1;x\n2;-\n");
    for (const each of [remote, here]) {
      await each.registerCsv("semicolons", file, { delimiter: ";", nullValue: "-" });
      assert.deepEqual(await (await each.sql("select * from semicolons order by a")).toArray(), [
        { a: 1n, b: "x" },
        { a: 2n, b: null },
      ]);
    }
    const written = join(folder, "v.parquet");
    await run(["select 7 as seven", "-o", written], "");
    await remote.registerParquet("v", written);
    assert.deepEqual(await (await here.sql("select * from v")).toRows(), [[7]]);
    const unsupported = (error: unknown) => error instanceof QueryError && error.code === "unsupported";
    await assert.rejects(remote.registerParquet("w", [written, written]), unsupported);
    await assert.rejects(remote.registerCsv("w", file, { types: {} }), unsupported);
    await here.sql("drop table v");
    await here.sql("drop table semicolons");
    await remote.close();
  });
});
