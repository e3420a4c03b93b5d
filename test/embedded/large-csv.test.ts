/** A large CSV file is read by several tasks where no quoted field can hold a line break, and by one otherwise. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { SessionContext } from "../../lib/index.ts";

const rows = 1_500_000;

describe("a CSV file of 40 MB", () => {
  const folder = mkdtempSync(join(tmpdir(), "volley-large-csv-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** How many tasks read the file, and what its rows add up to. */
  async function read(text: string): Promise<{ tasks: number; answer: unknown[] }> {
    const path = join(folder, "large.csv");
    writeFileSync(path, text);
    await using session = await SessionContext.standalone({ threads: 3, memory: "512MB" });
    const handle = await session.sql(`select count(*), sum(n), count(distinct n), max(length(t)) from '${path}'`);
    const [answer] = await handle.toRows();
    return { tasks: (await handle.run()).stages[0]!.tasks.length, answer: answer!.map(Number) };
  }

  const line = (i: number) => `${i},some text ${i % 1000} and more\n`;
  const lines = Array.from({ length: rows }, (_, i) => line(i));
  const sum = (rows * (rows - 1)) / 2;

  it("without quotes is divided", async () => {
    const { tasks, answer } = await read(`n,t\n${lines.join("")}`);
    assert.equal(tasks, 3);
    assert.deepEqual(answer, [rows, sum, rows, 22]);
  });

  it("with a quote somewhere is not", async () => {
    lines[rows - 2] = `${rows - 2},"in two\n${"9,lines\n".repeat(20)}"\n`;
    const { tasks, answer } = await read(`n,t\n${lines.join("")}`);
    assert.equal(tasks, 1);
    assert.deepEqual(answer, [rows, sum, rows, 167]);
  });
});
