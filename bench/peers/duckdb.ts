import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { serve, setup, tables } from "./serve.ts";

const instance = await DuckDBInstance.create(":memory:", {
  threads: String(setup.threads),
  memory_limit: setup.memory,
});
const connection = await instance.connect();
for (const table of tables) {
  await connection.run(`create view ${table} as from read_parquet('${join(setup.directory, `${table}.parquet`)}')`);
}
await serve(async (sql) => (await connection.runAndReadAll(sql)).currentRowCount);
