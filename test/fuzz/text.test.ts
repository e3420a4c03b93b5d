/**
 * Damaged queries: each gives an answer or a QueryError a person can act on; never an internal error, never silence.
 * `VOLLEY_FUZZ=from-to` runs other seeds.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { QueryError, type SessionContext } from "../../lib/index.ts";
import { parseSlt } from "../sql/slt-parse.ts";
import { volleyRows } from "../support/cells.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";
import { openMode } from "../support/modes.ts";
import { mutate, retype } from "./mutate.ts";
import { Random } from "./random.ts";
import { randomQuery } from "./random-query.ts";

const [from, to] = (process.env.VOLLEY_FUZZ ?? (process.env.VOLLEY_LONG ? "1-20000" : "1-1200"))
  .split("-")
  .map(Number) as [number, number];
const answerMillisecondsMax = 60_000;

const scripts = join(import.meta.dirname, "../sql");
const corpus = readdirSync(scripts)
  .filter((name) => name.endsWith(".slt"))
  .flatMap((name) => parseSlt(readFileSync(join(scripts, name), "utf8"), name))
  .map((record) => record.sql);

describe("damaged text", () => {
  let fixtures: Fixtures;
  let session: SessionContext;
  before(async () => {
    fixtures = await makeFixtures();
    session = await openMode(
      "one task",
      new Map(fixtures.tables.map((name) => [name, join(fixtures.directory, name)])),
    );
  });
  after(async () => {
    await session.close();
    fixtures.close();
  });

  for (const [name, damage] of Object.entries({ mutate, retype })) {
    it(`${name}: seeds ${from} to ${to} give an answer or a QueryError`, async () => {
      const failures: string[] = [];
      for (let seed = from; seed <= to; seed++) {
        const random = new Random(seed);
        const sql = damage(random.chance(0.8) ? random.pick(corpus) : randomQuery(seed).sql, random);
        // Numbers changed by chance must not make rows or texts without end.
        if (/range|generate_series|repeat|pad/i.test(sql)) continue;
        const problem = await problemOf(session, sql);
        if (problem) failures.push(`seed ${seed}: ${JSON.stringify(sql)}\n${problem}`);
      }
      assert.equal(failures.length, 0, failures.slice(0, 20).join("\n\n"));
    });
  }
});

async function problemOf(session: SessionContext, sql: string): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("no answer"), answerMillisecondsMax);
  });
  try {
    return await Promise.race([volleyRows(session, sql).then(() => undefined), tooLong]);
  } catch (error) {
    if (error instanceof QueryError && error.code !== "internal") return undefined;
    return String((error as Error).stack);
  } finally {
    clearTimeout(timer);
  }
}
