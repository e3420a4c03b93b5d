/** Ctrl-C: the query stops, the exit code says so, and no temporary file is left. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { volley } from "./command.ts";
import { hasTerminal, Terminal } from "./terminal.ts";

/** Rows enough for minutes: a join of every row with every row, again and again. */
const endless = `with d as (select * from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) t(i)),
  k as (select a.i + 10 * b.i + 100 * c.i as i from d a, d b, d c)
  select count(*) from k a, k b, k c where a.i * b.i * c.i % 7 = 3`;

describe("in a terminal", { skip: hasTerminal ? false : "there is no script command" }, () => {
  it("a long query shows a progress bar, and Ctrl-C ends it", { timeout: 60_000 }, async () => {
    const terminal = new Terminal([...volley, endless]);
    try {
      await terminal.waitFor(/\d+\/\d+ tasks \| stage \d+\/\d+/);
      terminal.type("\x03");
      await terminal.waitFor(/cancelled/);
      assert.equal(await terminal.exited(), 130);
    } finally {
      terminal.close();
    }
  });
});

describe("interrupting", () => {
  for (const [signal, expected] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    it(`by ${signal}`, { timeout: 60_000 }, async () => {
      const folder = mkdtempSync(join(tmpdir(), "volley-test-"));
      try {
        const child = spawn(volley[0]!, [volley[1]!, endless], { env: { ...process.env, TMPDIR: folder } });
        let error = "";
        child.stderr.on("data", (data) => {
          error += data;
        });
        const exited = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
        while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        await new Promise((resolve) => setTimeout(resolve, 500));
        child.kill(signal);
        assert.equal(await exited, expected);
        assert.equal(error, "cancelled\n");
        assert.deepEqual(readdirSync(folder), []);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
