/** The database-like ops benchmark of H2O.ai: its group-by and join questions, and windows. */
import { runSuite } from "./suite.ts";

/** Eighths: sums of them are exact in any order. */
const measure = "(random_below(i, 9, 800) / 8.0)::double";

runSuite({
  name: "h2o",
  queries: 17,
  tables: {
    x: `select 'id' || lpad((1 + random_below(i, 1, 10))::varchar, 3, '0') as id1, 'id' || lpad((1 + random_below(i, 2, 10))::varchar, 3, '0') as id2,
      'id' || lpad((1 + random_below(i, 3, 150))::varchar, 10, '0') as id3, (case when random_below(i, 4, 20) = 0 then null else 1 + random_below(i, 4, 10) end)::int as id4,
      (1 + random_below(i, 5, 10))::int as id5, (1 + random_below(i, 6, 150))::int as id6, (1 + random_below(i, 7, 5))::int as v1,
      (1 + random_below(i, 8, 15))::int as v2, ${measure} as v3 from range(1500) r(i)`,
    large_left: `select random_below(i, 1, 12)::int as id1, random_below(i, 2, 60)::int as id2, random_below(i, 3, 900)::int as id3,
      'id' || random_below(i, 1, 12) as id4, 'id' || random_below(i, 2, 60) as id5, 'id' || random_below(i, 3, 900) as id6, ${measure} as v1 from range(900) r(i)`,
    small: `select i::int as id1, 'id' || i as id4, ${measure} as v2 from range(10) r(i)`,
    medium: `select (i % 10)::int as id1, i::int as id2, 'id' || (i % 10) as id4, 'id' || i as id5, ${measure} as v2 from range(50) r(i)`,
    big: `select (i % 10)::int as id1, (i % 50)::int as id2, i::int as id3, 'id' || (i % 10) as id4, 'id' || (i % 50) as id5, 'id' || i as id6, ${measure} as v2 from range(700) r(i)`,
  },
});
