/** The Star Schema Benchmark's 13 queries (O'Neil, O'Neil, Chen 2009) on a made-up star. */
import { runSuite } from "./suite.ts";

const regions = "['AMERICA', 'ASIA', 'EUROPE', 'AFRICA', 'MIDDLE EAST']";
const nation = (
  salt: number,
) => `(case random_below(i, ${salt}, 5) when 0 then 'UNITED STATES' when 1 then 'CHINA' when 2 then 'UNITED KINGDOM'
  when 3 then 'KENYA' else 'IRAN' end)`;
const place = (
  prefix: string,
  salt: number,
) => `${nation(salt)} as ${prefix}_nation, ${regions}[random_below(i, ${salt}, 5) + 1] as ${prefix}_region,
  left(rpad(${nation(salt)}, 9, ' '), 9) || (1 + random_below(i, ${salt + 1}, 5)) as ${prefix}_city`;

runSuite({
  name: "ssb",
  queries: 13,
  tables: {
    dwdate: `select (strftime(d, '%Y%m%d'))::int as d_datekey, strftime(d, '%b%Y') as d_yearmonth, year(d)::int as d_year,
      (year(d) * 100 + month(d))::int as d_yearmonthnum, week(d)::int as d_weeknuminyear
      from (select date '1992-01-01' + (i * 5)::int as d from range(510) r(i))`,
    customer: `select i::int as c_custkey, 'Customer' || i as c_name, ${place("c", 10)} from range(60) r(i)`,
    supplier: `select i::int as s_suppkey, 'Supplier' || i as s_name, ${place("s", 20)} from range(40) r(i)`,
    part: `select i::int as p_partkey, 'MFGR#' || (1 + random_below(i, 30, 5)) as p_mfgr,
      'MFGR#' || (1 + random_below(i, 30, 5)) || (1 + random_below(i, 31, 5)) as p_category,
      'MFGR#' || (1 + random_below(i, 30, 5)) || (1 + random_below(i, 31, 5)) || (20 + random_below(i, 32, 10)) as p_brand1 from range(80) r(i)`,
    lineorder: `select i as lo_orderkey, random_below(i, 40, 60)::int as lo_custkey, random_below(i, 41, 80)::int as lo_partkey,
      random_below(i, 42, 40)::int as lo_suppkey,
      strftime(date '1992-01-01' + (random_below(i, 43, 510) * 5)::int, '%Y%m%d')::int as lo_orderdate,
      (1 + random_below(i, 44, 50))::int as lo_quantity, random_below(i, 45, 90000)::int as lo_extendedprice,
      random_below(i, 46, 11)::int as lo_discount, random_below(i, 47, 900000)::int as lo_revenue, random_below(i, 48, 60000)::int as lo_supplycost
      from range(4000) r(i)`,
  },
});
