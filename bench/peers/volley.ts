import { join } from "node:path";
import { SessionContext } from "../../lib/index.ts";
import { serve, setup, tables } from "./serve.ts";

const session = await SessionContext.standalone({ threads: setup.threads, memory: setup.memory });
for (const table of tables) await session.registerParquet(table, join(setup.directory, `${table}.parquet`));
await serve(async (sql) => {
  const handle = await session.sql(sql);
  const state = await handle.run();
  const results = state.stages.at(-1)!.tasks.map((task) => task.win!.result.rows);
  return results.reduce((sum, rows) => sum + rows, 0);
});
