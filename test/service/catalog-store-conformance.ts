/** What every catalog store must do. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CatalogStore, TableDefinition } from "../../lib/catalog/catalog-store.ts";

export function catalogStoreConformance(name: string, make: () => Promise<CatalogStore>): void {
  const table: TableDefinition = { schema: "default", name: "Orders", format: "parquet", paths: ["s3://b/orders/"] };

  describe(name, () => {
    it("keeps tables and views by their names, whatever their case", async () => {
      const store = await make();
      assert.deepEqual(await store.load(), { tables: [], views: [] });
      assert.equal(await store.putTable(table, false), true);
      assert.equal(await store.putTable({ ...table, name: "ORDERS" }, false), false);
      assert.equal(await store.putTable({ ...table, schema: "raw" }, false), true);
      assert.equal(await store.putView({ schema: "default", name: "v", sql: "select 1" }, false), true);
      const { tables, views } = await store.load();
      assert.deepEqual(tables, [table, { ...table, schema: "raw" }]);
      assert.deepEqual(views, [{ schema: "default", name: "v", sql: "select 1" }]);
    });

    it("replaces and drops", async () => {
      const store = await make();
      await store.putTable(table, false);
      const moved = { ...table, paths: ["s3://b/new/"] };
      assert.equal(await store.putTable(moved, true), true);
      assert.deepEqual((await store.load()).tables, [moved]);
      assert.equal(await store.drop("view", "default", "orders"), false);
      assert.equal(await store.drop("table", "default", "oRDERS"), true);
      assert.equal(await store.drop("table", "default", "orders"), false);
      assert.deepEqual((await store.load()).tables, []);
    });
  });
}
