/** What bound plans mean, and that the optimizer keeps it: both are interpreted row by row and compared with DuckDB. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { QueryError } from "../../lib/errors.ts";
import { formatValue } from "../../lib/expr/format-value.ts";
import { bind } from "../../lib/logical/bind.ts";
import { formatLogical } from "../../lib/logical/format.ts";
import type { LogicalPlan } from "../../lib/logical/plan.ts";
import { optimize } from "../../lib/optimizer/optimize.ts";
import { parse } from "../../lib/sql/parse.ts";
import { comparable, duckdbRows, type Row } from "../support/cells.ts";
import { checkPlan } from "./check-plan.ts";
import { type DuckdbTables, duckdbTables } from "./duckdb-tables.ts";
import { interpretPlan } from "./interpret-plan.ts";
import { randomChain } from "./random-chain.ts";
import { randomQuery } from "./random-query.ts";

let duckdb: DuckDBConnection;
let tables: DuckdbTables;

before(async () => {
  duckdb = await (await DuckDBInstance.create()).connect();
  await duckdb.run(`
    CREATE TABLE t (a int, b int, c varchar);
    INSERT INTO t VALUES (1, 10, 'x'), (2, NULL, 'y'), (2, 20, NULL), (NULL, 30, 'x'), (3, 10, ''), (4, NULL, NULL), (1, 10, 'x');
    CREATE TABLE u (a int, d varchar, e double);
    INSERT INTO u VALUES (1, 'one', 1.5), (2, 'two', NULL), (2, 'zwei', -0.5), (5, NULL, 0), (NULL, 'null', 2);
    CREATE TABLE v (a bigint, m decimal(10,2), k date);
    INSERT INTO v VALUES (1, 1.25, '2020-01-31'), (1, -3.50, '2020-02-29'), (3, NULL, NULL), (4, 0.00, '1999-12-31'), (NULL, 9.99, '2020-01-01');
    CREATE TABLE none (a int, z varchar);`);
  tables = await duckdbTables(duckdb, ["t", "u", "v", "none"]);
});
after(() => duckdb.closeSync());

function rowsOf(plan: LogicalPlan): Row[] {
  checkPlan(plan);
  return interpretPlan(plan, tables.rows).map((row) => {
    return row.map((value, i) => (value === null ? "NULL" : formatValue(value, plan.columns[i]!.type)));
  });
}

async function check(sql: string): Promise<void> {
  const [statement] = await parse(sql);
  assert.ok(statement?.kind === "query");
  const { plan, snapshot, columnIds } = await bind(statement.query, tables.catalog);
  const { orderBy } = statement.query;
  const ordered = "all" in orderBy || orderBy.length > 0;
  const expected = comparable(await duckdbRows(duckdb, sql), ordered);
  assert.deepEqual(comparable(rowsOf(plan), ordered), expected, `${sql}\n${formatLogical(plan)}`);
  const optimized = optimize(plan, { snapshot, columnIds, slots: 2 });
  assert.deepEqual(comparable(rowsOf(optimized), ordered), expected, `optimized: ${sql}\n${formatLogical(optimized)}`);
}

/** Runs all, then reports every failure. */
async function checkAll(queries: readonly string[]): Promise<void> {
  const failures: string[] = [];
  for (const sql of queries) {
    try {
      await check(sql);
    } catch (error) {
      failures.push(`${sql}\n${(error as Error).stack}`);
    }
  }
  assert.equal(failures.length, 0, failures.join("\n\n"));
}

