/**
 * Random queries against DuckDB in every mode. `VOLLEY_FUZZ=from-to` runs other seeds, and more of them:
 *   VOLLEY_FUZZ=1000-5000 node --test test/fuzz/queries.test.ts
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { QueryError, type SessionContext } from "../../lib/index.ts";
import { comparable, duckdbRows, volleyRows } from "../support/cells.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";
import { modes, openMode } from "../support/modes.ts";
import { randomQuery } from "./random-query.ts";

const [from, to] = (process.env.VOLLEY_FUZZ ?? (process.env.VOLLEY_LONG ? "1-1000" : "1-100"))
  .split("-")
  .map(Number) as [number, number];
const rowsMax = 20_000;
/** DuckDB may take so long for a query; then it is left out. */
const oracleMillisecondsMax = 2_000;

describe("random queries", () => {
  let fixtures: Fixtures;
  const sessions = new Map<string, SessionContext>();
  before(async () => {
    fixtures = await makeFixtures();
    const tables = new Map(fixtures.tables.map((name) => [name, join(fixtures.directory, name)]));
    for (const mode of Object.keys(modes)) sessions.set(mode, await openMode(mode, tables));
  });
  after(async () => {
    for (const session of sessions.values()) await session.close();
    fixtures.close();
  });

  it(`seeds ${from} to ${to} agree with DuckDB in every mode`, async () => {
    const failures: string[] = [];
    let compared = 0;
    for (let seed = from; seed <= to; seed++) {
      const { sql, ordered } = randomQuery(seed);
      const timer = setTimeout(() => fixtures.duckdb.interrupt(), oracleMillisecondsMax);
      const expected = await duckdbRows(fixtures.duckdb, sql).catch(() => undefined);
      clearTimeout(timer);
      // What DuckDB refuses, or answers with very many rows, tells nothing.
      if (!expected || expected.length > rowsMax) continue;
      compared++;
      const want = comparable(expected, ordered);
      for (const [mode, session] of sessions) {
        try {
          assert.deepEqual(comparable(await volleyRows(session, sql), ordered), want);
        } catch (error) {
          // Which rows an expression is evaluated for, and so meets an overflow in, is left to the engine.
          if (error instanceof QueryError && error.code === "overflow") continue;
          failures.push(`seed ${seed}, ${mode}: ${sql}\n${(error as Error).message.slice(0, 1500)}`);
        }
      }
    }
    assert.ok(compared > (to - from) / 2, `only ${compared} queries were compared`);
    assert.equal(
      failures.length,
      0,
      `${failures.length} of ${compared} differ\n\n${failures.slice(0, 20).join("\n\n")}`,
    );
  });
});
