/**
 * Queries checked against themselves, where another engine means something else: a condition splits rows into those for
 * which it is true, false and NULL (ternary logic partitioning, Rigger and Su 2020), and it keeps as many rows as a count
 * of its truth says (NoREC, the same authors). `VOLLEY_FUZZ=from-to` runs other seeds.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { QueryError, type SessionContext } from "../../lib/index.ts";
import { volleyRows } from "../support/cells.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";
import { modes, openMode } from "../support/modes.ts";
import { randomCondition } from "./random-query.ts";

const [from, to] = (process.env.VOLLEY_FUZZ ?? (process.env.VOLLEY_LONG ? "1-600" : "1-25")).split("-").map(Number) as [
  number,
  number,
];

/** Not compared: which rows an expression that fails is evaluated for is left to the engine. */
const failures: ReadonlySet<string> = new Set(["overflow", "invalid_argument", "unsupported"]);

describe("conditions", () => {
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

  it(`of seeds ${from} to ${to} split rows into true, false and NULL`, async () => {
    let compared = 0;
    for (let seed = from; seed <= to; seed++) {
      const { from: tables, predicate } = randomCondition(seed);
      const counts = (session: SessionContext, sql: string) =>
        volleyRows(session, sql).then(([row]) => row!.map(Number));
      for (const [mode, session] of sessions) {
        const where = (condition: string) => counts(session, `select count(*) from ${tables} where ${condition}`);
        try {
          const [all] = await counts(session, `select count(*) from ${tables}`);
          if (all! > 20_000) continue;
          const [yes] = await where(predicate);
          const [no] = await where(`not (${predicate})`);
          const [unknown] = await where(`(${predicate}) is null`);
          const named = `seed ${seed}, ${mode}: ${predicate} over ${tables}`;
          assert.equal(yes! + no! + unknown!, all, named);
          const truth = `count(*) filter (where q.p), count(*) filter (where not q.p), count(*) - count(q.p)`;
          const told = await counts(session, `select ${truth} from (select (${predicate}) as p from ${tables}) q`);
          assert.deepEqual(told, [yes, no, unknown], named);
          compared++;
        } catch (error) {
          if (!(error instanceof QueryError) || !failures.has(error.code)) throw error;
        }
      }
    }
    assert.ok(compared > to - from, `only ${compared} were compared`);
  });
});
