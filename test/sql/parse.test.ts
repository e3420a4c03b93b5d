import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { types } from "../../lib/arrow/types.ts";
import { QueryError, type Span } from "../../lib/errors.ts";
import type { Query, Select, SqlExpr } from "../../lib/sql/ast.ts";
import { renderError } from "../../lib/sql/caret.ts";
import { formatSql } from "../../lib/sql/format.ts";
import { parse } from "../../lib/sql/parse.ts";
import type { Statement } from "../../lib/sql/statement-ast.ts";

async function statement(sql: string): Promise<Statement> {
  const statements = await parse(sql);
  assert.equal(statements.length, 1, sql);
  return statements[0]!;
}

async function query(sql: string): Promise<Query> {
  const parsed = await statement(sql);
  assert.equal(parsed.kind, "query");
  return (parsed as { query: Query }).query;
}

async function select(sql: string): Promise<Select> {
  const { body } = await query(sql);
  assert.equal(body.kind, "select");
  return body as Select;
}

async function expression(sql: string): Promise<SqlExpr> {
  const item = (await select(`SELECT ${sql}`)).items[0]!;
  assert.equal(item.kind, "expr");
  return (item as { expr: SqlExpr }).expr;
}

async function failure(sql: string): Promise<QueryError> {
  try {
    await parse(sql);
  } catch (error) {
    assert.ok(error instanceof QueryError, `${sql}: ${error}`);
    return error;
  }
  assert.fail(`no error: ${sql}`);
}

/** The part of the text that a span covers, for spans on one line. */
function covered(sql: string, span: Span | undefined): string {
  assert.ok(span, sql);
  return sql.split("\n")[span.line - 1]!.slice(span.column - 1, (span.endColumn ?? span.column + 1) - 1);
}

test("operators group as in PostgreSQL and DuckDB", async () => {
  const cases: Readonly<Record<string, string>> = {
    "a || b + c": "(a || (b + c))",
    "a || b + c - d": "(a || ((b + c) - d))",
    "a || b || c + d": "((a || b) || (c + d))",
    "(a || b) + c": "((a || b) + c)",
    "a + b * c - d": "((a + (b * c)) - d)",
    "a IS DISTINCT FROM b AND c = 1 OR d": "(((a IS DISTINCT FROM b) AND (c = 1)) OR d)",
    "x AND a IS NOT DISTINCT FROM b OR c": "((x AND (a IS NOT DISTINCT FROM b)) OR c)",
    "NOT a IS DISTINCT FROM b AND c": "((NOT (a IS DISTINCT FROM b)) AND c)",
    "a IS DISTINCT FROM (b AND c)": "(a IS DISTINCT FROM (b AND c))",
    "a IS DISTINCT FROM b + 1": "(a IS DISTINCT FROM (b + 1))",
    "a LIKE b = c": "((a LIKE b) = c)",
    "a = b LIKE c": "(a = (b LIKE c))",
    "a = b IN (1)": "(a = (b IN (1)))",
    "a = b BETWEEN 1 AND 2 AND c": "((a = (b BETWEEN 1 AND 2)) AND c)",
    "a = b IS NULL": "((a = b) IS NULL)",
    "NOT a = b": "(NOT (a = b))",
    "NOT a IN (1, 2) AND b": "((NOT (a IN (1, 2))) AND b)",
    "a AND NOT b OR c": "((a AND (NOT b)) OR c)",
    "-a * b": "(-(a) * b)",
    "2 - 5": "(2 - 5)",
    "a LIKE b || '%'": "(a LIKE (b || '%'))",
    "a < 1 OR b >= 2 AND c <> 3": "((a < 1) OR ((b >= 2) AND (c <> 3)))",
    "-1::int": "-(CAST(1 AS INTEGER))",
    "a | b & c + 1 << d": "(((a | b) & (c + 1)) << d)",
    "a * b ^ c ^ d / e": "((a * ((b ^ c) ^ d)) / e)",
    "-a ^ 2 + ~b": "((-(a) ^ 2) + ~(b))",
    "a == b": "(a = b)",
    "a != b": "(a <> b)",
  };
  for (const [sql, expected] of Object.entries(cases)) assert.equal(formatSql(await expression(sql)), expected, sql);
});

