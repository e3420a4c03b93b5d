/** Every script in this folder, in every mode, and against DuckDB (records marked `skipif duckdb` differ on purpose). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { SessionContext } from "../../lib/index.ts";
import { QueryError } from "../../lib/index.ts";
import { comparable, duckdbRows, type Row, volleyRows } from "../support/cells.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";
import { modes, openMode } from "../support/modes.ts";
import { parseSlt, type SltRecord } from "./slt-parse.ts";

const scripts = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".slt"));

let fixtures: Fixtures;
before(async () => {
  fixtures = await makeFixtures();
});
after(() => fixtures.close());

for (const mode of Object.keys(modes)) {
  describe(mode, () => {
    let session: SessionContext;
    before(async () => {
      session = await openMode(mode, new Map(fixtures.tables.map((name) => [name, join(fixtures.directory, name)])));
    });
    after(() => session.close());
    for (const script of scripts) {
      it(script, async () => {
        const failures: string[] = [];
        for (const record of parseSlt(readFileSync(join(import.meta.dirname, script), "utf8"), script)) {
          if (record.skipIf.includes("volley") || (record.onlyIf.length > 0 && !record.onlyIf.includes("volley")))
            continue;
          try {
            await check(session, record);
          } catch (error) {
            failures.push(`${script}:${record.line}: ${record.sql}\n${(error as Error).message}`);
          }
        }
        assert.equal(failures.length, 0, `${failures.length} records failed\n\n${failures.join("\n\n")}`);
      });
    }
  });
}

async function check(session: SessionContext, record: SltRecord): Promise<void> {
  if (record.error) return checkError(session, record);
  const rows = await volleyRows(session, record.sql);
  if (record.kind === "statement") return;
  const ordered = record.sort === "nosort";
  const got = comparable(rows, ordered);
  if (record.expected) {
    const columns = rows[0]?.length ?? 1;
    const expected = record.expected.map((line) => splitRow(line, columns));
    assert.deepEqual(got, comparable(expected, ordered), "differs from the script");
  }
  if (record.skipIf.includes("duckdb") || record.onlyIf.length > 0) return;
  assert.deepEqual(got, comparable(await duckdbRows(fixtures.duckdb, record.sql), ordered), "differs from DuckDB");
}

function splitRow(line: string, columns: number): Row {
  if (columns === 1) return [line === "(empty)" ? "" : line];
  return (line.includes("\t") ? line.split("\t") : line.split(/ +/)).map((cell) => (cell === "(empty)" ? "" : cell));
}

async function checkError(session: SessionContext, record: SltRecord): Promise<void> {
  await assert.rejects(volleyRows(session, record.sql), (error: unknown) => {
    assert.ok(error instanceof QueryError, `not a QueryError: ${error}`);
    assert.match(`${error.code}: ${error.message}`, record.error!);
    return true;
  });
}
