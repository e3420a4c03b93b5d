/** How many tasks an exchange is worth. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Table } from "../../lib/catalog/table.ts";
import { planQuery } from "../../lib/query.ts";
import { parse } from "../../lib/sql/parse.ts";
import type { SizingOptions } from "../../lib/stages/sizing.ts";
import { TpchCatalog } from "./tpch-catalog.ts";

/** With files to read at once. */
class FileCatalog extends TpchCatalog {
  override async table(name: readonly string[]): Promise<Table | undefined> {
    const table = await super.table(name);
    const files = Array.from({ length: 1000 }, (_, i) => ({ path: `f${i}`, etag: "", bytes: 1 << 20 }));
    return table && { ...table, files };
  }
}

async function tasksOf(sql: string, scale: number, slots: number, sizing: Partial<SizingOptions>): Promise<number> {
  const [statement] = await parse(sql);
  assert.equal(statement?.kind, "query");
  const { graph } = await planQuery(statement.query, { catalog: new FileCatalog(scale), slots, sizing });
  return Math.max(...graph.stages.filter(({ inputs }) => inputs.length > 0).map(({ tasks }) => tasks));
}

describe("tasks behind an exchange", () => {
  const sql = "select l_orderkey, l_partkey, l_suppkey, l_comment, count(*) from lineitem group by all";
  const cloud = { partitionRowsMin: 200_000, partitionRows: 50_000 };

  it("are as many as threads, where there is enough to do at all", async () => {
    assert.equal(await tasksOf(sql, 0.001, 8, {}), 1);
    assert.equal(await tasksOf(sql, 1, 8, {}), 8);
  });

  it("follow the rows on functions, up to the slots", async () => {
    assert.equal(await tasksOf(sql, 0.01, 1000, cloud), 1);
    const few = await tasksOf(sql, 0.1, 1000, cloud);
    assert.ok(few > 1 && few <= 13, `${few}`);
    assert.equal(await tasksOf(sql, 10, 200, cloud), 200);
  });

  it("are more than slots only where partitions would be too large", async () => {
    assert.equal(await tasksOf(sql, 100, 40, { ...cloud, partitionRowsMax: 1_000_000 }), 601);
  });
});