test("literals", async () => {
  assert.deepEqual(
    { ...(await expression("-9223372036854775808")), span: 0 },
    { kind: "number", text: "-9223372036854775808", span: 0 },
  );
  assert.deepEqual({ ...(await expression("'it''s'")), span: 0 }, { kind: "string", value: "it's", span: 0 });
  assert.deepEqual({ ...(await expression("$$a'b$$")), span: 0 }, { kind: "string", value: "a'b", span: 0 });
  assert.deepEqual({ ...(await expression("x'0aFF'")), span: 0 }, { kind: "hex", digits: "0aff", span: 0 });
  assert.deepEqual(
    { ...(await expression("DATE '2020-01-02'")), span: 0 },
    { kind: "typed_string", type: types.date, value: "2020-01-02", span: 0 },
  );
  const interval = await expression("INTERVAL '3' MONTH");
  assert.equal(interval.kind === "interval" && interval.unit, "month");
});

test("types", async () => {
  const cases = {
    int: types.int32,
    bigint: types.int64,
    smallint: types.int16,
    tinyint: types.int8,
    real: types.float32,
    double: types.float64,
    "double precision": types.float64,
    "decimal(10,2)": types.decimal(10, 2),
    "decimal(5)": types.decimal(5, 0),
    decimal: types.decimal(18, 3),
    "varchar(10)": types.varchar,
    text: types.varchar,
    date: types.date,
    blob: types.binary,
    timestamp: types.timestamp,
    timestamptz: types.timestamptz,
    "timestamp with time zone": types.timestamptz,
    interval: types.interval,
    boolean: types.boolean,
    int8: types.int64,
    float: types.float32,
    "float(53)": types.float64,
    json: types.json,
  };
  for (const [sql, type] of Object.entries(cases)) {
    const cast = await expression(`CAST(a AS ${sql})`);
    assert.deepEqual(cast.kind === "cast" && cast.type, type, sql);
  }
  for (const sql of ["time", "uuid", "int[]", "hugeint", "int unsigned", "foo", "timestamp(3)"]) {
    assert.equal((await failure(`SELECT CAST(a AS ${sql})`)).code, "unsupported", sql);
  }
  assert.equal((await failure("SELECT CAST(a AS decimal(39,0))")).code, "invalid_argument");
});

test("what is inside: fields, elements, arrows", async () => {
  const cases: Readonly<Record<string, string>> = {
    "a.b.c": "c",
    "a['b']": "a['b']",
    "t.a['b'].c[1]": "c[1]",
    "(a).b": "b",
    "f(a).b[1 + 2]": "b[(1 + 2)]",
    "a -> 'b' ->> 0 = 'x' || 'y'": "(((a -> 'b') ->> 0) = ('x' || 'y'))",
    "a + b -> 'c'": "((a + b) -> 'c')",
    "x = a ->> 'b' AND c": "((x = (a ->> 'b')) AND c)",
    "a -> 'b' IS NULL": "((a -> 'b') IS NULL)",
  };
  for (const [sql, text] of Object.entries(cases)) assert.equal(formatSql(await expression(sql)), text, sql);
  const access = await expression("t.a.b['c']");
  assert.deepEqual(access.kind === "subscript" && access.operand.kind === "name" && access.operand.parts.length, 3);
});

test("special forms are the functions they name", async () => {
  const cases: Readonly<Record<string, string>> = {
    "extract(year FROM a)": "date_part('year', a)",
    "position('x' IN a)": "strpos(a, 'x')",
    "substring(a FROM 2 FOR 3)": "substring(a, 2, 3)",
    "substring(a FOR 3)": "substring(a, 1, 3)",
    "trim(LEADING 'x' FROM a)": "ltrim(a, 'x')",
    "trim(a)": "trim(a)",
    "ceil(a)": "ceil(a)",
    "count(*)": "count_star()",
    "COUNT(DISTINCT a) FILTER (WHERE b)": "count(DISTINCT a) FILTER (WHERE b)",
    "string_agg(a, ',' ORDER BY b DESC)": "string_agg(a, ',' ORDER BY b DESC)",
    "listagg(a, ',') WITHIN GROUP (ORDER BY b)": "listagg(a, ',' ORDER BY b)",
    "percentile_cont(0.5) WITHIN GROUP (ORDER BY b)": "percentile_cont(b, 0.5)",
    "a AT TIME ZONE 'UTC'": "timezone('UTC', a)",
  };
  for (const [sql, expected] of Object.entries(cases)) assert.equal(formatSql(await expression(sql)), expected, sql);
});

