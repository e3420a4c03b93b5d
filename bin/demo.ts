/**
 * `npm start`: a join of six TPC-H tables, on Parquet that is generated the first time and kept in .volley/. Shows the
 * question, the answer, and what the stages did.
 */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { formatBytes, formatCount, formatMs } from "../lib/bill/quantities.ts";
import { formatStages } from "../lib/explain/stages.ts";
import { SessionContext } from "../lib/index.ts";
import { formatTable } from "../lib/output/table.ts";
import { generateTpch } from "../lib/tpch/generate.ts";
import { tableNames } from "../lib/tpch/table.ts";

const scale = 0.1;
const root = join(import.meta.dirname, "..");
const folder = join(root, ".volley", `tpch-sf${scale}`);
const shownFolder = relative(process.cwd(), folder) || ".";
/** Two at least, so that there is something to exchange. */
const threads = Math.max(2, availableParallelism());

function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

if (!existsSync(join(folder, "lineitem"))) {
  say(`Generating TPC-H at scale ${scale} in ${shownFolder} (once) …`);
  const start = performance.now();
  // Four files a table: each is read by a task of its own.
  const { tables } = await generateTpch({ scale, out: folder, parts: 4 });
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  say(`${formatCount(rows)} rows, ${formatBytes(bytes)} of Parquet, ${formatMs(performance.now() - start)}\n`);
}

const session = await SessionContext.standalone({ threads });
for (const name of tableNames) {
  const table = join(folder, name);
  await session.registerParquet(name, existsSync(table) ? table : `${table}.parquet`);
}
const sql = readFileSync(join(root, "bench/tpch/q05.sql"), "utf8").trim();
say(`${sql};\n`);
const handle = await session.sql(sql);
say(await formatTable(handle));

const account = await handle.account();
say(`
What happened, on ${threads} executor threads:
  stages     ${account.stages}, ${account.tasks} tasks, ${formatMs(account.elapsedMs)}
  read       ${formatCount(account.rowsRead)} rows, ${formatBytes(account.bytesRead)} of Parquet
  exchanged  ${formatCount(account.rowsExchanged)} rows, ${formatBytes(account.bytesExchanged)} of Arrow IPC between stages
  memory     ${formatBytes(account.memoryPeakBytes)} in the largest task`);
say(`\nThe stages:\n${formatStages(handle.planned.graph, { ids: false })}`);
await session.close();

say(`
Try next:
  npx volley --tables ${shownFolder}                                 a shell over these tables
  npx volley --tables ${shownFolder} "explain analyze select …"      what each operator does
  npx volley "select count(*) from 'your/files/*.parquet'"
  npm test`);
