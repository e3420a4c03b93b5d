/** ClickBench's 43 queries (https://github.com/ClickHouse/ClickBench) on made-up hits. */
import { runSuite } from "./suite.ts";

runSuite({
  name: "clickbench",
  queries: 43,
  tables: {
    hits: `select
      (hash(i) >> 1)::bigint as WatchID,
      (case random_below(i, 1, 4) when 0 then 'Title ' || random_below(i, 2, 9) when 1 then 'Купить Google ' || random_below(i, 2, 5) else '' end) as Title,
      timestamp '2013-07-01 00:00:00' + to_seconds(random_below(i, 3, 2600000)) as EventTime,
      (timestamp '2013-07-01 00:00:00' + to_seconds(random_below(i, 3, 2600000)))::date as EventDate,
      (case when random_below(i, 4, 3) = 0 then 62 else random_below(i, 5, 40) end)::int as CounterID,
      (random_below(i, 6, 300) * 100003 - 5000000)::int as ClientIP,
      random_below(i, 7, 25)::int as RegionID,
      (case when random_below(i, 8, 50) = 0 then 435090932899640449 else random_below(i, 9, 200) * 1000000007 end)::bigint as UserID,
      (case random_below(i, 10, 5) when 0 then '' when 1 then 'http://google.com/search?q=' || random_below(i, 11, 20)
        when 2 then 'http://example.com/page/' || random_below(i, 11, 12) else 'https://пример.рф/' || random_below(i, 11, 30) end) as URL,
      (case random_below(i, 12, 4) when 0 then '' when 1 then 'https://www.google.ru/' || random_below(i, 13, 9)
        when 2 then 'http://site' || random_below(i, 13, 5) || '.com/a/b' else 'direct' end) as Referer,
      (random_below(i, 14, 6) = 0)::smallint as IsRefresh,
      (300 + random_below(i, 15, 9) * 200)::smallint as ResolutionWidth,
      (case when random_below(i, 16, 10) = 0 then random_below(i, 17, 5) else 0 end)::smallint as AdvEngineID,
      random_below(i, 18, 4)::smallint as SearchEngineID,
      (case when random_below(i, 19, 3) = 0 then 'phrase ' || random_below(i, 20, 40) else '' end) as SearchPhrase,
      random_below(i, 21, 4)::smallint as MobilePhone,
      (case random_below(i, 22, 5) when 0 then 'iPad' when 1 then 'Galaxy ' || random_below(i, 23, 4) else '' end) as MobilePhoneModel,
      (random_below(i, 24, 5) = 0)::smallint as DontCountHits,
      (random_below(i, 25, 9) - 1)::smallint as TraficSourceID,
      (random_below(i, 26, 3) = 0)::smallint as IsLink,
      (random_below(i, 27, 9) = 0)::smallint as IsDownload,
      (case when random_below(i, 28, 9) = 0 then 3594120000172545465 else random_below(i, 29, 9) end)::bigint as RefererHash,
      (case when random_below(i, 30, 9) = 0 then 2868770270353813622 else random_below(i, 31, 9) end)::bigint as URLHash,
      (1000 + random_below(i, 32, 3))::smallint as WindowClientWidth,
      (600 + random_below(i, 33, 3))::smallint as WindowClientHeight
      from range(1500) r(i)`,
  },
});
