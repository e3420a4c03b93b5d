/** Queries over far more data than their memory holds: right answers, and the resident memory stays near the limit. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type QueryError, SessionContext } from "../../lib/index.ts";
import { writeAnswer } from "../../lib/output/format.ts";
import { comparable, duckdbRows, volleyRows } from "../support/cells.ts";

const rows = 1_000_000;

describe("with 64 MB", () => {
  const folder = mkdtempSync(join(tmpdir(), "volley-memory-"));
  const scratch = join(folder, "scratch");
  const table = join(folder, "t.parquet");
  let duckdb: DuckDBConnection;
  let session: SessionContext;
  before(async () => {
    duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
    const columns = `i, (i * 7919) % ${rows} as k, md5(i::varchar) as t, (i % 1000 / 7)::decimal(9, 2) as d`;
    await duckdb.run(`copy (select ${columns} from range(${rows}) r(i)) to '${table}' (row_group_size 50000)`);
    session = await SessionContext.standalone({ threads: 2, memory: "64MB", temporaryDirectory: scratch });
  });
  after(async () => {
    await session.close();
    duckdb.closeSync();
    rmSync(folder, { recursive: true, force: true });
  });

  const queries: Readonly<Record<string, string>> = {
    "groups by text": `select count(*), min(t), max(c) from (select t, count(*) as c from '${table}' group by t) g`,
    "groups by two columns": `select count(*), sum(s) from (select k, t, sum(d) as s from '${table}' group by k, t) g`,
    "distinct counts": `select count(distinct t), count(distinct k) from '${table}'`,
    joins: `select count(*), min(a.t), max(b.t) from '${table}' a join '${table}' b on a.k = b.i`,
    "joins of text": `select count(*), sum(a.i) from '${table}' a join '${table}' b on a.t = b.t where b.i % 3 = 0`,
    "outer joins": `select count(*), count(b.t) from '${table}' a left join '${table}' b on a.k + 500000 = b.i`,
    sorts: `select i, t from (select i, t, row_number from (select i, t, k as row_number from '${table}' order by t) s) q
      order by t limit 5 offset 999990`,
  };
  for (const [name, sql] of Object.entries(queries)) {
    it(`${name} as DuckDB does`, async () => {
      const expected = comparable(await duckdbRows(duckdb, sql), false);
      const handle = await session.sql(sql);
      assert.deepEqual(comparable(await volleyRows(session, sql), false), expected);
      const { stages } = await handle.run();
      const peaks = stages.flatMap(({ tasks }) => tasks.map(({ win }) => win!.result.memoryPeakBytes));
      assert.ok(Math.max(...peaks) <= 24 << 20, `an executor took ${Math.max(...peaks)} bytes`);
    });
  }

  it("writes all rows in order, and leaves nothing behind", async () => {
    const output = join(folder, "sorted.parquet");
    await writeAnswer(await session.sql(`select * from '${table}' order by t`), { format: "parquet", output });
    const check = `select count(*), count(*) filter (t < before), sum(i) from
      (select *, lag(t) over () as before from read_parquet('${output}')) s`;
    assert.deepEqual(await duckdbRows(duckdb, check), [[`${rows}`, "0", `${(rows * (rows - 1)) / 2}`]]);
    assert.ok(statSync(output).size > 10_000_000);
  });

  it("says what to do when a single value is too large, and goes on", async () => {
    await assert.rejects(
      volleyRows(session, `select length(string_agg(t, ',')) from '${table}'`),
      (error: QueryError) => {
        assert.equal(error.code, "out_of_memory");
        assert.match(error.hint ?? "", /--memory/);
        return true;
      },
    );
    assert.deepEqual(await volleyRows(session, `select count(*) from '${table}'`), [[`${rows}`]]);
  });

  it("answers 50 queries at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        volleyRows(session, `select count(*) from '${table}' where k < ${i * 1000}`),
      ),
    );
    assert.deepEqual(
      answers,
      answers.map((_, i) => [[`${i * 1000}`]]),
    );
  });

  it("keeps a large answer on the disk until its handle goes, a small one never", async () => {
    const left = () =>
      readdirSync(scratch, { recursive: true, encoding: "utf8" }).filter((name) => /\ba\d+-/.test(name));
    const before = left().length;
    const small = await session.sql(`select i from '${table}' where i < 10`);
    assert.equal((await small.toRows()).length, 10);
    assert.equal(left().length, before);
    const large = await session.sql(`select i, t from '${table}'`);
    let batches = 0;
    let read = 0;
    for await (const batch of large) {
      batches++;
      read += batch.numRows;
    }
    assert.equal(read, rows);
    assert.ok(batches > 50);
    assert.ok(left().length > before);
  });
});
