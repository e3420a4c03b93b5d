/**
 * The fixture tables with thousands of rows, so that the default batch size, hash tables that grow, many row groups and
 * dictionaries that give up are met. Most keys are nearly unique: joins on them stay small.
 */
export const largeTables: Readonly<Record<string, string>> = {
  numbers: `select i, (h(i) % 9000)::int as k, (case when i % 5 = 0 then null else h(i + 1) % 11000 end)::bigint as v,
      (i * 37 % 30011 - 15000)::smallint as s, (h(i) % 251 - 125)::tinyint as t, (h(i + 2) % 100000 / 8.0)::double as d,
      ((h(i + 3) % 1000000)::bigint * 0.25)::decimal(12,2) as m, h(i + 4) % 2 = 0 as even from range(12000) r(i)`,
  words: `select i, case i % 13 when 0 then null when 1 then '' when 2 then 'naïve' || i when 3 then 'Ünïcödé' || i % 500 when 4 then '日本語' || i
      when 5 then 'a' || i when 6 then 'A' || i when 7 then repeat('aa', (i % 40)::int) when 8 then 'a longer value that does not fit in a prefix ' || i
      when 9 then '%' || i when 10 then 'x_y' || i when 11 then '🦆 duck' || i else 'z' || i end as w, (h(i) % 8000)::int as g,
      ('1950-01-01'::date + (h(i) % 30000)::int) as d, ('2021-03-04 05:06:07'::timestamp + to_microseconds((h(i) % 1000000)::bigint * 987654321)) as ts from range(9000) r(i)`,
  skewed: `select i, (case when i % 100 < 2 then 1 else h(i) % 7000 end)::int as k, (h(i + 9) % 6000)::bigint as v from range(8000) r(i)`,
  left_side: `select i, (case when i % 9 = 0 then null else h(i) % 12000 end)::int as id, 'l' || h(i) % 3000 as name from range(10000) r(i)`,
  right_side: `select i, (case when i % 8 = 0 then null else h(i + 3) % 15000 + 4 end)::bigint as id, (h(i) % 5000)::int as tag,
      ((h(i) % 100000)::bigint * 0.5)::decimal(9,1) as amount from range(7000) r(i)`,
  empty: `select i, 1::int as a, 'x' as b, 1.5::decimal(9,2) as c, date '2020-01-01' as d from range(0) r(i)`,
  nulls: `select i, null::int as a, null::varchar as b, null::double as c, (h(i) % 3000)::int as g from range(3000) r(i)`,
  one: `select 0 as i, 42::int as a, 'only' as b`,
  extremes: `select i, (case i % 50 when 0 then 9223372036854775807 when 1 then -9223372036854775808 when 2 then null else i end)::bigint as x,
      (case i % 70 when 0 then 'nan'::double when 1 then 'inf'::double when 2 then '-inf'::double when 3 then -0.0::double when 4 then null else i / 16.0 end) as y,
      (h(i) % 100000)::decimal(38,10) as z, case when i % 7 < 5 then i % 7 < 2 end as b from range(5000) r(i)`,
  types: `select i, (h(i) % 255 - 127)::tinyint as t8, (h(i + 1) % 65535 - 32767)::smallint as t16, (h(i + 2) % 4000000000)::bigint - 2000000000 as t32,
      (h(i + 3)::hugeint * 2 - 9223372036854775808)::bigint as t64, (i / 4.0)::real as f32, ((h(i) % 9999)::bigint * 0.1)::decimal(4,1) as d4,
      ((h(i + 5) % 1000000000000)::bigint * 0.000001)::decimal(18,6) as d18, (h(i)::hugeint * h(i + 7) % 10000000000000000000000000000000000::hugeint)::decimal(38,0) as d38,
      i % 3 = 0 as b, date '1890-01-01' + (h(i) % 50000)::int as day, timestamp '1960-01-01 00:00:00' + to_microseconds((h(i) % 4000000000000000)::bigint) as ts,
      md5((i % 3000)::varchar) as txt, md5((i % 100)::varchar)::blob as bin from range(6000) r(i)`,
};
