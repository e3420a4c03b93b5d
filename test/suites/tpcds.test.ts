/** Query shapes of TPC-DS on a small made-up star with NULL foreign keys. */
import { runSuite } from "./suite.ts";

/** A foreign key, NULL in one of 15 rows. */
const key = (salt: number, n: number) =>
  `(case when random_below(i, ${salt + 500}, 15) = 0 then null else random_below(i, ${salt}, ${n}) end)::int`;
const money = (salt: number) => `(random_below(i, ${salt}, 20000) / 100.0)::decimal(7,2)`;

const sales = (
  p: string,
  salt: number,
  extra: string,
  rows: number,
) => `select ${key(salt, 700)} as ${p}_sold_date_sk, ${key(salt + 1, 48)} as ${p}_sold_time_sk,
  random_below(i, ${salt + 2}, 60)::int as ${p}_item_sk, ${key(salt + 3, 120)} as ${p}_customer_sk, ${key(salt + 4, 30)} as ${p}_cdemo_sk, ${key(salt + 5, 20)} as ${p}_hdemo_sk,
  ${key(salt + 6, 80)} as ${p}_addr_sk, ${key(salt + 7, 8)} as ${p}_promo_sk, (i // 3)::bigint as ${p}_number, (1 + random_below(i, ${salt + 8}, 100))::int as ${p}_quantity,
  ${money(salt + 9)} as ${p}_wholesale_cost, ${money(salt + 10)} as ${p}_list_price, ${money(salt + 11)} as ${p}_sales_price, ${money(salt + 12)} as ${p}_ext_sales_price,
  ${money(salt + 13)} as ${p}_coupon_amt, (${money(salt + 14)} - 90)::decimal(7,2) as ${p}_net_profit, ${extra} from range(${rows}) r(i)`;

runSuite({
  name: "tpcds",
  queries: 44,
  tables: {
    date_dim: `select i::int as d_date_sk, d as d_date, year(d)::int as d_year, month(d)::int as d_moy, day(d)::int as d_dom, quarter(d)::int as d_qoy,
      strftime(d, '%A') as d_day_name, (year(d) * 12 + month(d))::int as d_month_seq, (i // 7)::int as d_week_seq from (select i, date '1998-12-01' + i::int as d from range(700) r(i))`,
    time_dim: `select i::int as t_time_sk, (i // 2)::int as t_hour, ((i % 2) * 30)::int as t_minute from range(48) r(i)`,
    item: `select i::int as i_item_sk, 'ITEM' || lpad((i // 2)::varchar, 4, '0') as i_item_id, 'about ' || i as i_item_desc, ${money(1)} as i_current_price,
      ['Books', 'Music', 'Home', 'Sports', null][random_below(i, 2, 5) + 1] as i_category, random_below(i, 3, 6)::int as i_class_id, 'class ' || random_below(i, 3, 6) as i_class,
      random_below(i, 4, 12)::int as i_brand_id, 'brand ' || random_below(i, 4, 12) as i_brand, random_below(i, 5, 9)::int as i_manufact_id, random_below(i, 6, 5)::int as i_manager_id,
      ['red', 'blue', 'plum', 'navy'][random_below(i, 7, 4) + 1] as i_color, ['small', 'large', 'N/A'][random_below(i, 8, 3) + 1] as i_size from range(60) r(i)`,
    customer: `select i::int as c_customer_sk, 'C' || lpad(i::varchar, 6, '0') as c_customer_id, ['Ann', 'Bob', null, 'Zoë'][random_below(i, 9, 4) + 1] as c_first_name,
      'Last ' || random_below(i, 10, 40) as c_last_name, ${key(11, 80)} as c_current_addr_sk, ${key(12, 30)} as c_current_cdemo_sk, (1 + random_below(i, 13, 12))::int as c_birth_month from range(120) r(i)`,
    customer_address: `select i::int as ca_address_sk, ['TX', 'OH', 'CA', 'NY', null][random_below(i, 14, 5) + 1] as ca_state, 'City ' || random_below(i, 15, 9) as ca_city,
      'County ' || random_below(i, 16, 6) as ca_county, lpad((random_below(i, 17, 30) * 3001)::varchar, 5, '0') as ca_zip, (case when i % 7 = 0 then null else -5 - i % 3 end)::decimal(5,2) as ca_gmt_offset from range(80) r(i)`,
    customer_demographics: `select i::int as cd_demo_sk, ['M', 'F'][i % 2 + 1] as cd_gender, ['S', 'M', 'D', 'W'][random_below(i, 18, 4) + 1] as cd_marital_status,
      ['College', 'Primary', 'Unknown'][random_below(i, 19, 3) + 1] as cd_education_status, random_below(i, 20, 5)::int as cd_dep_count from range(30) r(i)`,
    household_demographics: `select i::int as hd_demo_sk, (i % 10)::int as hd_dep_count, (i % 5 - 1)::int as hd_vehicle_count, ['>10000', 'Unknown', '0-500'][random_below(i, 21, 3) + 1] as hd_buy_potential from range(20) r(i)`,
    store: `select i::int as s_store_sk, 'S' || i as s_store_id, 'Store ' || chr((97 + i % 5)::int) as s_store_name, ['TX', 'OH', 'CA'][i % 3 + 1] as s_state, 'City ' || random_below(i, 22, 9) as s_city,
      lpad((random_below(i, 23, 30) * 3001)::varchar, 5, '0') as s_zip, (-5 - i % 3)::decimal(5,2) as s_gmt_offset from range(10) r(i)`,
    promotion: `select i::int as p_promo_sk, ['Y', 'N'][random_below(i, 24, 2) + 1] as p_channel_email, ['Y', 'N', null][random_below(i, 25, 3) + 1] as p_channel_event from range(8) r(i)`,
    store_sales: sales("ss", 30, `${key(45, 10)} as ss_store_sk`, 3000),
    web_sales: sales("ws", 60, `${key(75, 5)} as ws_site_sk, ${key(76, 700)} as ws_ship_date_sk`, 1200),
    catalog_sales: sales("cs", 90, `${key(105, 4)} as cs_center_sk, ${key(106, 700)} as cs_ship_date_sk`, 1500),
    store_returns: `select ss_item_sk as sr_item_sk, ss_number as sr_number, ss_customer_sk as sr_customer_sk, ss_store_sk as sr_store_sk, ss_sold_date_sk + random_below(ss_number, 120, 90) as sr_returned_date_sk,
      ss_quantity // 2 as sr_quantity, (ss_sales_price / 2)::decimal(7,2) as sr_return_amt from store_sales where random_below(ss_number, 121, 8) = 0`,
    inventory: `select random_below(i, 130, 100)::int * 7 as inv_date_sk, random_below(i, 131, 60)::int as inv_item_sk, (i % 3)::int as inv_warehouse_sk, ${key(132, 900)} as inv_quantity from range(1500) r(i)`,
  },
});
