/** TPC-H tables as a catalog would find them at a scale, without any file: schema and what Parquet footers would say. */
import { types } from "../../lib/arrow/types.ts";
import type { Catalog, ColumnStatistics, Table } from "../../lib/catalog/table.ts";
import { QueryError } from "../../lib/errors.ts";
import { type TableName, tableNames } from "../../lib/tpch/table.ts";
import { tpchTables } from "../../lib/tpch/tables.ts";

const rowsAtScale1: Readonly<Record<TableName, number>> = {
  region: 5,
  nation: 25,
  supplier: 10_000,
  customer: 150_000,
  part: 200_000,
  partsupp: 800_000,
  orders: 1_500_000,
  lineitem: 6_001_215,
};

const days = (date: string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
const money = (low: number, high: number) => ({
  min: String(Math.round(low * 100)),
  max: String(Math.round(high * 100)),
});

/** Bounds by column, without the table's prefix; `scale` is the number of rows of the table itself where it matters. */
function bounds(scale: number): Readonly<Record<string, Pick<ColumnStatistics, "min" | "max">>> {
  const upTo = (count: number) => ({ min: "1", max: String(Math.floor(count * scale)) });
  const nine = (prefix: string, count: number) => ({
    min: `${prefix}${"1".padStart(9, "0")}`,
    max: `${prefix}${String(Math.floor(count * scale)).padStart(9, "0")}`,
  });
  const nationKey = { min: "0", max: "24" };
  const regionKey = { min: "0", max: "4" };
  return {
    r_regionkey: regionKey,
    r_name: { min: "AFRICA", max: "MIDDLE EAST" },
    n_nationkey: nationKey,
    n_regionkey: regionKey,
    n_name: { min: "ALGERIA", max: "VIETNAM" },
    s_suppkey: upTo(10_000),
    s_name: nine("Supplier#", 10_000),
    s_nationkey: nationKey,
    s_phone: { min: "10-100-166-6237", max: "34-999-618-6881" },
    s_acctbal: money(-999.99, 9999.99),
    c_custkey: upTo(150_000),
    c_name: nine("Customer#", 150_000),
    c_nationkey: nationKey,
    c_phone: { min: "10-100-106-1617", max: "34-999-618-6881" },
    c_acctbal: money(-999.99, 9999.99),
    c_mktsegment: { min: "AUTOMOBILE", max: "MACHINERY" },
    p_partkey: upTo(200_000),
    p_mfgr: { min: "Manufacturer#1", max: "Manufacturer#5" },
    p_brand: { min: "Brand#11", max: "Brand#55" },
    p_type: { min: "ECONOMY ANODIZED BRASS", max: "STANDARD POLISHED TIN" },
    p_size: { min: "1", max: "50" },
    p_container: { min: "JUMBO BAG", max: "WRAP PKG" },
    p_retailprice: money(901, 2098.99),
    ps_partkey: upTo(200_000),
    ps_suppkey: upTo(10_000),
    ps_availqty: { min: "1", max: "9999" },
    ps_supplycost: money(1, 1000),
    o_orderkey: upTo(6_000_000),
    o_custkey: upTo(150_000),
    o_orderstatus: { min: "F", max: "P" },
    o_totalprice: money(811.73, 591_036.15),
    o_orderdate: { min: days("1992-01-01"), max: days("1998-08-02") },
    o_orderpriority: { min: "1-URGENT", max: "5-LOW" },
    o_clerk: nine("Clerk#", 1000),
    o_shippriority: { min: "0", max: "0" },
    l_orderkey: upTo(6_000_000),
    l_partkey: upTo(200_000),
    l_suppkey: upTo(10_000),
    l_linenumber: { min: "1", max: "7" },
    l_quantity: money(1, 50),
    l_extendedprice: money(901, 104_949.5),
    l_discount: money(0, 0.1),
    l_tax: money(0, 0.08),
    l_returnflag: { min: "A", max: "R" },
    l_linestatus: { min: "F", max: "O" },
    l_shipdate: { min: days("1992-01-02"), max: days("1998-12-01") },
    l_commitdate: { min: days("1992-01-31"), max: days("1998-10-31") },
    l_receiptdate: { min: days("1992-01-03"), max: days("1998-12-31") },
    l_shipinstruct: { min: "COLLECT COD", max: "TAKE BACK RETURN" },
    l_shipmode: { min: "AIR", max: "TRUCK" },
  };
}

function tpchTable(name: TableName, scale: number): Table {
  const { schema } = tpchTables[name];
  const fixed = name === "region" || name === "nation";
  const rows = Math.round(rowsAtScale1[name] * (fixed ? 1 : scale));
  const known = bounds(scale);
  const columns = schema.fields.map((field): ColumnStatistics => {
    const range = known[field.name];
    const digits = types.int32.kind === field.type.kind;
    const as = (value: unknown) => (digits && typeof value === "string" ? Number(value) : (value as string | number));
    const text = field.type.kind === "varchar" && /comment|address|p_name/.test(field.name);
    return {
      ...(range && { min: as(range.min), max: as(range.max) }),
      nullCount: 0,
      ...(field.type.kind === "varchar" && { bytesMean: text ? 40 : 12 }),
    };
  });
  const statistics = { rows, bytes: rows * schema.fields.length * 8, exact: true, columns };
  return { name, format: "parquet", schema, files: [], statistics };
}

export class TpchCatalog implements Catalog {
  readonly #tables: ReadonlyMap<string, Table>;

  constructor(scale: number) {
    this.#tables = new Map(tableNames.map((name) => [name, tpchTable(name, scale)]));
  }

  async table(name: readonly string[]): Promise<Table | undefined> {
    return this.#tables.get(name.at(-1)!.toLowerCase());
  }

  async path(): Promise<Table> {
    throw new QueryError("not_found", "there are no files");
  }

  names(): readonly string[] {
    return [...this.#tables.keys()];
  }
}
