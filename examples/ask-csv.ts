/**
 * A question to CSV data, and its answer as a table and as Arrow.
 *
 *   npx node examples/ask-csv.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableToIPC } from "apache-arrow";
import { SessionContext } from "../lib/index.ts";

const folder = mkdtempSync(join(tmpdir(), "trips-"));
const lines = Array.from(
  { length: 10_000 },
  (_, i) => `${i},${i % 7},${(i * 37) % 1000},2024-01-${String((i % 28) + 1).padStart(2, "0")}`,
);
writeFileSync(join(folder, "trips.csv"), `trip,zone,meters,day\n${lines.join("\n")}\n`);

const ctx = await SessionContext.standalone({ threads: 2 });
try {
  await ctx.registerCsv("trips", join(folder, "trips.csv"));
  const longest = await ctx.sql(
    "select zone, count(*) as trips, max(meters) as longest from trips where day < $before group by zone order by zone",
    { parameters: { before: "2024-01-15" } },
  );
  await longest.show();

  // Arrow for whatever reads Arrow; `volley … -o trips.parquet` on the command line writes Parquet.
  const arrow = await (await ctx.sql("select zone, meters from trips where meters > 990")).toArrow();
  console.log(`${arrow.numRows} long trips, ${tableToIPC(arrow).byteLength} bytes as Arrow`);

  const { stages, tasks, rowsRead, elapsedMs } = await longest.account();
  console.log(`${stages} stages, ${tasks} tasks, ${rowsRead} rows read, ${Math.round(elapsedMs)} ms`);
} finally {
  await ctx.close();
  rmSync(folder, { recursive: true });
}
