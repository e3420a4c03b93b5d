/**
 * Small tables that are awkward on purpose — nulls, extremes, duplicates, skew, text beyond ASCII — each spread over
 * several files of uneven size, one of them empty, so that a table is many tasks. Written by DuckDB, which is the oracle.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** Each is a query with a column `i` that numbers its rows; the column is dropped. */
const smallTables: Readonly<Record<string, string>> = {
  numbers: `select i, (i % 7)::int as k, (case when i % 5 = 0 then null else i % 11 end)::bigint as v,
      (i * 37 % 101)::smallint as s, (i % 3 - 1)::tinyint as t, (i / 8.0)::double as d, (i * 1.25)::decimal(12,2) as m,
      i % 2 = 0 as even from range(100) r(i)`,
  extremes: `select i, x::bigint as x, y::double as y, z::decimal(38,10) as z, b::boolean as b from (values
      (0, 0, 0.0, '0', true), (1, -1, -0.0::double, '-1', false), (2, 9223372036854775807, 'nan'::double, '9999999999999999999999999999.9999999999', null),
      (3, -9223372036854775808, 'inf'::double, '-9999999999999999999999999999.9999999999', true), (4, null, null, null, null),
      (5, 1, '-inf'::double, '0.0000000001', false), (6, 0, 1e308, '123.4567890123', true), (7, 2147483647, 5e-324, null, null),
      (8, -2147483648, 1.5, '-0.5', false)) t(i, x, y, z, b)`,
  words: `select i, case i % 13 when 0 then null when 1 then '' when 2 then 'naïve' when 3 then 'Ünïcödé' when 4 then '日本語'
      when 5 then 'a' when 6 then 'A' when 7 then 'aa' when 8 then 'a longer value that does not fit in a prefix ' || (i % 3)
      when 9 then '%' when 10 then 'x_y' when 11 then '🦆 duck' else 'z' || i % 4 end as w, (i % 4)::int as g,
      ('2020-01-01'::date + (i * 17 % 800)::int) as d, ('2021-03-04 05:06:07'::timestamp + to_microseconds(i * 987654321)) as ts from range(90) r(i)`,
  skewed: `select i, (case when i % 10 < 8 then 1 else i % 17 end)::int as k, (i % 6)::bigint as v from range(120) r(i)`,
  left_side: `select i, (case when i % 9 = 0 then null else i % 12 end)::int as id, 'l' || i % 5 as name from range(60) r(i)`,
  right_side: `select i, (case when i % 8 = 0 then null else i % 15 + 4 end)::bigint as id, (i % 3)::int as tag,
      (i * 0.5)::decimal(9,1) as amount from range(45) r(i)`,
  empty: `select i, 1::int as a, 'x' as b, 1.5::decimal(9,2) as c, date '2020-01-01' as d from range(0) r(i)`,
  nulls: `select i, null::int as a, null::varchar as b, null::double as c, (i % 2)::int as g from range(20) r(i)`,
  types: `select i, t8::tinyint as t8, t16::smallint as t16, t32::int as t32, t64::bigint as t64, f32::real as f32,
      d4::decimal(4,1) as d4, d18::decimal(18,6) as d18, d38::decimal(38,0) as d38, b::boolean as b, day::date as day, ts::timestamp as ts,
      txt::varchar as txt, bin::blob as bin from (values
      (0, 0, 0, 0, 0, '0', 0, 0, '0', true, '1970-01-01', '1970-01-01 00:00:00', '', ''),
      (1, 127, 32767, 2147483647, 9223372036854775807, '3.5', 999.9, 999999999999.999999, '99999999999999999999999999999999999999', false, '2024-02-29', '2024-02-29 23:59:59.999999', 'a', 'a'),
      (2, -128, -32768, -2147483648, -9223372036854775808, '-3.5', -999.9, -999999999999.999999, '-99999999999999999999999999999999999999', true, '1900-02-28', '1900-02-28 12:00:00', 'Z', '\\x00\\xFF'),
      (3, null, null, null, null, null, null, null, null, null, null, null, null, null),
      (4, 1, 1, 1, 1, 'nan', 0.1, 0.000001, '1', false, '1969-12-31', '1969-12-31 23:59:59.999999', 'é', 'b'),
      (5, -1, -1, -1, -1, 'inf', -0.1, -0.000001, '-1', true, '2000-12-31', '2000-12-31 00:00:00.000001', 'é', '\\x00'),
      (6, 1, 2, 3, 4, '-inf', 0.1, 1.5, '18446744073709551616', null, '2024-02-29', '2024-02-29 23:59:59.999999', '%_', 'a'),
      (7, 0, 0, 0, 0, '-0', 0, 0, '0', true, '1970-01-01', '1970-01-01 00:00:00', 'a' || repeat('long', 60), ''),
      (8, 7, 300, 70000, 5000000000, '1.5', 12.5, 123456.789, '12345678901234567890123', true, '0100-03-01', '9999-12-31 23:59:59', 'aa', 'aa'),
      (9, null, 5, null, 5, null, 5, null, '5', null, '2021-06-15', null, 'null', null)
      ) v(i, t8, t16, t32, t64, f32, d4, d18, d38, b, day, ts, txt, bin)`,
  boxes: `select i, i::int as id, case when i % 7 = 0 then null else [i, null, i * 2][1:(i % 4)]::int[] end as l,
      case when i % 5 = 0 then null else {'a': case when i % 3 = 0 then null else (i % 11)::int end, 'b': case when i % 4 = 0 then null else 'é"' || i % 6 end,
        'c': case when i % 6 = 1 then null else {'d': date '2020-01-01' + i::int, 'e': case when i % 4 = 2 then null else [i, i + 1]::bigint[] end} end} end as st,
      case when i % 6 = 0 then null when i % 6 = 1 then map {} else map {'k' || i % 3: i::int, 'z': null} end as mp,
      case when i % 8 = 0 then null else [{'p': i::int, 'q': 'x' || i % 5}, null, {'p': null, 'q': 'y'}][1:(i % 4)] end as ls from range(80) r(i)`,
  one: `select 0 as i, 42::int as a, 'only' as b`,
};

