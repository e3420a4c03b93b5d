/** For every rule: small queries over the TPC-H tables, and their plans before and after it. */
import { type DataType, typeName, typeNamed, types } from "../../lib/arrow/types.ts";
import type { Table } from "../../lib/catalog/table.ts";
import { formatLogical } from "../../lib/logical/format.ts";
import type { LogicalPlan } from "../../lib/logical/plan.ts";
import { checkPlan } from "../logical/check-plan.ts";
import { planQuery } from "./plan-query.ts";
import { TpchCatalog } from "./tpch-catalog.ts";

export const ruleGoldens = new URL("./rules/", import.meta.url);

const examples: Readonly<Record<string, readonly string[]>> = {
  "fold-constants": ["select s_name from supplier where s_suppkey < 2 * 21 and 1 + 1 = 2"],
  "unnest-subqueries": [
    "select o_orderkey from orders where exists (select * from lineitem where l_orderkey = o_orderkey and l_tax > 0)",
    "select s_name from supplier where s_nationkey not in (select n_nationkey from nation)",
    "select c_custkey, (select count(*) from orders where o_custkey = c_custkey) as n from customer",
    "select p_partkey from part where p_size < (select avg(l_quantity) from lineitem where l_partkey = p_partkey)",
    "select s_name from supplier where s_acctbal < 0 or exists (select * from nation where n_nationkey = s_nationkey)",
    "select n_name, (select count(*) from region where r_regionkey < n_regionkey) as n from nation",
  ],
  "read-struct-fields": [
    "select place.city, place.at.x from shops where place.at.y > 3",
    "select a.place.city from (select place, id from shops) a left join shops b on a.place.at.x = b.place.at.y, nation where n_nationkey = a.id",
    "select place.city, x from shops, unnest(place.tags) u(x) where place.at.x = 1 order by place.city",
  ],
  "unwrap-casts": [
    "select count(*) from orders where o_orderdate < timestamp '1995-01-01 12:00:00' and o_shippriority >= 0.5",
    "select count(*) from lineitem where l_quantity < 10.005 and l_linenumber in (1, 2.5, 3)",
  ],
  simplify: [
    "select count(*) from part where (p_size = 1 and p_brand = 'A') or (p_size = 1 and p_brand = 'B')",
    "select count(*) from part where not (p_size = 1 or p_brand like 'A%')",
  ],
  "reduce-group-keys": ["select o_custkey, o_custkey + 1, 'x', count(*) from orders group by 1, 2, 3"],
  "push-down-filters": [
    "select n_name from nation left join region on n_regionkey = r_regionkey where r_name = 'ASIA' and n_nationkey > 3",
    "select s_name from supplier, nation where s_nationkey = n_nationkey and n_nationkey between 3 and 5",
    "select * from (select o_custkey, count(*) as n from orders group by o_custkey) g where o_custkey = 7 and n > 2",
    "select n_name from nation left join region on n_regionkey = r_regionkey and r_name = 'ASIA' and n_name <> 'X'",
    "select * from (select n_regionkey, n_name, rank() over (partition by n_regionkey order by n_name) as r from nation) w where n_regionkey = 1 and r = 1 and n_name <> 'X'",
    "select 1 from nation n1, nation n2 where (n1.n_name = 'A' and n2.n_name = 'B') or (n1.n_name = 'B' and n2.n_name = 'A')",
  ],
  "remove-redundant": [
    "select count(*) from (select n_name from nation order by n_name) w",
    "select distinct o_custkey from (select o_custkey, count(*) as n from orders group by o_custkey) g",
    "select n_name from nation left join (select r_regionkey, count(*) as n from region group by r_regionkey) g on n_regionkey = r_regionkey",
    "select n_name from nation, region where 1 = 2",
  ],
  "push-down-limits": [
    "select n_nationkey + 1 from (select n_nationkey from nation union all select r_regionkey from region) w limit 3 offset 1",
    "select upper(n_name) from nation left join region on n_regionkey = r_regionkey limit 2",
  ],
  "expand-distinct": [
    "select o_custkey, count(distinct o_orderstatus), count(*) from orders group by o_custkey",
    "select count(distinct o_orderstatus), count(distinct o_clerk), avg(o_totalprice) from orders",
  ],
  "prune-columns": [
    "select a from (select sum(o_totalprice) over (partition by o_custkey) as a, rank() over (order by o_orderdate) as b from orders) w",
    "select n_name from nation, region where n_regionkey = r_regionkey",
  ],
  "limit-windows": [
    "select * from (select o_custkey, row_number() over (partition by o_custkey order by o_orderdate) as n from orders) w where n <= 3",
    "select o_custkey from orders qualify rank() over (order by o_totalprice desc) < 11",
  ],
  "order-joins": [
    "select 1 from lineitem, orders, customer where l_orderkey = o_orderkey and o_custkey = c_custkey and c_mktsegment = 'BUILDING'",
    "select 1 from orders, customer where o_custkey = c_custkey and o_orderkey in (select l_orderkey from lineitem where l_shipdate = date '1995-01-01')",
  ],
  "reduce-by-semi-join": [
    "select count(*) from orders where o_orderdate = date '1995-01-01' and exists (select * from lineitem where l_orderkey = o_orderkey)",
    "select p_name from part where p_size = 1 and p_retailprice < (select avg(l_extendedprice) from lineitem where l_partkey = p_partkey)",
  ],
  "share-common-plans": [
    "select a.n, b.n from (select o_custkey, count(*) as n from orders group by o_custkey) a, (select o_custkey, count(*) as n from orders group by o_custkey) b where a.o_custkey = b.o_custkey + 1",
    "select l_quantity from lineitem join orders on l_orderkey = o_orderkey where o_totalprice > 500000 union all select l_tax from lineitem join orders on l_orderkey = o_orderkey where o_totalprice > 500000",
  ],
};