test("joins", () =>
  checkAll([
    "SELECT * FROM t JOIN u USING (a)",
    "SELECT * FROM t LEFT JOIN u USING (a)",
    "SELECT * FROM t RIGHT JOIN u USING (a)",
    "SELECT * FROM t FULL JOIN u USING (a)",
    "SELECT a, t.a, u.a FROM t FULL JOIN u USING (a) FULL JOIN v USING (a)",
    "SELECT * FROM t NATURAL JOIN u",
    "SELECT * FROM t NATURAL LEFT JOIN v",
    "SELECT t.*, u.d FROM t LEFT JOIN u ON t.a = u.a AND t.b > 5",
    "SELECT t.*, u.d FROM t LEFT JOIN u ON t.a = u.a AND u.e > 0",
    "SELECT t.*, u.d FROM t LEFT JOIN u ON t.b > 5",
    "SELECT t.a, u.a FROM t FULL JOIN u ON t.a = u.a AND t.b = 10",
    "SELECT t.a, u.a FROM t FULL JOIN u ON t.a < u.a",
    "SELECT t.a, u.a FROM t RIGHT JOIN u ON t.a = u.a AND u.d LIKE 't%'",
    "SELECT t.a, v.m FROM t, v WHERE t.a = v.a AND v.m > 0",
    "SELECT count(*) FROM t, u, v",
    "SELECT count(*) FROM t CROSS JOIN u WHERE t.a = u.a OR t.b > 25",
    "SELECT x.a, y.a FROM t x JOIN t y ON x.a = y.b / 10",
    "SELECT t.a, u.a FROM t JOIN u ON t.a IS NOT DISTINCT FROM u.a",
    "SELECT t.a FROM t LEFT JOIN u ON t.a = u.a WHERE u.a IS NULL",
    "SELECT t.a, u.d FROM t LEFT JOIN u ON t.a = u.a WHERE u.e > 0",
    "SELECT t.a FROM t LEFT JOIN (SELECT a, 1 AS one FROM u) w ON t.a = w.a WHERE w.one IS NULL",
    "SELECT * FROM t SEMI JOIN u USING (a)",
    "SELECT * FROM t ANTI JOIN u USING (a)",
    "SELECT * FROM t ANTI JOIN u ON t.a = u.a AND t.b > 10",
    "SELECT * FROM (t LEFT JOIN u ON t.a = u.a) JOIN v ON v.a = u.a",
    "SELECT * FROM t LEFT JOIN (u JOIN v ON u.a = v.a) ON t.a = u.a",
    "SELECT * FROM t JOIN none ON t.a = none.a",
    "SELECT * FROM none RIGHT JOIN u USING (a)",
    "SELECT * FROM u LEFT JOIN none USING (a)",
  ]));

test("grouping", () =>
  checkAll([
    "SELECT a, count(*), sum(b), min(c), max(c), avg(b) FROM t GROUP BY a",
    "SELECT count(*), sum(b), min(c), count(b), count(DISTINCT a) FROM t",
    "SELECT count(*), sum(a), min(z) FROM none",
    "SELECT a, count(*) FROM none GROUP BY a",
    "SELECT sum(a) FROM none HAVING count(*) > 0",
    "SELECT 1 FROM t HAVING true",
    "SELECT a + 1 AS k, sum(b) FROM t GROUP BY k HAVING sum(b) > 10 ORDER BY k",
    "SELECT a, b FROM t GROUP BY ALL",
    "SELECT a, sum(b) FROM t GROUP BY 1 ORDER BY 2 DESC, 1",
    "SELECT a, sum(b) FILTER (WHERE c = 'x'), count(*) FILTER (WHERE b IS NULL) FROM t GROUP BY a",
    "SELECT a, count(DISTINCT b), sum(DISTINCT b), count(DISTINCT c) FROM t GROUP BY a",
    "SELECT a, b, count(*), grouping(a), grouping(a, b) FROM t GROUP BY ROLLUP (a, b)",
    "SELECT a, c, sum(b) FROM t GROUP BY CUBE (a, c)",
    "SELECT a, c, sum(b), grouping(c) FROM t GROUP BY GROUPING SETS ((a), (c), (a, c), ())",
    "SELECT a, c, count(*) FROM t GROUP BY a, ROLLUP (c) ORDER BY a, c, 3",
    "SELECT count(*) FROM none GROUP BY ROLLUP (a)",
    "SELECT a, string_agg(c, '-' ORDER BY b, c) FROM t GROUP BY a",
    "SELECT b AS a, count(*) FROM t GROUP BY b HAVING a > 10",
    "SELECT sum(b) AS s, s + 1 FROM t",
    "SELECT a, a + 1 AS a1, a1 * 2 AS a2 FROM t WHERE a1 > 2",
    "SELECT a * 2 + sum(b) FROM t GROUP BY a * 2",
    "SELECT a, (SELECT count(*) FROM u WHERE u.a = t.a) FROM t GROUP BY a",
    "SELECT a, sum(b) + (SELECT max(e) FROM u WHERE u.a = t.a) FROM t GROUP BY a",
    "SELECT a FROM t GROUP BY a HAVING a IN (SELECT a FROM u)",
    "SELECT a FROM t GROUP BY a HAVING max(b) > (SELECT avg(b) FROM t)",
    "SELECT a FROM t GROUP BY a ORDER BY count(*) DESC, a",
    "SELECT avg(m), sum(m), min(k), max(k) FROM v",
    "SELECT extract(year FROM k) AS y, sum(m) FROM v GROUP BY y",
    "SELECT DISTINCT a, b FROM t",
    "SELECT DISTINCT a FROM t ORDER BY a DESC",
    "SELECT DISTINCT a, b FROM t ORDER BY a + b, a, b",
    "SELECT DISTINCT ON (a) a, b, c FROM t ORDER BY a, b, c",
    "SELECT DISTINCT count(*) FROM t GROUP BY a",
  ]));

