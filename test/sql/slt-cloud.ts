/** The tables of the scripts in an emulated cloud, cut into many tasks, and DuckDB with the same. */
import { registerTables } from "../../lib/dev/dev-tables.ts";
import { EmulatedCloud } from "../../lib/dev/emulated-cloud.ts";
import { CloudClient } from "../cloud/support/cloud-client.ts";
import { manyTasks } from "../cloud/support/tpch-cloud.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";
import { checkScript, type Sample } from "./slt-check.ts";

export class SltCloud {
  readonly #fixtures: Fixtures;
  readonly #cloud: EmulatedCloud;
  readonly #client: CloudClient;

  private constructor(fixtures: Fixtures, cloud: EmulatedCloud) {
    this.#fixtures = fixtures;
    this.#cloud = cloud;
    this.#client = new CloudClient(cloud.url);
  }

  static async start(): Promise<SltCloud> {
    const fixtures = await makeFixtures();
    const cloud = await EmulatedCloud.start({
      executors: 2,
      schedulers: 2,
      apis: 2,
      data: { tables: fixtures.directory },
      variables: manyTasks,
    });
    const tables = fixtures.tables.map((name) => {
      return { name, paths: [`s3://tables/${name}/`], format: "parquet" as const };
    });
    await registerTables(cloud, tables);
    return new SltCloud(fixtures, cloud);
  }

  check(script: string, sample?: Sample): Promise<number> {
    return checkScript(script, (sql) => this.#client.rows(sql), this.#fixtures.duckdb, sample);
  }

  async close(): Promise<void> {
    await this.#cloud.close();
    this.#fixtures.close();
  }
}
