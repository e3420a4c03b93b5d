/** Every script in this folder once more: through the HTTP API of the emulated cloud, cut into many tasks. */
import { after, before, describe, it } from "node:test";
import { registerTables } from "../../lib/dev/dev-tables.ts";
import { EmulatedCloud } from "../../lib/dev/emulated-cloud.ts";
import { CloudClient } from "../cloud/support/cloud-client.ts";
import { manyTasks } from "../cloud/support/tpch-cloud.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";
import { checkScript, scripts } from "./slt-check.ts";

let fixtures: Fixtures;
let cloud: EmulatedCloud;
let client: CloudClient;

before(async () => {
  fixtures = await makeFixtures();
  cloud = await EmulatedCloud.start({
    executors: 2,
    schedulers: 2,
    data: { tables: fixtures.directory },
    variables: manyTasks,
  });
  const tables = fixtures.tables.map((name) => ({ name, paths: [`s3://tables/${name}/`], format: "parquet" as const }));
  await registerTables(cloud, tables);
  client = new CloudClient(cloud.url);
});
after(async () => {
  await cloud?.close();
  fixtures.close();
});

describe("emulated cloud", () => {
  for (const script of scripts) it(script, () => checkScript(script, (sql) => client.rows(sql), fixtures.duckdb));
});
