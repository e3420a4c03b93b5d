/**
 * A known query suite on small generated data against DuckDB: each query in one of the modes in turn, or with
 * VOLLEY_LONG=1 (suites.long.ts) in all of them. The queries lie beside in a
 * .sql file, separated by semicolons; where the original leaves ties open, ours names more columns in ORDER BY.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { SessionContext } from "../../lib/index.ts";
import { comparable, duckdbRows, type Row, volleyRows } from "../support/cells.ts";
import { modes, openMode } from "../support/modes.ts";

const filesPerTable = 3;
const long = process.env.VOLLEY_LONG === "1";

export interface Suite {
  readonly name: string;
  /** SQL of each table for DuckDB, which may name tables before it. `random(i, n)` is a fixed number below n for row i. */
  readonly tables: Readonly<Record<string, string>>;
  /** Of the suite; to notice when reading the file goes wrong. */
  readonly queries: number;
}

export function runSuite({ name, tables, queries }: Suite): void {
  const texts = readFileSync(join(import.meta.dirname, `${name}.sql`), "utf8")
    .split(/;\s*$/m)
    .map((text) => text.replaceAll(/^--.*$/gm, "").trim())
    .filter((text) => text !== "");
  describe(name, () => {
    const directory = mkdtempSync(join(tmpdir(), `volley-${name}-`));
    let duckdb: DuckDBConnection;
    const expected = new Map<string, Row[]>();
    before(async () => {
      const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
      duckdb = await instance.connect();
      await duckdb.run("create macro random_below(i, salt, n) as (hash(i * 7919 + salt) % n)::bigint");
      for (const [table, sql] of Object.entries(tables)) await writeTable(duckdb, directory, table, sql);
      for (const text of texts) expected.set(text, await duckdbRows(duckdb, text));
    });
    after(() => {
      duckdb.closeSync();
      rmSync(directory, { recursive: true, force: true });
    });
    it(`has ${queries} queries, of which most give rows`, () => {
      assert.equal(texts.length, queries);
      const empty = texts.filter((text) => expected.get(text)!.length === 0);
      assert.ok(empty.length < queries / 4, `without rows: ${empty.join("\n\n")}`);
    });
    for (const [turn, mode] of Object.keys(modes).entries()) {
      it(mode, async () => {
        const paths = new Map(Object.keys(tables).map((table) => [table, join(directory, table)]));
        const session = await openMode(mode, paths);
        const failures: string[] = [];
        const mine = texts.filter((_, i) => long || i % Object.keys(modes).length === turn);
        for (const text of mine) {
          const failure = await compare(session, text, expected.get(text)!);
          if (failure) failures.push(`${text}\n${failure}`);
        }
        await session.close();
        assert.equal(failures.length, 0, `${failures.length} differ\n\n${failures.join("\n\n")}`);
      });
    }
  });
}

async function compare(session: SessionContext, sql: string, expected: readonly Row[]): Promise<string | undefined> {
  const ordered = /\border by\b[^()]*(\([^()]*\)[^()]*)*$/i.test(sql);
  try {
    assert.deepEqual(comparable(await volleyRows(session, sql), ordered), comparable(expected, ordered));
    return undefined;
  } catch (error) {
    return (error as Error).message.slice(0, 2000);
  }
}

async function writeTable(duckdb: DuckDBConnection, directory: string, table: string, sql: string): Promise<void> {
  const folder = join(directory, table);
  mkdirSync(folder);
  await duckdb.run(`create temp table rows as select *, row_number() over () as row from (${sql})`);
  for (let file = 0; file < filesPerTable; file++) {
    const rows = `select * exclude (row) from rows where row % ${filesPerTable} = ${file}`;
    await duckdb.run(`copy (${rows}) to '${folder}/${file}.parquet' (format parquet, row_group_size 2048)`);
  }
  await duckdb.run("drop table rows");
  await duckdb.run(`create view ${table} as select * from read_parquet('${folder}/*.parquet')`);
}