test("subqueries", () =>
  checkAll([
    "SELECT a FROM t WHERE a IN (SELECT a FROM u)",
    "SELECT a FROM t WHERE a NOT IN (SELECT a FROM u)",
    "SELECT a FROM t WHERE a NOT IN (SELECT a FROM u WHERE a IS NOT NULL)",
    "SELECT a FROM t WHERE a NOT IN (SELECT a FROM none)",
    "SELECT a IN (SELECT a FROM u), a NOT IN (SELECT a FROM u), a IN (SELECT a FROM none) FROM t",
    "SELECT a FROM t WHERE (a, b) IN (SELECT a, a * 10 FROM u)",
    "SELECT a FROM t WHERE (a, b) NOT IN (SELECT a, a * 10 FROM u)",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
    "SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM none)",
    "SELECT a, EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.e > 0) FROM t",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) OR b > 25",
    "SELECT a, (SELECT max(e) FROM u WHERE u.a = t.a) FROM t",
    "SELECT a, (SELECT count(*) FROM u WHERE u.a = t.a) FROM t",
    "SELECT a, (SELECT count(*) + 1 FROM u WHERE u.a = t.a AND u.e > t.b) FROM t",
    "SELECT a, (SELECT sum(b) FROM t) FROM u",
    "SELECT (SELECT a FROM none), (SELECT 1)",
    "SELECT a FROM t WHERE b > (SELECT avg(b) FROM t x WHERE x.a = t.a)",
    "SELECT a FROM t WHERE b = (SELECT max(b) FROM t x WHERE x.a = t.a)",
    "SELECT a FROM t WHERE a > ALL (SELECT a FROM u WHERE a < 3)",
    "SELECT a FROM t WHERE a > ALL (SELECT a FROM u)",
    "SELECT a FROM t WHERE a > ALL (SELECT a FROM none)",
    "SELECT a FROM t WHERE a > ANY (SELECT a FROM u)",
    "SELECT a FROM t WHERE a = ANY (SELECT a FROM u)",
    "SELECT a FROM t WHERE a <> ALL (SELECT a FROM v)",
    "SELECT a > ANY (SELECT a FROM u), a <= ALL (SELECT a FROM none) FROM t",
    "SELECT a FROM t WHERE b IN (SELECT e * 10 FROM u WHERE u.a = t.a) OR c = 'y'",
    "SELECT a FROM t WHERE a IN (SELECT a FROM u WHERE EXISTS (SELECT 1 FROM v WHERE v.a = u.a AND t.b = 10))",
    "SELECT (SELECT t.a + u.a FROM u WHERE u.d = 'one') FROM t",
    "SELECT a, (SELECT d FROM u WHERE u.a = t.a ORDER BY d LIMIT 1) FROM t",
    "SELECT t.a, x.n FROM t JOIN (SELECT a, count(*) AS n FROM u GROUP BY a) x ON x.a = t.a",
    "SELECT CASE WHEN a IN (SELECT a FROM u) THEN 'in' ELSE 'out' END FROM t",
    "SELECT coalesce((SELECT max(b) FROM t x WHERE x.a = t.a AND x.b > 15), -1) FROM t",
    "SELECT a FROM t WHERE (SELECT count(*) FROM u WHERE u.a = t.a) = 0",
    "SELECT a FROM t WHERE (SELECT sum(e) FROM u WHERE u.a = t.a) IS NULL",
  ]));

