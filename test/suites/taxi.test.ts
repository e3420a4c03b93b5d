/** Questions people ask of the New York taxi trips, on made-up trips with the real quirks: nulls, negative fares, odd dates. */
import { runSuite } from "./suite.ts";

const pickup = "timestamp '2019-12-31 18:00:00' + to_seconds(random_below(i, 1, 40 * 86400))";

runSuite({
  name: "taxi",
  queries: 16,
  tables: {
    trips: `select (case random_below(i, 2, 40) when 0 then null else 1 + random_below(i, 2, 2) end)::bigint as vendor_id,
      ${pickup} as pickup_at,
      ${pickup} + to_seconds(60 + random_below(i, 3, 5000)) as dropoff_at,
      (case when random_below(i, 4, 30) = 0 then null else random_below(i, 5, 7) end)::double as passengers,
      (random_below(i, 6, 400) / 16.0)::double as miles,
      (1 + random_below(i, 7, 40))::int as pickup_zone, (1 + random_below(i, 8, 45))::int as dropoff_zone,
      (1 + random_below(i, 9, 5))::tinyint as payment,
      (random_below(i, 10, 9000) / 100.0 - 3)::decimal(8,2) as fare,
      (case when random_below(i, 11, 3) = 0 then 0 else random_below(i, 12, 1500) / 100.0 end)::decimal(8,2) as tip,
      ['Y', 'N', null][random_below(i, 13, 3) + 1] as stored from range(2500) r(i)`,
    zones: `select (1 + i)::int as id, ['Manhattan', 'Brooklyn', 'Queens', 'Bronx', 'Staten Island', 'EWR'][random_below(i, 14, 6) + 1] as borough, 'Zone ' || i as zone from range(42) r(i)`,
  },
});