test("whole statements", async () => {
  assert.deepEqual((await parse("")).length, 0);
  assert.deepEqual((await parse(" ; ; -- nothing\n /* at /* all */ */ ;")).length, 0);
  assert.deepEqual((await parse("SELECT ';'; SELECT \";\" FROM t -- ;\n; SELECT $$;$$")).length, 3);
  const explain = await statement("EXPLAIN ANALYZE (STAGES) SELECT 1");
  assert.ok(explain.kind === "explain" && explain.analyze && explain.mode === "stages");
  const logical = await statement("explain (logical) (select 1)");
  assert.ok(logical.kind === "explain" && logical.mode === "logical" && !logical.analyze);
  assert.equal((await statement("EXPLAIN (SELECT 1)")).kind, "explain");
  assert.equal((await statement("SHOW TABLES")).kind, "show_tables");
  for (const sql of ["DESCRIBE t", "DESC s.t", "SHOW COLUMNS FROM t", "DESCRIBE SELECT 1", "DESCRIBE 'a.parquet'"]) {
    assert.equal((await statement(sql)).kind, "describe", sql);
  }
  const drop = await statement("DROP VIEW IF EXISTS a, b.c");
  assert.ok(drop.kind === "drop" && drop.ifExists && drop.names.length === 2);
});

test("CREATE EXTERNAL TABLE", async () => {
  const table = await statement(
    `CREATE EXTERNAL TABLE IF NOT EXISTS t (a int NOT NULL, "b c" decimal(10,2))
     STORED AS CSV WITH HEADER ROW DELIMITER '|' LOCATION 'dir/*.tbl' OPTIONS ('format.quote' '''', nullstr = 'NA')`,
  );
  assert.ok(table.kind === "create_external_table");
  assert.deepEqual(
    table.columns.map(({ name, type, nullable }) => [name.text, type, nullable]),
    [
      ["a", types.int32, false],
      ["b c", types.decimal(10, 2), true],
    ],
  );
  assert.deepEqual(
    [table.format, table.location, table.ifNotExists, table.orReplace],
    ["csv", "dir/*.tbl", true, false],
  );
  assert.deepEqual(table.options, { header: "true", delimiter: "|", quote: "'", null: "NA" });
  assert.equal((await failure("CREATE EXTERNAL TABLE t STORED AS ORC LOCATION 'x'")).code, "unsupported");
  assert.match((await failure("CREATE EXTERNAL TABLE t STORED AS CSV")).message, /expected LOCATION/);
  const bad = "CREATE EXTERNAL TABLE t (a int, b foo)\nSTORED AS CSV LOCATION 'x'";
  assert.equal(covered(bad, (await failure(bad)).span), "b");
});

test("CREATE VIEW keeps the query's text", async () => {
  const view = await statement("CREATE OR REPLACE VIEW v AS SELECT 1 AS x -- one\n FROM t");
  assert.ok(view.kind === "create_view" && view.orReplace);
  assert.equal(view.sql, "SELECT 1 AS x -- one\n FROM t");
  const named = await statement("create view v (a, b) as (select 1, 2)");
  assert.ok(named.kind === "create_view");
  const [reparsed] = await parse(named.sql);
  assert.deepEqual(reparsed?.kind === "query" && reparsed.query.ctes[0]!.columns.map((name) => name.text), ["a", "b"]);
});

test("LIMIT, OFFSET, FETCH, ORDER BY", async () => {
  const limits = async (sql: string) => {
    const { limit, offset } = await query(sql);
    return [limit && formatSql(limit), offset && formatSql(offset)];
  };
  assert.deepEqual(await limits("SELECT 1 LIMIT 5 OFFSET 2"), ["5", "2"]);
  assert.deepEqual(await limits("SELECT 1 OFFSET 2"), [undefined, "2"]);
  assert.deepEqual(await limits("SELECT 1 LIMIT 2, 5"), ["5", "2"]);
  assert.deepEqual(await limits("SELECT 1 LIMIT ALL"), [undefined, undefined]);
  assert.deepEqual(await limits("SELECT 1 OFFSET 2 ROWS FETCH NEXT 5 ROWS ONLY"), ["5", "2"]);
  assert.deepEqual(await limits("SELECT 1 FETCH FIRST ROW ONLY"), ["1", undefined]);
  const { orderBy } = await query("SELECT a ORDER BY a DESC, b NULLS FIRST, 3");
  assert.ok(!("all" in orderBy));
  assert.deepEqual(
    orderBy.map(({ descending, nullsFirst }) => [descending, nullsFirst]),
    [
      [true, false],
      [false, true],
      [false, false],
    ],
  );
  assert.ok("all" in (await query("SELECT a ORDER BY ALL DESC")).orderBy);
});