test("set operations, CTEs and VALUES", () =>
  checkAll([
    "SELECT a FROM t UNION SELECT a FROM u",
    "SELECT a FROM t UNION ALL SELECT a FROM u",
    "SELECT a FROM t INTERSECT SELECT a FROM u",
    "SELECT a FROM t EXCEPT SELECT a FROM u",
    "SELECT a, b FROM t EXCEPT SELECT a, NULL FROM t",
    "SELECT a FROM t UNION ALL SELECT a FROM v UNION SELECT e FROM u",
    "SELECT a FROM t UNION SELECT a FROM u INTERSECT SELECT a FROM v",
    "(SELECT a FROM t UNION SELECT a FROM u) EXCEPT SELECT a FROM v ORDER BY 1 DESC",
    "SELECT a FROM t UNION ALL (SELECT a FROM u ORDER BY a DESC LIMIT 2) ORDER BY a LIMIT 4 OFFSET 1",
    "SELECT NULL UNION SELECT 1",
    "SELECT a, c FROM t UNION SELECT a, d FROM u ORDER BY c, a",
    "WITH x AS (SELECT a, count(*) AS n FROM t GROUP BY a) SELECT * FROM x JOIN x y ON x.a = y.a",
    "WITH x AS (SELECT a FROM t), y AS (SELECT a FROM x WHERE a > 1) SELECT x.a, y.a FROM x, y",
    "WITH x (p, q) AS (SELECT a, b FROM t) SELECT q FROM x WHERE p = 2",
    "WITH x AS (SELECT a FROM t) SELECT * FROM x WHERE a > (SELECT avg(a) FROM x)",
    "WITH t AS (SELECT a FROM u) SELECT * FROM t",
    "WITH x AS (SELECT 1 AS a) SELECT * FROM (WITH x AS (SELECT 2 AS a) SELECT * FROM x) y, x",
    "SELECT a FROM t WHERE a IN (WITH x AS (SELECT a FROM u) SELECT a FROM x WHERE x.a = t.a)",
    "VALUES (1, 'a'), (2, NULL), (NULL, 'c') ORDER BY 1 DESC",
    "SELECT x + 1, y FROM (VALUES (1, 'a'), (2.5, 'b')) w(x, y)",
    "SELECT * FROM range(2, 10, 3) r(i), generate_series(1, 2)",
    "SELECT sum(i) FROM generate_series(5, 1, -2) r(i)",
    "SELECT * FROM (SELECT a FROM t ORDER BY a LIMIT 2) x",
  ]));

