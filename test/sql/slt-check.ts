/** Runs a script's records through an engine; `duckdb` answers those that do not differ on purpose. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { QueryError } from "../../lib/index.ts";
import { comparable, duckdbRows, type Row } from "../support/cells.ts";
import { parseSlt, type SltRecord } from "./slt-parse.ts";

export type Engine = (sql: string) => Promise<Row[]>;

export const scripts = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".slt"));

/** One record in so many, and all statements that others may need. */
export interface Sample {
  readonly every: number;
  readonly from: number;
}

/** Gives how many records were checked. */
export async function checkScript(
  script: string,
  engine: Engine,
  duckdb: DuckDBConnection,
  { every, from }: Sample = { every: 1, from: 0 },
): Promise<number> {
  const failures: string[] = [];
  let checked = 0;
  for (const [i, record] of parseSlt(readFileSync(join(import.meta.dirname, script), "utf8"), script).entries()) {
    if (i % every !== from && (record.error || !/^(create|insert|drop)\b/i.test(record.sql))) continue;
    if (record.skipIf.includes("volley") || (record.onlyIf.length > 0 && !record.onlyIf.includes("volley"))) continue;
    checked++;
    try {
      await check(engine, record, duckdb);
    } catch (error) {
      failures.push(`${script}:${record.line}: ${record.sql}\n${(error as Error).message}`);
    }
  }
  assert.equal(failures.length, 0, `${failures.length} records failed\n\n${failures.join("\n\n")}`);
  return checked;
}

async function check(engine: Engine, record: SltRecord, duckdb: DuckDBConnection): Promise<void> {
  if (record.error) return checkError(engine, record);
  const rows = await engine(record.sql);
  if (record.kind === "statement") return;
  const ordered = record.sort === "nosort";
  const got = comparable(rows, ordered);
  if (record.expected) {
    const columns = rows[0]?.length ?? 1;
    const expected = record.expected.map((line) => splitRow(line, columns));
    assert.deepEqual(got, comparable(expected, ordered), "differs from the script");
  }
  if (record.skipIf.includes("duckdb") || record.onlyIf.length > 0) return;
  assert.deepEqual(got, comparable(await duckdbRows(duckdb, record.sql), ordered), "differs from DuckDB");
}

function splitRow(line: string, columns: number): Row {
  if (columns === 1) return [line === "(empty)" ? "" : line];
  return (line.includes("\t") ? line.split("\t") : line.split(/ +/)).map((cell) => (cell === "(empty)" ? "" : cell));
}

async function checkError(engine: Engine, record: SltRecord): Promise<void> {
  await assert.rejects(engine(record.sql), (error: unknown) => {
    assert.ok(error instanceof QueryError, `not a QueryError: ${error}`);
    assert.match(`${error.code}: ${error.message}`, record.error!);
    return true;
  });
}