test("grouping sets are written out", async () => {
  const sets = async (sql: string) => {
    const { groupBy } = await select(`SELECT 1 FROM t GROUP BY ${sql}`);
    assert.equal(groupBy.kind, "items");
    return (groupBy as Extract<typeof groupBy, { kind: "items" }>).items.map((item) =>
      item.kind === "sets" ? item.sets.map((set) => set.map(formatSql).join()) : formatSql(item.expr),
    );
  };
  assert.deepEqual(await sets("a, ROLLUP (b, c)"), ["a", ["b,c", "b", ""]]);
  assert.deepEqual(await sets("CUBE (a, b)"), [["a,b", "a", "b", ""]]);
  assert.deepEqual(await sets("GROUPING SETS ((a, b), (c), ())"), [["a,b", "c", ""]]);
  assert.deepEqual(await sets("ROLLUP ((a, b), c)"), [["a,b,c", "a,b", ""]]);
  assert.equal((await select("SELECT 1 FROM t GROUP BY ALL")).groupBy.kind, "all");
});

test("parameters are numbered in the order of the text", async () => {
  const { items, from } = await select("SELECT ?, '?', \"?\" /* ? */, ? FROM (SELECT ? AS x) WHERE ? = $2 LIMIT ?");
  const numbers = JSON.stringify([items, from]).match(/"key":\d+/g);
  assert.deepEqual(numbers, ['"key":1', '"key":2', '"key":3']);
  const second = (await parse("SELECT ?; SELECT ?"))[1]!;
  assert.match(JSON.stringify(second), /"key":1/);
});

test("what is not supported says so, with its place", async () => {
  const cases: Readonly<Record<string, string>> = {
    "SELECT TOP 5 a FROM t": "TOP",
    "SELECT a INTO b FROM t": "INTO",
    "SELECT a FROM t FOR UPDATE": "FOR UPDATE",
    "SELECT a FROM t TABLESAMPLE (10 PERCENT)": "TABLESAMPLE",
    "SELECT a FROM t LATERAL VIEW explode(x) y": "LATERAL VIEW",
    "SELECT a FROM t SORT BY a": "SORT BY",
    "SELECT a FROM t PREWHERE a": "PREWHERE",
    "SELECT a FROM t LIMIT 5 BY a": "LIMIT … BY",
    "SELECT a FROM t FETCH FIRST 5 ROWS WITH TIES": "WITH TIES",
    "SELECT a FROM t FETCH FIRST 5 PERCENT ROWS ONLY": "PERCENT",
    "SELECT a FROM t GROUP BY a WITH ROLLUP": "WITH ROLLUP",
    "SELECT a FROM t |> LIMIT 1": "|>",
    "SELECT a FROM t SETTINGS x = 1": "SETTINGS",
    "SELECT a FROM t FORMAT csv": "FORMAT",
    "SELECT * ILIKE 'x' FROM t": "ILIKE",
    "SELECT * FROM t PIVOT (sum(a) FOR b IN (1))": "Pivot",
    "SELECT * FROM t WITH ORDINALITY": "WITH ORDINALITY",
    "SELECT * FROM a ASOF JOIN b MATCH_CONDITION (a.x > b.x) ON true": "As Of",
    "SELECT * FROM a POSITIONAL JOIN b ON true": "POSITIONAL",
    "SELECT * FROM a CROSS APPLY b": "Cross Apply",
    "SELECT 1 UNION BY NAME SELECT 2": "BY NAME",
    "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT * FROM x) SELECT * FROM x": "RECURSIVE",
    "SELECT [1, 2]": "Array",
    "SELECT a[1:2]": "a slice",
    "SELECT a COLLATE x": "Collate",
    "SELECT a LIKE ANY ('x')": "LIKE ANY",
    "SELECT sum(b) WITHIN GROUP (ORDER BY a)": "WITHIN GROUP",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a DESC)": "WITHIN GROUP",
    "SELECT f(x => 1)": "named argument",
    "SELECT a = ANY (ARRAY[1])": "ANY over",
    "SELECT INTERVAL '1-2' YEAR TO MONTH": "LAST FIELD",
    "SELECT 0x1F": "hexadecimal",
    "SELECT floor(a, 2)": "FLOOR",
    "CREATE TABLE t (a int primary key)": "PrimaryKey",
    "CREATE TABLE t (a int, UNIQUE (a))": "constraint",
    "CREATE TABLE t (a int) PARTITION BY (a)": "PARTITION",
    "CREATE MATERIALIZED VIEW v AS SELECT 1": "MATERIALIZED",
    "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING": "ON",
    "INSERT INTO t VALUES (1) RETURNING a": "RETURNING",
    "COPY t FROM 'x.csv'": "COPY … FROM",
    "COPY t TO STDOUT": "STDOUT",
    "COPY t TO 'x' (FORMAT csv, DELIMITER '|')": "DELIMITER",
    "UPDATE t SET a = 1": "UPDATE",
    "SET x = 1": "SET",
    BEGIN: "transaction",
    "DROP INDEX i": "DROP INDEX",
    "SHOW TABLES LIKE 'x'": "FILTER POSITION",
  };
  for (const [sql, part] of Object.entries(cases)) {
    const error = await failure(sql);
    assert.equal(error.code, "unsupported", `${sql}: ${error.message}`);
    assert.ok(error.message.includes(part), `${sql}: ${error.message}`);
    assert.ok(error.span, sql);
  }
});

