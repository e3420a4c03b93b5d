/** The embedded cluster when things go wrong: threads die, attempts fail, memory ends, queries are cancelled. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { QueryError, SessionContext, type TestingOptions } from "../../lib/index.ts";
import { comparable, duckdbRows, volleyRows } from "../support/cells.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";

const manyStages: TestingOptions = {
  inline: false,
  partitions: 5,
  taskBytesMin: 1,
  taskBytesMax: 1,
  partitionRowsMin: 0,
  replicateBytesMax: 0,
  broadcastRowsMax: 0,
};

/** About fifty tasks in five stages. */
const query = `select n.k, count(*), sum(s.v), max(w.w) from numbers n join skewed s on n.k = s.k
  join words w on w.g = n.k group by n.k order by n.k`;
/** Never ends in a test's lifetime. */
const endless = "select sum(a.v + b.v + c.v + d.v) from numbers a, numbers b, numbers c, numbers d, skewed e, skewed f";

describe("embedded cluster", () => {
  let fixtures: Fixtures;
  let scratch: string;
  before(async () => {
    fixtures = await makeFixtures();
    scratch = mkdtempSync(join(tmpdir(), "volley-scratch-test-"));
  });
  after(() => {
    fixtures.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function open(testing: TestingOptions, memory = "512MB"): Promise<SessionContext> {
    const session = await SessionContext.standalone({ threads: 2, memory, temporaryDirectory: scratch, testing });
    for (const name of fixtures.tables) await session.registerParquet(name, join(fixtures.directory, name));
    return session;
  }

  it("answers rightly while threads die and attempts fail", async () => {
    const expected = comparable(await duckdbRows(fixtures.duckdb, query), true);
    await using session = await open({ ...manyStages, faults: { crash: 0.03, fail: 0.05 } });
    let retries = 0;
    for (let run = 0; run < 5; run++) {
      const handle = await session.sql(query);
      const state = await handle.run();
      const tasks = state.stages.flatMap((stage) => stage.tasks);
      retries += tasks.reduce((sum, task) => sum + task.attempts - 1, 0);
      assert.deepEqual(comparable(await volleyRows(session, query), true), expected);
    }
    assert.ok(retries > 0, "no fault was met");
  });

  it("gives up with the executor's error when every attempt dies", async () => {
    await using session = await open({ ...manyStages, faults: { crash: 1, fail: 0 } });
    await assert.rejects(volleyRows(session, query), (error: QueryError) => {
      assert.equal(error.code, "executor_lost");
      assert.match(error.message, /gave up after 4 attempts/);
      return true;
    });
  });

  it("says so when memory ends, and the next query has it all again", async () => {
    await using session = await open({ inline: false }, "24MB");
    await assert.rejects(
      volleyRows(session, "select string_agg(a.w || b.w || c.w, ',') from words a, words b, words c"),
      (error: QueryError) => {
        assert.equal(error.code, "out_of_memory");
        return true;
      },
    );
    assert.deepEqual(await volleyRows(session, "select count(*) from numbers"), [["100"]]);
  });

  it("stops a running query when it is cancelled, and removes its files", async () => {
    await using session = await open({ ...manyStages });
    const handle = await session.sql(endless);
    const running = handle.run();
    setTimeout(() => handle.cancel(), 300);
    await assert.rejects(running, { code: "cancelled" });
    const left = readdirSync(scratch, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("/q/"));
    assert.deepEqual(left, []);
    assert.deepEqual(await volleyRows(session, "select count(*) from numbers"), [["100"]]);
  });

  it("answers many queries at once", async () => {
    const expected = comparable(await duckdbRows(fixtures.duckdb, query), true);
    await using session = await open(manyStages);
    const answers = await Promise.all(Array.from({ length: 20 }, () => volleyRows(session, query)));
    for (const answer of answers) assert.deepEqual(comparable(answer, true), expected);
  });

  it("a user's error ends the query without retries", async () => {
    await using session = await open(manyStages);
    const handle = await session.sql("select 1 / (k - k) from numbers");
    let attempts = 0;
    handle.onState((state) => {
      attempts = Math.max(0, ...state.stages.flatMap((stage) => stage.tasks.map((task) => task.attempts)));
    });
    await assert.rejects(handle.run(), { code: "invalid_argument" });
    assert.equal(attempts, 1);
  });

  it("leaves nothing behind when closed", async () => {
    const session = await open(manyStages);
    await volleyRows(session, query);
    await session.close();
    assert.deepEqual(readdirSync(scratch), []);
    await assert.rejects(session.sql("select 1"), QueryError);
  });
});