/** One table more, with a struct. */
class Catalog extends TpchCatalog {
  override async table(name: readonly string[]): Promise<Table | undefined> {
    return name[0] === "shops" ? shops : super.table(name);
  }
}

const at = typeNamed("STRUCT(x INTEGER, y INTEGER)")!;
const tags = typeNamed("VARCHAR[]")!;
const field = (name: string, type: DataType) => ({ name, type, nullable: true });
const shops: Table = {
  name: "shops",
  format: "parquet",
  schema: {
    fields: [
      field("id", types.int32),
      field("place", typeNamed(`STRUCT(city VARCHAR, "at" ${typeName(at)}, tags VARCHAR[])`)!),
    ],
    nested: [
      { ...field("city", types.varchar), within: ["place"] },
      { ...field("at", at), within: ["place"] },
      { ...field("x", types.int32), within: ["place", "at"] },
      { ...field("y", types.int32), within: ["place", "at"] },
      { ...field("tags", tags), within: ["place"] },
    ],
  },
  files: [],
  statistics: { rows: 1000, bytes: 100_000, exact: true, columns: Array.from({ length: 7 }, () => ({})) },
};

/** Texts by rule. Every step of every plan is checked to be well formed. */
export async function rulePlans(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const [rule, queries] of Object.entries(examples)) {
    const parts: string[] = [];
    for (const sql of queries) parts.push(await beforeAndAfter(sql, rule));
    texts.set(rule, `${parts.join("\n\n")}\n`);
  }
  return texts;
}

async function beforeAndAfter(sql: string, rule: string): Promise<string> {
  let before: LogicalPlan | undefined;
  let last: LogicalPlan | undefined;
  let after: LogicalPlan | undefined;
  const trace = (name: string, plan: LogicalPlan) => {
    checkPlan(plan);
    if (name === rule) [before, after] = [last, plan];
    last = plan;
  };
  const { bound } = await planQuery(sql, new Catalog(1), { trace });
  const print = (plan: LogicalPlan) => formatLogical(plan, { ids: false }).replace(/^(?=.)/gm, "  ");
  return [sql, "before:", print(before ?? bound), `after ${rule}:`, after ? print(after) : "  (the same)"].join("\n");
}
