/** Polars through nodejs-polars, when it is installed (`npm install --no-save nodejs-polars`). */
import { join } from "node:path";
import { serve, setup, tables } from "./serve.ts";

process.env.POLARS_MAX_THREADS = String(setup.threads);
interface Polars {
  scanParquet(path: string): unknown;
  SQLContext(tables: Record<string, unknown>): {
    execute(sql: string, options: { eager: boolean }): { height: number };
  };
}
const name = "nodejs-polars";
const module = (await import(name).catch(() => process.exit(0))) as { default: Polars };
const polars = module.default;
const frames = Object.fromEntries(
  tables.map((table) => [table, polars.scanParquet(join(setup.directory, `${table}.parquet`))]),
);
const context = polars.SQLContext(frames);
await serve(async (sql) => context.execute(sql, { eager: true }).height);
