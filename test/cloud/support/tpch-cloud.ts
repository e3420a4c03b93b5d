/** An emulated cloud with the TPC-H tables in it, and DuckDB with the same. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { makeTpchTables, registerTables, tpchBucket } from "../../../lib/dev/dev-tables.ts";
import { type CloudOptions, EmulatedCloud } from "../../../lib/dev/emulated-cloud.ts";
import { comparable, duckdbRows, type Row } from "../../support/cells.ts";
import { CloudClient } from "./cloud-client.ts";

/** Nothing runs in the scheduler, and small tables are many tasks. */
export const manyTasks = {
  VOLLEY_INLINE_BYTES: "1",
  VOLLEY_SIZING: JSON.stringify({ taskBytesMin: 1, partitionRowsMin: 1000, partitionRows: 1000, replicateBytesMax: 0 }),
};

export interface TpchCloudOptions extends CloudOptions {
  readonly scale?: number;
  readonly parts?: number;
}

export class TpchCloud {
  readonly cloud: EmulatedCloud;
  readonly client: CloudClient;
  readonly duckdb: DuckDBConnection;
  readonly #directory: string;

  private constructor(cloud: EmulatedCloud, client: CloudClient, duckdb: DuckDBConnection, directory: string) {
    this.cloud = cloud;
    this.client = client;
    this.duckdb = duckdb;
    this.#directory = directory;
  }

  static async start({ scale = 0.01, parts = 3, ...options }: TpchCloudOptions = {}): Promise<TpchCloud> {
    const directory = mkdtempSync(join(tmpdir(), "volley-cloud-tables-"));
    const tables = await makeTpchTables(directory, scale, parts);
    const cloud = await EmulatedCloud.start({ ...options, data: { ...options.data, [tpchBucket]: directory } });
    await registerTables(cloud, tables);
    const duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
    for (const { name, paths } of tables) {
      const file = paths[0]!.replace(`s3://${tpchBucket}`, directory).replace(/\/$/, "/*.parquet");
      await duckdb.run(`create view ${name} as from read_parquet('${file}')`);
    }
    const headers: Record<string, string> =
      options.auth === "jwt" ? { authorization: `Bearer ${cloud.jwt.token("tests")}` } : {};
    return new TpchCloud(cloud, new CloudClient(cloud.url, headers), duckdb, directory);
  }

  /** What DuckDB says, in comparable form. */
  async expected(sql: string): Promise<string[]> {
    return comparable(await duckdbRows(this.duckdb, sql), false);
  }

  async rows(sql: string): Promise<string[]> {
    return comparableRows(await this.client.rows(sql));
  }

  async close(): Promise<void> {
    this.duckdb.closeSync();
    await this.cloud.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Resolves once nothing runs and nothing waits to run. */
export async function quiet(cloud: EmulatedCloud): Promise<void> {
  const functions = [cloud.scheduler, ...cloud.executors];
  await until(() => functions.every(({ running, queued }) => running === 0 && queued === 0));
}

export function comparableRows(rows: readonly Row[]): string[] {
  return comparable(rows, false);
}

export function tpchQuery(number: number): string {
  const name = `q${String(number).padStart(2, "0")}.sql`;
  return readFileSync(join(import.meta.dirname, "../../../bench/tpch", name), "utf8");
}

export async function until(condition: () => boolean | Promise<boolean>, everyMs = 20): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, everyMs));
}
