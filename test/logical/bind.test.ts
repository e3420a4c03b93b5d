import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { typeName } from "../../lib/arrow/types.ts";
import { QueryError } from "../../lib/errors.ts";
import { type BindOptions, type BoundQuery, bind } from "../../lib/logical/bind.ts";
import { formatLogical } from "../../lib/logical/format.ts";
import { parse } from "../../lib/sql/parse.ts";
import { checkPlan } from "./check-plan.ts";
import { TestCatalog, tpchTables } from "./test-catalog.ts";

const tables = ["t(a int, b int null, c text null)", "u(a int, d text)", "v(a int, x double)", ...tpchTables];

async function bound(
  sql: string,
  options: BindOptions = {},
  catalog = new TestCatalog(...tables),
): Promise<BoundQuery> {
  const [statement] = await parse(sql);
  assert.equal(statement?.kind, "query");
  const result = await bind((statement as { query: Parameters<typeof bind>[0] }).query, catalog, options);
  checkPlan(result.plan);
  return result;
}

async function planOf(sql: string, options: BindOptions = {}): Promise<string> {
  return formatLogical((await bound(sql, options)).plan);
}

async function failure(sql: string, options: BindOptions = {}): Promise<QueryError> {
  try {
    await bound(sql, options);
  } catch (error) {
    assert.ok(error instanceof QueryError, `${sql}: ${error}`);
    return error;
  }
  assert.fail(`no error: ${sql}`);
}

/** The text between the lines, without their common indentation. */
function text(block: string): string {
  const lines = block.split("\n").filter((line) => line.trim() !== "");
  const margin = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(margin)).join("\n");
}