test("syntax errors point at their place", async () => {
  const cases: readonly (readonly [sql: string, line: number, column: number, message: RegExp])[] = [
    ["SELEC 1", 1, 1, /expected an SQL statement, found SELEC/],
    ["SELECT 1 FROM", 1, 14, /found the end of the query/],
    ["SELECT 1;\nSELECT a,\n  b + FROM t", 3, 7, /unexpected FROM/],
    ["SELECT 'abc", 1, 8, /unterminated string/],
    ["SELECT 1_000", 1, 9, /directly after a number/],
    ["SELECT a NOTNULL", 1, 10, /NOTNULL/],
    ["SELECT * FROM a JOIN b", 1, 22, /ON, USING or NATURAL/],
    ["EXPLAIN (FOO) SELECT 1", 1, 10, /unknown EXPLAIN option/],
    ["EXPLAIN", 1, 8, /expected a query/],
    ["SELECT 1 SELECT 2", 1, 10, /expected end of statement/],
    ["SELECT 'é😀', FROM", 1, 18, /expected/],
    ["SELECT x'abc'", 1, 8, /hexadecimal/],
  ];
  for (const [sql, line, column, message] of cases) {
    const error = await failure(sql);
    assert.equal(error.code, "syntax", sql);
    assert.match(error.message, message, sql);
    assert.deepEqual([error.span?.line, error.span?.column], [line, column], sql);
  }
});

test("names and calls carry spans", async () => {
  const sql = "SELECT a,\n  t . b, f(c, 1) FROM t";
  const [, second, third] = (await select(sql)).items;
  assert.ok(second?.kind === "expr" && third?.kind === "expr");
  assert.equal(covered(sql, second.expr.span), "t . b");
  assert.ok(covered(sql, third.expr.span).startsWith("f(c, 1"));
});

test("an error is shown with its line and a caret", async () => {
  const sql = "SELECT a\nFROM t\n\tWHER b";
  const error = new QueryError("syntax", "no", {
    span: { line: 3, column: 2, endLine: 3, endColumn: 6 },
    hint: "WHERE",
  });
  assert.equal(renderError(error, sql), "error: no\nLINE 3: \tWHER b\n        \t^^^^\nhint: WHERE");
  assert.equal(renderError(new QueryError("internal", "no"), sql), "error: no");
  const long = `SELECT ${"x, ".repeat(100)}!`;
  const rendered = renderError(new QueryError("syntax", "no", { span: { line: 1, column: long.length } }), long).split(
    "\n",
  );
  assert.equal(rendered[1]![rendered[2]!.indexOf("^")], "!");
});

test("deep nesting is an error, and the parser works on afterwards", async () => {
  const repeat = (text: string, times: number) => text.repeat(times);
  const deep = [
    `SELECT ${repeat("(", 3000)}1${repeat(")", 3000)}`,
    `SELECT 1${repeat("+1", 100_000)}`,
    `SELECT 1${repeat("::int", 5000)}`,
    `SELECT ${repeat("case when a then ", 3000)}1${repeat(" end", 3000)}`,
    `SELECT ${repeat("f(", 3000)}1${repeat(")", 3000)}`,
    `SELECT * FROM ${repeat("(SELECT * FROM ", 3000)}t${repeat(")", 3000)}`,
  ];
  for (const sql of deep) {
    const error = await failure(sql);
    assert.equal(error.code, "syntax", sql.slice(0, 40));
    assert.equal((await parse("SELECT 1")).length, 1);
  }
  assert.equal((await parse(`SELECT 1${repeat(" + 1", 500)}`)).length, 1);
  assert.equal((await parse(`SELECT a IN (1${repeat(", 1", 20_000)})`)).length, 1);
});

test("the 22 queries of TPC-H parse", async () => {
  const folder = new URL("../../bench/tpch/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
  assert.equal(files.length, 22);
  for (const file of files)
    assert.equal((await statement(readFileSync(new URL(file, folder), "utf8"))).kind, "query", file);
});
