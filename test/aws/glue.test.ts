/** Tables of Glue as definitions of ours. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GetTablesCommand, Table } from "@aws-sdk/client-glue";
import { types } from "../../lib/arrow/types.ts";
import { glueCatalogStore } from "../../lib/aws/glue-catalog-store.ts";
import { MemoryCatalogStore } from "../../lib/catalog/catalog-store.ts";
import { CloudCatalog } from "../../lib/catalog/cloud-catalog.ts";
import { MemoryStore } from "../../lib/storage/memory-store.ts";

const parquet = {
  SerdeInfo: { SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" },
  InputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
};
const tables: Table[] = [
  {
    Name: "orders",
    StorageDescriptor: {
      ...parquet,
      Location: "s3://lake/orders",
      Columns: [
        { Name: "id", Type: "bigint" },
        { Name: "price", Type: "decimal(12,2)" },
        { Name: "note", Type: "varchar(20)" },
      ],
    },
  },
  {
    Name: "daily",
    PartitionKeys: [{ Name: "day", Type: "date" }],
    StorageDescriptor: { ...parquet, Location: "s3://lake/d/" },
  },
  {
    Name: "odd",
    PartitionKeys: [{ Name: "x", Type: "array<int>" }],
    StorageDescriptor: { ...parquet, Location: "s3://lake/odd/" },
  },
  { Name: "ice", Parameters: { table_type: "ICEBERG" }, StorageDescriptor: { Location: "s3://lake/ice/" } },
  {
    Name: "lines",
    Parameters: { "skip.header.line.count": "1" },
    StorageDescriptor: {
      Location: "s3://lake/lines/",
      SerdeInfo: {
        SerializationLibrary: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        Parameters: { "field.delim": ";" },
      },
      Columns: [{ Name: "a", Type: "int" }],
    },
  },
  { Name: "taken", StorageDescriptor: { ...parquet, Location: "s3://lake/taken/" } },
];

/** Two tables a page. */
const client = {
  send: async ({ input }: GetTablesCommand) => {
    const from = Number(input.NextToken ?? 0);
    const NextToken = from + 2 < tables.length ? String(from + 2) : undefined;
    return { TableList: tables.slice(from, from + 2), ...(NextToken && { NextToken }) };
  },
} as never;

describe("Glue", () => {
  it("gives its tables beside the deployment's own, which come first", async () => {
    const own = new MemoryCatalogStore();
    const taken = { schema: "lake", name: "taken", format: "parquet", paths: ["s3://mine/"] } as const;
    await own.putTable(taken, false);
    const store = glueCatalogStore(own, ["lake"], client);
    const [first, orders, daily, odd, ice, lines, ...rest] = (await store.load()).tables;
    assert.deepEqual(first, taken);
    assert.deepEqual(rest, []);
    assert.deepEqual(orders, {
      schema: "lake",
      name: "orders",
      paths: ["s3://lake/orders/"],
      format: "parquet",
      columns: [
        { name: "id", type: types.int64, nullable: true },
        { name: "price", type: types.decimal(12, 2), nullable: true },
        { name: "note", type: types.varchar, nullable: true },
      ],
    });
    assert.deepEqual(daily!.options, { partitionedBy: ["day"], hiveTypes: { day: types.date } });
    assert.match(ice!.unsupported!, /ICEBERG/);
    assert.equal(odd!.unsupported, "partition columns of the type array<int>");
    assert.deepEqual(
      [lines!.format, lines!.options],
      ["csv", { delimiter: ";", header: true, types: { a: types.int32 }, names: ["a"] }],
    );
    const catalog = await CloudCatalog.load(store, new MemoryStore());
    await assert.rejects(catalog.table(["lake", "odd"]), { code: "unsupported", message: /partition columns/ });
  });
});