test("the 22 queries of TPC-H bind", async () => {
  const folder = new URL("../../bench/tpch/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
  assert.equal(files.length, 22);
  for (const file of files) await bound(readFileSync(new URL(file, folder), "utf8"));
});

test("plans", async () => {
  const cases: Readonly<Record<string, string>> = {
    "SELECT a + 1 AS k, sum(b) s, count(*) FROM t WHERE c = 'x' GROUP BY k HAVING s > 2 ORDER BY sum(b) + 1 DESC, k LIMIT 3 OFFSET 1": `
      Limit 3 offset=1
        Project [k#3, s#4, count_star()#5]
          Sort sort key#6 DESC, k#3
            Project [k#3, sum#4 AS s#4, count_star#5 AS count_star()#5, sum#4 + 1 AS sort key#6]
              Filter sum#4 > 2
                Aggregate keys=[a#0 + 1 AS k#3] aggregates=[sum(b#1) AS sum#4, count_star() AS count_star#5]
                  Filter c#2 = 'x'
                    Scan t [a#0, b#1, c#2]`,
    "SELECT * FROM t FULL JOIN u USING (a) WHERE a > 1": `
      Project [a#5, b#1, c#2, d#4]
        Filter a#5 > 1
          Project [a#0, b#1, c#2, a#3, d#4, coalesce(a#0, a#3) AS a#5]
            Join full keys=[a#0 = a#3]
              Scan t [a#0, b#1, c#2]
              Scan u [a#3, d#4]`,
    "SELECT u.a FROM t LEFT JOIN u ON t.a = u.a AND t.b > 3 AND u.d = 'x' AND u.a + 1 = t.a": `
      Project [a#3]
        Join left keys=[a#0 = a#3, a#0 = a#3 + 1] filter=[b#1 > 3 AND d#4 = 'x']
          Scan t [a#0, b#1, c#2]
          Scan u [a#3, d#4]`,
    "WITH x AS (SELECT a FROM t), y (b) AS (SELECT a FROM x), z AS (SELECT 1) SELECT * FROM x, y": `
      Project [a#8, b#9]
        Join cross
          Shared 3 [a#8]
            Project [a#0]
              Scan t [a#0, b#1, c#2]
          Project [b#4 AS b#9]
            Project [a#4 AS b#4]
              Project [a#4]
                Shared 3 [a#4]`,
    "SELECT a FROM t UNION SELECT a FROM u UNION ALL SELECT a + 1 FROM v ORDER BY 1": `
      Sort a#9
        Union [a#9]
          Aggregate keys=[a#5]
            Union [a#5]
              Project [a#0]
                Scan t [a#0, b#1, c#2]
              Project [a#3]
                Scan u [a#3, d#4]
          Project [a#6 + 1 AS (a + 1)#8]
            Scan v [a#6, x#7]`,
    "SELECT a, b FROM t EXCEPT SELECT a, NULL FROM u": `
      Join anti keys=[a#0 IS NOT DISTINCT FROM a#3, b#1 IS NOT DISTINCT FROM NULL#6]
        Aggregate keys=[a#0, b#1]
          Project [a#0, b#1]
            Scan t [a#0, b#1, c#2]
        Project [a#3, CAST(NULL#5 AS INTEGER) AS NULL#6]
          Project [a#3, NULL AS NULL#5]
            Scan u [a#3, d#4]`,
    "SELECT a FROM t WHERE EXISTS (SELECT * FROM u WHERE u.a = t.a) AND b NOT IN (SELECT x FROM v)": `
      Project [a#0]
        Filter EXISTS (subquery 1) AND NOT CAST(b#1 AS DOUBLE) IN (subquery 2)
          Subquery 1
            Project [a#3, d#4]
              Filter a#3 = a#0
                Scan u [a#3, d#4]
          Subquery 2
            Project [x#6]
              Scan v [a#5, x#6]
          Scan t [a#0, b#1, c#2]`,
    "SELECT a, (SELECT count(*) FROM u WHERE u.a = t.a) FROM t GROUP BY a": `
      Project [a#0, (subquery 1) AS (subquery)#6]
        Subquery 1
          Project [count_star#5 AS count_star()#5]
            Aggregate aggregates=[count_star() AS count_star#5]
              Filter a#3 = a#0
                Scan u [a#3, d#4]
        Aggregate keys=[a#0]
          Scan t [a#0, b#1, c#2]`,
    "SELECT (SELECT t.a) FROM t": `
      Project [(subquery 1) AS (subquery)#4]
        Subquery 1
          Project [a#0 AS a#3]
            Values [] ()
        Scan t [a#0, b#1, c#2]`,
    "SELECT DISTINCT a, b FROM t ORDER BY a + b": `
      Project [a#0, b#1]
        Sort sort key#3
          Project [a#0, b#1, a#0 + b#1 AS sort key#3]
            Aggregate keys=[a#0, b#1]
              Project [a#0, b#1]
                Scan t [a#0, b#1, c#2]`,
    "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b DESC": `
      Project [a#4, b#5]
        Sort sort key#6, sort key#7 DESC
          Aggregate keys=[a#0 AS key#3] aggregates=[first(a#0 ORDER BY a#0, b#1 DESC) AS a#4, first(b#1 ORDER BY a#0, b#1 DESC) AS b#5, first(a#0 ORDER BY a#0, b#1 DESC) AS sort key#6, first(b#1 ORDER BY a#0, b#1 DESC) AS sort key#7]
            Scan t [a#0, b#1, c#2]`,
    "SELECT b, sum(a), grouping(b) FROM t GROUP BY ROLLUP (b)": `
      Project [b#3, sum#4 AS sum(a)#4, grouping#5 AS grouping(b)#5]
        Union [b#3, sum#4, grouping#5]
          Project [b#10 AS b#12, sum#11 AS sum#13, 0 AS grouping#14]
            Aggregate keys=[b#8 AS b#10] aggregates=[sum(a#7) AS sum#11]
              Shared 6 [a#7, b#8, c#9]
                Scan t [a#0, b#1, c#2]
          Project [NULL AS b#19, sum#18 AS sum#20, 1 AS grouping#21]
            Aggregate aggregates=[sum(a#15) AS sum#18]
              Shared 6 [a#15, b#16, c#17]`,
    "SELECT * FROM (VALUES (1, 'a'), (2.5, NULL)) w(p, q) ORDER BY -p": `
      Project [p#0, q#1]
        Sort sort key#2
          Project [p#0, q#1, -p#0 AS sort key#2]
            Values [col0#0, col1#1] (1.0, 'a'), (2.5, NULL)`,
    "SELECT x.* EXCLUDE (b) REPLACE (a + 1 AS a) RENAME (c AS cc) FROM t x": `
      Project [a#0 + 1 AS a#3, c#2 AS cc#2]
        Scan x [a#0, b#1, c#2]`,
    "SELECT 1 WHERE (1, 2) IN ((1, 2), (3, 4)) AND (1, 2) <> (3, 4)": `
      Project [1 AS 1#0]
        Filter (1 = 1 AND 2 = 2 OR 1 = 3 AND 2 = 4) AND NOT (1 = 3 AND 2 = 4)
          Values [] ()`,
    "SELECT b AS a, count(*) FROM t GROUP BY b HAVING a > 3": `
      Project [b#1 AS a#1, count_star#3 AS count_star()#3]
        Filter b#1 > 3
          Aggregate keys=[b#1] aggregates=[count_star() AS count_star#3]
            Scan t [a#0, b#1, c#2]`,
    "FROM t SELECT a WHERE a IS TRUE OR c ~ 'x' OR a IN (1, '2', b)": `
      Project [a#0]
        Filter CAST(a#0 AS BOOLEAN) IS NOT DISTINCT FROM TRUE OR regexp_full_match(c#2, 'x') OR a#0 IN (1, CAST('2' AS INTEGER), b#1)
          Scan t [a#0, b#1, c#2]`,
  };
  for (const [sql, plan] of Object.entries(cases)) assert.equal(await planOf(sql), text(plan), sql);
});

test("errors name the place and, where there is one, the remedy", async () => {
  const cases: readonly (readonly [sql: string, code: string, place: string, message: RegExp, hint?: RegExp])[] = [
    ["SELECT nam FROM t, nation, region", "unknown_column", "nam", /no column nam/],
    ["SELECT n_nam FROM nation", "unknown_column", "n_nam", /no column n_nam/, /n_name/],
    ["SELECT nation.n_nam FROM nation", "unknown_column", "nation.n_nam", /no column nation.n_nam/, /n_name/],
    ["SELECT natoin.n_name FROM nation", "unknown_table", "natoin.n_name", /no table natoin in FROM/, /nation/],
    ["SELECT x.* FROM t", "unknown_table", "x", /no table x in FROM/],
    ["SELECT 1 FROM lineitme", "unknown_table", "lineitme", /no table lineitme/, /lineitem/],
    ["SELECT a FROM t, u", "ambiguous_column", "a", /ambiguous/, /t\.a or u\.a/],
    ["SELECT 1 FROM t JOIN u ON a = 1", "ambiguous_column", "a", /ambiguous/],
    ["SELECT coalese(a) FROM t", "unknown_function", "coalese(a", /coalese/, /coalesce/],
    ["SELECT smu(a) FROM t", "unknown_function", "smu(a", /smu/],
    ["SELECT a, b FROM t GROUP BY a", "invalid_argument", "b", /column b must be in GROUP BY/, /any_value/],
    ["SELECT a + 1, sum(b) FROM t", "invalid_argument", "a", /column a must be in GROUP BY/],
    ["SELECT * FROM t GROUP BY a", "invalid_argument", "", /column b must be in GROUP BY/],
    ["SELECT sum(b) FROM t ORDER BY c", "invalid_argument", "c", /column c must be in GROUP BY/],
    ["SELECT a FROM t GROUP BY a HAVING b > 1", "invalid_argument", "b", /column b must be in GROUP BY/],
    [
      "SELECT b, (SELECT max(a) FROM u WHERE u.a = t.a) FROM t GROUP BY b",
      "invalid_argument",
      "t.a",
      /column a must be/,
    ],
    ["SELECT sum(sum(b)) FROM t", "invalid_argument", "sum(b", /nested/],
    ["SELECT a FROM t WHERE sum(b) > 1", "invalid_argument", "sum(b", /WHERE cannot contain/, /HAVING/],
    ["SELECT 1 FROM t JOIN u ON sum(b) = 1", "invalid_argument", "sum(b", /ON cannot contain/],
    ["SELECT count(*) FROM t GROUP BY sum(a)", "invalid_argument", "sum(a", /GROUP BY cannot contain/],
    ["SELECT (SELECT sum(t.a) FROM u) FROM t", "unsupported", "sum(t.a", /outer query/],
    ["SELECT upper(DISTINCT c) FROM t", "syntax", "upper(DISTINCT c", /DISTINCT is for aggregate/],
    ["SELECT upper(*) FROM t", "syntax", "upper", /upper\(\*\)/],
    ["SELECT a FROM t ORDER BY 2", "invalid_argument", "2", /ORDER BY 2 is out of range/],
    ["SELECT a FROM t GROUP BY 0", "invalid_argument", "0", /GROUP BY 0 is out of range/],
    ["SELECT DISTINCT a FROM t ORDER BY b", "invalid_argument", "b", /SELECT DISTINCT/],
    ["SELECT a FROM t LIMIT -1", "invalid_argument", "1", /LIMIT needs/],
    ["SELECT a FROM t LIMIT 1.5", "invalid_argument", "1.5", /LIMIT needs/],
    ["SELECT a FROM t OFFSET (SELECT 1)", "unsupported", "SELECT 1", /OFFSET of anything but a constant/],
    ["SELECT (SELECT a, b FROM t)", "type_mismatch", "SELECT a, b FROM t", /1 column, not 2/],
    ["SELECT 1 IN (SELECT a, b FROM t)", "type_mismatch", "1", /1 column, not 2/],
    ["SELECT (1, 2) = (1, 2, 3)", "type_mismatch", "1, 2, 3", /different numbers/],
    ["SELECT (1, 2) < (1, 3)", "unsupported", "1, 2) < (1, 3", /between row values/],
    ["SELECT 1 UNION SELECT 1, 2", "type_mismatch", "SELECT 1 UNION SELECT 1, 2", /1 and 2/],
    ["SELECT 1 UNION SELECT DATE '2020-01-01'", "type_mismatch", "SELECT 1 UNION SELECT DATE '2020-01-01'", /mix/],
    ["VALUES (1), (1, 2)", "invalid_argument", "1", /different numbers/],
    ["SELECT 1 FROM t, t", "duplicate", "t", /named t/, /alias/],
    ["WITH x AS (SELECT 1), X AS (SELECT 2) SELECT 1", "duplicate", "X", /twice/],
    ["SELECT 1 FROM t JOIN u USING (d)", "unknown_column", "d", /no column d/],
    [
      "SELECT 1 FROM u NATURAL JOIN (SELECT 1 AS z) w",
      "invalid_argument",
      "u NATURAL JOIN (SELECT 1 AS z) w",
      /NATURAL/,
    ],
    ["SELECT * EXCLUDE (z) FROM t", "unknown_column", "z", /no column z/],
    ["SELECT *", "invalid_argument", "*", /FROM/],
    ["SELECT a FROM t WHERE c > 5", "type_mismatch", "c > 5", /VARCHAR > INTEGER/],
    ["SELECT CAST(DATE '2020-01-01' AS BOOLEAN)", "type_mismatch", "DATE '2020-01-01'", /cannot cast DATE to BOOLEAN/],
    [
      "SELECT CASE WHEN a THEN 1 ELSE c END FROM t",
      "type_mismatch",
      "CASE WHEN a THEN 1 ELSE c END",
      /CASE cannot mix/,
    ],
    ["SELECT a FROM t AS x (p, q, r, s)", "invalid_argument", "s", /3 columns, but 4/],
    ["SELECT * FROM rang(3)", "unknown_function", "rang", /table function rang/, /range/],
    ["SELECT * FROM range(random()::int)", "unsupported", "range(random", /constant/],
    ["SELECT * FROM read_csv('u.csv', headr=true)", "unsupported", "headr", /headr/, /header/],
    ["SELECT * FROM read_parquet('t.parquet', x=1)", "unsupported", "x", /option x/],
    ["SELECT * FROM 'nope.parquet'", "not_found", "'nope.parquet'", /nope/],
    ["SELECT $3", "invalid_argument", "$3", /no value/],
    ["SELECT :x", "invalid_argument", ":x", /no value/],
    ["SELECT INTERVAL '3' JULIAN", "syntax", "'3'", /unknown unit/],
  ];
  for (const [sql, code, place, message, hint] of cases) {
    const error = await failure(sql, { parameters: [1] });
    assert.equal(error.code, code, `${sql}: ${error.message}`);
    assert.match(error.message, message, sql);
    if (place) assert.equal(sql.slice(error.span!.column - 1, error.span!.endColumn! - 1), place, sql);
    if (hint) assert.match(error.hint ?? "", hint, sql);
  }
});

test("nullability is honest", async () => {
  const nullable = async (sql: string) => (await bound(sql)).plan.columns.map((column) => column.nullable);
  assert.deepEqual(await nullable("SELECT a, b, a + 1, a + b, a IS NULL, coalesce(b, a), NULL FROM t"), [
    false,
    true,
    false,
    true,
    false,
    false,
    true,
  ]);
  assert.deepEqual(await nullable("SELECT t.a, u.a FROM t LEFT JOIN u ON t.a = u.a"), [false, true]);
  assert.deepEqual(await nullable("SELECT t.a, u.a FROM t RIGHT JOIN u ON t.a = u.a"), [true, false]);
  assert.deepEqual(await nullable("SELECT t.a, u.a, a FROM t FULL JOIN u USING (a)"), [true, true, false]);
  assert.deepEqual(await nullable("SELECT count(*), count(b), max(a) FROM t"), [false, false, true]);
  assert.deepEqual(await nullable("SELECT a FROM t UNION ALL SELECT b FROM t"), [true]);
  assert.deepEqual(await nullable("SELECT a, count(*) FROM t GROUP BY ROLLUP (a)"), [true, false]);
  assert.deepEqual(await nullable("SELECT * FROM (VALUES (1, 1), (2, NULL)) w"), [false, true]);
  assert.deepEqual(await nullable("SELECT (SELECT a FROM t), EXISTS (SELECT 1), CASE WHEN true THEN 1 END"), [
    true,
    false,
    true,
  ]);
});

test("types of literals and parameters", async () => {
  const typesOf = async (sql: string, parameters: BindOptions["parameters"] = []) =>
    (await bound(sql, { parameters })).plan.columns.map((column) => typeName(column.type)).join();
  assert.equal(
    await typesOf("SELECT 1, -2147483648, 2147483648, -9223372036854775808, 9223372036854775808"),
    "INTEGER,INTEGER,BIGINT,BIGINT,DECIMAL(19,0)",
  );
  assert.equal(
    await typesOf("SELECT 1.50, 0.05, .5, 1., 1e3, 0.0, 00.10"),
    "DECIMAL(3,2),DECIMAL(2,2),DECIMAL(1,1),DECIMAL(1,0),DOUBLE,DECIMAL(1,1),DECIMAL(2,2)",
  );
  assert.equal(await typesOf(`SELECT ${"9".repeat(38)}, ${"9".repeat(39)}`), "DECIMAL(38,0),DOUBLE");
  const values = [1, 2 ** 40, 1.5, 10n, 10n ** 20n, "x", true, null, new Date(0), new Uint8Array([1])];
  assert.equal(
    await typesOf("SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?", values),
    "INTEGER,BIGINT,DOUBLE,INTEGER,DECIMAL(21,0),VARCHAR,BOOLEAN,NULL,TIMESTAMP,VARBINARY",
  );
  assert.equal(await typesOf("SELECT :a, $b, $a", { a: 1, b: "x" }), "INTEGER,VARCHAR,INTEGER");
  assert.equal(
    (await planOf("SELECT a FROM t LIMIT ? OFFSET ?", { parameters: [5, 2] })).split("\n")[0],
    "Limit 5 offset=2",
  );
  assert.equal(
    await planOf("SELECT INTERVAL '-3' WEEK"),
    "Project [INTERVAL '-21 days' AS INTERVAL '-3' WEEK#0]\n  Values [] ()",
  );
});

test("tables: paths, options, views", async () => {
  const catalog = new TestCatalog(...tables);
  const query =
    "SELECT t.a, x.d FROM 'dir/t.parquet', read_csv(['u.csv', 'v.csv'], header = true, delim => '|', types = {'a': 'DECIMAL(5,2)'}) x";
  const { snapshot } = await bound(query, {}, catalog);
  assert.equal(snapshot.size, 2);
  assert.deepEqual(JSON.parse(JSON.stringify(catalog.pathCalls)), [
    [["dir/t.parquet"], "auto"],
    [
      ["u.csv", "v.csv"],
      "csv",
      { header: true, delimiter: "|", types: { a: { kind: "decimal", precision: 5, scale: 2 } } },
    ],
  ]);
  const views = new Map([
    ["w", "SELECT a, count(*) AS n FROM T GROUP BY a"],
    ["w2", "SELECT n FROM w WHERE a > 1"],
    ["loop", "SELECT * FROM loop"],
    ["broken", "SELECT nope FROM t"],
  ]);
  assert.deepEqual((await bound("SELECT * FROM W JOIN w2 ON w.n = w2.n", { views })).names, ["a", "n", "n"]);
  assert.match((await failure("SELECT * FROM loop", { views })).message, /refers to itself/);
  const broken = await failure("SELECT 1 FROM t, broken", { views });
  assert.match(broken.message, /in the view broken: there is no column nope/);
  assert.equal(broken.span, undefined);
  // A CTE hides a table and a view of its name; inside itself it does not.
  assert.deepEqual((await bound("WITH w AS (SELECT a AS z FROM w) SELECT * FROM w", { views })).names, ["z"]);
});

test("names of output columns are DuckDB's", async () => {
  const duckdb = await (await DuckDBInstance.create()).connect();
  await duckdb.run(
    "CREATE TABLE t (a int, b int, c text); CREATE TABLE u (a int, d text); CREATE TABLE v (a int, x double)",
  );
  const queries = [
    "SELECT * FROM t JOIN u USING (a) JOIN v USING (a)",
    "SELECT * FROM t NATURAL JOIN u",
    "SELECT t.*, u.* FROM t FULL JOIN u USING (a)",
    "SELECT *, 1 AS one FROM u RIGHT JOIN t USING (a)",
    "SELECT * FROM t SEMI JOIN u USING (a)",
    "SELECT * FROM (t CROSS JOIN v) WHERE b = 1",
    'SELECT T.A, "B", c AS "C d" FROM t',
    "SELECT * EXCLUDE (b) FROM t",
    "SELECT sum(a), count(*), count(DISTINCT b), a + b, -a, avg(a * 2) FROM t GROUP BY a, b",
    "SELECT a IS NULL, (a), coalesce(a, 1) FROM t",
    "VALUES (1, 2)",
    "SELECT * FROM range(3), generate_series(1, 2)",
    "WITH x (p, q) AS (SELECT a, b FROM t) SELECT * FROM x",
    "SELECT a AS x FROM t UNION SELECT d FROM u",
    "SELECT a FROM t GROUP BY ALL ORDER BY ALL",
    "SELECT a + 1 AS b, b * 2 AS c FROM t ORDER BY b",
  ];
  for (const sql of queries.filter((sql) => !sql.includes("UNION SELECT d"))) {
    const { names } = await bound(sql);
    const expected = (await duckdb.runAndReadAll(sql)).columnNames();
    assert.deepEqual(
      names.map((name) => name.toLowerCase()),
      expected.map((name) => name.toLowerCase()),
      sql,
    );
  }
  duckdb.closeSync();
});
