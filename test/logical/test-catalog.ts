/** A catalog for binder tests: tables from `name(column type, …)` texts; paths give the table of their base name. */
import { type DataType, types } from "../../lib/arrow/types.ts";
import type { Catalog, Table } from "../../lib/catalog/table.ts";
import { QueryError } from "../../lib/errors.ts";

const typesByName: Readonly<Record<string, DataType>> = {
  int: types.int32,
  bigint: types.int64,
  double: types.float64,
  text: types.varchar,
  date: types.date,
  timestamp: types.timestamp,
  bool: types.boolean,
  money: types.decimal(15, 2),
};

/** `t(a int, b text null)`: columns are NOT NULL unless they say null. */
export function tableOf(text: string): Table {
  const [, name = "", list = ""] = /^\s*(\w+)\((.*)\)\s*$/s.exec(text) ?? [];
  const fields = list.split(",").map((column) => {
    const [field = "", type = "", nullable] = column.trim().split(/\s+/);
    return { name: field, type: typesByName[type]!, nullable: nullable === "null" };
  });
  return {
    name,
    format: "parquet",
    schema: { fields },
    files: [],
    statistics: { rows: 0, bytes: 0, exact: true, columns: [] },
  };
}

export class TestCatalog implements Catalog {
  readonly #tables: ReadonlyMap<string, Table>;
  /** The arguments of every call of path. */
  readonly pathCalls: unknown[] = [];

  constructor(...tables: readonly string[]) {
    this.#tables = new Map(tables.map(tableOf).map((table) => [table.name.toLowerCase(), table]));
  }

  async table(name: readonly string[]): Promise<Table | undefined> {
    return this.#tables.get(name.at(-1)!.toLowerCase());
  }

  async path(...args: Parameters<Catalog["path"]>): Promise<Table> {
    this.pathCalls.push(args);
    const name = args[0][0]!.split("/").at(-1)!.replace(/\..*$/, "");
    const table = this.#tables.get(name);
    if (!table) throw new QueryError("not_found", `there is no file ${args[0][0]}`);
    return table;
  }

  names(): readonly string[] {
    return [...this.#tables.keys()];
  }
}

export const tpchTables: readonly string[] = [
  "region(r_regionkey int, r_name text, r_comment text)",
  "nation(n_nationkey int, n_name text, n_regionkey int, n_comment text)",
  `supplier(s_suppkey int, s_name text, s_address text, s_nationkey int, s_phone text, s_acctbal money, s_comment text)`,
  `customer(c_custkey int, c_name text, c_address text, c_nationkey int, c_phone text, c_acctbal money, c_mktsegment text,
    c_comment text)`,
  `part(p_partkey int, p_name text, p_mfgr text, p_brand text, p_type text, p_size int, p_container text,
    p_retailprice money, p_comment text)`,
  "partsupp(ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost money, ps_comment text)",
  `orders(o_orderkey bigint, o_custkey int, o_orderstatus text, o_totalprice money, o_orderdate date,
    o_orderpriority text, o_clerk text, o_shippriority int, o_comment text)`,
  `lineitem(l_orderkey bigint, l_partkey int, l_suppkey int, l_linenumber int, l_quantity money, l_extendedprice money,
    l_discount money, l_tax money, l_returnflag text, l_linestatus text, l_shipdate date, l_commitdate date,
    l_receiptdate date, l_shipinstruct text, l_shipmode text, l_comment text)`,
];