test("expressions, names and order", () =>
  checkAll([
    "SELECT * FROM t ORDER BY a, b, c",
    "SELECT * FROM t ORDER BY a DESC, b DESC NULLS FIRST, c NULLS FIRST",
    "SELECT a AS b, b AS q FROM t ORDER BY b, q",
    "SELECT a FROM t ORDER BY b * -1, a",
    "SELECT b + a AS s FROM t WHERE s > 11 ORDER BY s",
    "SELECT * FROM t ORDER BY ALL",
    "SELECT a || c || b + 1 FROM t",
    "SELECT a IS DISTINCT FROM b AND b = 10 OR c = 'y' FROM t",
    "SELECT NOT a IS NOT DISTINCT FROM b AND b = 10 FROM t",
    "SELECT a FROM t WHERE a IN (1, 2, NULL)",
    "SELECT a NOT IN (1, NULL), a IN (1, b / 10), a BETWEEN 2 AND b, a NOT BETWEEN b AND 3 FROM t",
    "SELECT c LIKE '%', c LIKE 'x_', c NOT ILIKE 'X', c ~ '[xy]', c SIMILAR TO 'x|y' FROM t",
    "SELECT CASE a WHEN 1 THEN 'one' WHEN NULL THEN 'never' ELSE c END, CASE WHEN b > 10 THEN b END FROM t",
    "SELECT a IS TRUE, (a = 1) IS FALSE, (b > 10) IS UNKNOWN, (b > 10) IS NOT TRUE FROM t",
    "SELECT DATE '2020-01-31' + INTERVAL '1' MONTH, k + 1, k - DATE '2020-01-01', k + INTERVAL (a) DAY FROM v",
    "SELECT extract(month FROM k), date_trunc('month', k), k < '2020-02-01' FROM v",
    "SELECT substring(d FROM 2 FOR 2), position('e' IN d), trim(BOTH 'o' FROM d), upper(d) FROM u",
    "SELECT m * 2, m + 1, m / 4, -m, round(m), CAST(m AS int), m > 1, m::double FROM v",
    "SELECT (a, b) = (1, 10), (a, b) <> (1, 10), (a, b) IN ((1, 10), (2, 20)) FROM t WHERE a IS NOT NULL AND b IS NOT NULL",
    "SELECT coalesce(a, b, 0), nullif(a, 2), greatest(a, b), least(a, 3) FROM t",
    "SELECT a | b & 6 + 1 << 1, ~a, a * 2 ^ a / 2, -a ^ 2 FROM t",
    "SELECT 1 WHERE false",
    "SELECT t.a, u.* EXCLUDE (a) FROM t JOIN u USING (a)",
    "SELECT * REPLACE (a + 1 AS a) FROM t",
    "SELECT TRY_CAST(c AS int), CAST(b AS varchar) || 'x' FROM t",
    "SELECT a FROM t LIMIT 0",
    "SELECT a, b FROM t ORDER BY a, b OFFSET 3",
  ]));

/** More than the default by the environment variable, for a long run. */
const generated = Number(process.env.VOLLEY_GENERATED ?? 300);

test("generated queries", () => checkAll(Array.from({ length: generated }, (_, seed) => randomQuery(seed))));

test("chains of operators group as in DuckDB", async () => {
  let compared = 0;
  for (let seed = 0; seed < generated; seed++) {
    const sql = `SELECT ${randomChain(seed)}`;
    // What DuckDB refuses, and what only its looser casts let pass, says nothing about grouping.
    const expected = await duckdbRows(duckdb, sql).catch(() => undefined);
    if (!expected) continue;
    const [statement] = await parse(sql);
    assert.ok(statement?.kind === "query");
    try {
      const rows = rowsOf((await bind(statement.query, tables.catalog)).plan);
      assert.deepEqual(comparable(rows, true), comparable(expected, true), sql);
      compared++;
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
    }
  }
  assert.ok(compared > generated / 2);
});

test("a scalar subquery of two rows fails", async () => {
  const [statement] = await parse("SELECT (SELECT a FROM u WHERE u.a = t.a) FROM t");
  assert.ok(statement?.kind === "query");
  const { plan, snapshot, columnIds } = await bind(statement.query, tables.catalog);
  for (const each of [plan, optimize(plan, { snapshot, columnIds, slots: 2 })]) {
    assert.throws(
      () => rowsOf(each),
      (error) => error instanceof QueryError && error.code === "cardinality",
    );
  }
});
