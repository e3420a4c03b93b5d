/** `npm run localstack:smoke`: queries over the seeded tables, with answers known from their definition or by arithmetic. */
import assert from "node:assert/strict";
import { query } from "./client.ts";

const checks: readonly {
  readonly what: string;
  readonly sql: string;
  readonly rows: readonly (readonly unknown[])[];
}[] = [
  { what: "no table", sql: "SELECT 6 * 7 AS answer, 'Grüße' AS greeting", rows: [[42, "Grüße"]] },
  { what: "a scan", sql: "SELECT count(*) FROM orders", rows: [["150000"]] },
  {
    what: "a join of five tables",
    // Every line has a supplier, whose nation has a region: the join loses none and doubles none.
    sql: `SELECT count(*) = (SELECT count(*) FROM lineitem), count(DISTINCT r_name)
      FROM lineitem JOIN orders ON l_orderkey = o_orderkey JOIN supplier ON l_suppkey = s_suppkey
      JOIN nation ON s_nationkey = n_nationkey JOIN region ON n_regionkey = r_regionkey`,
    rows: [[true, "5"]],
  },
  {
    what: "many groups",
    // Every order has a line.
    sql: `SELECT count(*), sum(n) = (SELECT count(*) FROM lineitem), min(length(longest)) > 0
      FROM (SELECT l_orderkey, count(*) AS n, max(l_comment) AS longest FROM lineitem GROUP BY l_orderkey) AS orders`,
    rows: [["150000", true, true]],
  },
  {
    what: "groups in order",
    sql: "SELECT r_name FROM region ORDER BY r_name DESC",
    rows: [["MIDDLE EAST"], ["EUROPE"], ["ASIA"], ["AMERICA"], ["AFRICA"]],
  },
];

for (const { what, sql, rows: expected } of checks) {
  const start = performance.now();
  const { rows, stages = [], cost } = await query(sql);
  assert.deepEqual(comparable(rows), comparable(expected), what);
  const tasks = stages.reduce((sum, stage) => sum + stage.tasks, 0);
  const elapsed = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  process.stdout.write(`ok ${what}: ${tasks} tasks, ${elapsed}, $${cost?.total.toFixed(6)}\n`);
}
await assert.rejects(query("SELECT * FROM read_parquet('s3://not-ours/x.parquet')"), /not-ours/);
process.stdout.write("ok a bucket that was not given is refused\n");

/** 64-bit integers may come as numbers or as text. */
function comparable(rows: readonly (readonly unknown[])[]): readonly (readonly string[])[] {
  return rows.map((row) => row.map(String));
}
