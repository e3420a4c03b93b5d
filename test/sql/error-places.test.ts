/** Errors point at their place in the text, those of running tasks too, and say what would help. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { QueryError, type SessionContext } from "../../lib/index.ts";
import { volleyRows } from "../support/cells.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";
import { modes, openMode } from "../support/modes.ts";

/** The query, the text that the error points at, its code, and words of its message or hint. */
const cases: readonly (readonly [sql: string, place: string, code: string, words: RegExp])[] = [
  ["select k, evem from numbers", "evem", "unknown_column", /even/],
  ["select k from number", "number", "unknown_table", /numbers/],
  ["select lenght(w) from words", "lenght(w)", "unknown_function", /length/],
  ["select n.k from numbers n join skewed s on n.k = s.kk", "s.kk", "unknown_column", /s\.k|mean k/],
  ["select id from left_side, right_side", "id", "ambiguous_column", /left_side\.id.*right_side\.id/],
  ["select 1 + w from words", "1 + w", "type_mismatch", /INTEGER.*VARCHAR/],
  ["select w.d = n.k from words w, numbers n", "w.d = n.k", "type_mismatch", /DATE = INTEGER/],
  ["select upper(k) from numbers", "upper(k)", "type_mismatch", /INTEGER/],
  ["select d from words where date '2020-02-30' > d", "date '2020-02-30'", "invalid_argument", /DATE/],
  ["select k, sum(v) from numbers", "k", "invalid_argument|syntax", /GROUP BY/i],
  ["select k from numbers where sum(v) > 1", "sum(v)", "invalid_argument|syntax", /WHERE/],
  ["select 10 / (k - 3) from numbers", "10 / (k - 3)", "invalid_argument", /division by zero/],
  ["select k from numbers\nwhere 7 % k = 1", "7 % k", "invalid_argument", /division by zero/],
  ["select 'ä' as x, cast(w as int) from words where w = 'a'", "w", "invalid_argument", /"a".*INTEGER/],
  ["select x + 1 from extremes", "x + 1", "overflow", /BIGINT/],
  ["select sum(x * 2) from extremes", "x * 2", "overflow", /BIGINT/],
  [
    "select b, 1 + sum(x) from extremes where x > 1 or x = 0 group by b union all select b, sum(t64) from types where t64 > 0 group by b having sum(t64 - 1) > 5 and sum(x) > 0",
    "x",
    "unknown_column",
    /./,
  ],
  ["select sum(c) from (select t64 as c from types where t64 > 0) q", "sum(c)", "overflow", /BIGINT/],
  [
    "select max(k) from numbers group by k having 1 / min(t + 1) > 0",
    "1 / min(t + 1)",
    "invalid_argument",
    /division by zero/,
  ],
  [
    "select n.k from numbers n join skewed s on n.k = s.k and 5 / s.v > 0",
    "5 / s.v",
    "invalid_argument",
    /division by zero/,
  ],
  ["select k from numbers order by 3 % k", "3 % k", "invalid_argument", /division by zero/],
  ["select k, (select v from skewed) from numbers", "select v from skewed", "cardinality", /more than one row/],
  [
    "select k from numbers where row_number() over () = 1",
    "row_number",
    "invalid_argument",
    /WHERE cannot contain a window function/,
  ],
];

describe("errors", () => {
  let fixtures: Fixtures;
  before(async () => {
    fixtures = await makeFixtures();
  });
  after(() => fixtures.close());

  for (const mode of Object.keys(modes)) {
    it(mode, async () => {
      const tables = new Map(fixtures.tables.map((name) => [name, join(fixtures.directory, name)]));
      const session = await openMode(mode, tables);
      const failures: string[] = [];
      for (const wanted of cases) {
        const failure = await check(session, wanted);
        if (failure) failures.push(failure);
      }
      await session.close();
      assert.deepEqual(failures, []);
    });
  }
});

async function check(session: SessionContext, [sql, place, code, words]: (typeof cases)[number]) {
  try {
    await volleyRows(session, sql);
    return `${sql}: no error`;
  } catch (error) {
    if (!(error instanceof QueryError)) return `${sql}: ${error}`;
    const found = textAt(sql, error);
    const text = `${error.message} ${error.hint ?? ""}`;
    // The parser's places leave out a parenthesis at the end.
    const there = found === place || `${found})` === place;
    if (there && new RegExp(`^(${code})$`).test(error.code) && words.test(text)) return undefined;
    return `${sql}: ${error.code} at "${found}": ${text}`;
  }
}

/** What an error points at, within one line. */
function textAt(sql: string, { span }: QueryError): string {
  if (!span) return "nothing";
  const line = [...sql.split("\n")[span.line - 1]!];
  return line.slice(span.column - 1, (span.endColumn ?? span.column + 1) - 1).join("");
}