const partsPerTable = 5;

export interface Fixtures {
  readonly directory: string;
  /** Names of the tables; each is a folder of Parquet files in `directory`. */
  readonly tables: readonly string[];
  /** The oracle, with a view for each table over the same files. */
  readonly duckdb: DuckDBConnection;
  close(): void;
}

export async function makeFixtures(tables = smallTables): Promise<Fixtures> {
  const directory = mkdtempSync(join(tmpdir(), "volley-fixtures-"));
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const duckdb = await instance.connect();
  await duckdb.run("create macro h(x) as (hash(x) >> 1)::bigint");
  for (const [name, sql] of Object.entries(tables)) {
    const folder = join(directory, name);
    mkdirSync(folder);
    await duckdb.run(`create temp table source as ${sql}`);
    for (let part = 0; part < partsPerTable; part++) {
      // Part 2 stays empty; the first parts are the larger ones.
      const rows = part === 2 ? "false" : `(i * i) % ${partsPerTable + 2} = ${part}`;
      const rest = part === 0 ? `or (i * i) % ${partsPerTable + 2} in (2, 5, 6)` : "";
      const file = join(folder, `part-${part}.parquet`);
      await duckdb.run(
        `copy (select * exclude (i) from source where ${rows} ${rest} order by i) to '${file}' (format parquet)`,
      );
    }
    await duckdb.run("drop table source");
    await duckdb.run(`create view ${name} as select * from read_parquet('${folder}/*.parquet')`);
  }
  return {
    directory,
    tables: Object.keys(tables),
    duckdb,
    close: () => {
      duckdb.closeSync();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
