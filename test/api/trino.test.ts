/** The Trino client protocol, with the client from npm and by hand. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { serve } from "@hono/node-server";
import { BasicAuth, type QueryResult, Trino } from "trino-client";
import { createApi } from "../../lib/api/app.ts";
import { hashToken } from "../../lib/api/authenticate.ts";
import { SessionContext } from "../../lib/index.ts";
import { EmbeddedQueryService } from "../../lib/service/embedded-query-service.ts";

type Json = Record<string, unknown>;

describe("Trino protocol", () => {
  let session: SessionContext;
  let server: Server;
  let url: string;
  let client: Trino;
  let responseBytesMax = 4_500_000;

  before(async () => {
    session = await SessionContext.standalone({ threads: 2, memory: "512MB" });
    await session.sql("create view numbers as select a.i * 10 + b.i as i from range(1000) a(i), range(10) b(i)");
    await session.sql("create view words as select 'a' as w, 1.5::decimal(10,2) as d");
    const tokens = [{ tenant: "ann", sha256: hashToken("secret") }];
    const service = new EmbeddedQueryService(session);
    const fetch = (request: Request) =>
      createApi({ service, authentication: { kind: "tokens", tokens }, responseBytesMax }).fetch(request);
    server = serve({ fetch, port: 0, hostname: "127.0.0.1" }) as Server;
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = Trino.create({ server: url, catalog: "volley", schema: "default", auth: new BasicAuth("ann", "secret") });
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await session.close();
  });

  /** All pages of a query through the client; the last result and the rows. */
  async function ask(sql: string, of = client): Promise<{ rows: unknown[][]; last: QueryResult; error?: Json }> {
    const rows: unknown[][] = [];
    let last: QueryResult | undefined;
    // The client's iterator leaves the first and only response out.
    const iterator = await of.query(sql);
    let step = await iterator.next();
    for (; !step.done; step = await iterator.next()) {
      last = step.value;
      rows.push(...((last.data ?? []) as unknown[][]));
    }
    last ??= step.value;
    if (rows.length === 0) rows.push(...((last!.data ?? []) as unknown[][]));
    const error = (last as unknown as { error?: Json }).error;
    return { rows, last: last!, ...(error && { error }) };
  }

  /** By hand, with headers. */
  async function post(sql: string, headers: Record<string, string> = {}): Promise<{ body: Json; headers: Headers }> {
    const all = { authorization: "Bearer secret", "x-trino-user": "ann", ...headers };
    let response = await fetch(`${url}/v1/statement`, { method: "POST", body: sql, headers: all });
    let body = (await response.json()) as Json;
    const first = response.headers;
    while (body.nextUri && !body.data) {
      response = await fetch(body.nextUri as string, { headers: all });
      body = (await response.json()) as Json;
    }
    return { body, headers: first };
  }

  it("answers queries", async () => {
    const { rows, last } = await ask("select i, 'x' || i as t from volley.default.numbers where i < 3 order by i;");
    assert.deepEqual(rows, [
      [0, "x0"],
      [1, "x1"],
      [2, "x2"],
    ]);
    assert.deepEqual(
      last.columns!.map(({ name, type }) => [name, type]),
      [
        ["i", "bigint"],
        ["t", "varchar"],
      ],
    );
    assert.equal(last.stats!.state, "FINISHED");
  });

  it("pages; a page can be asked for again", async () => {
    responseBytesMax = 20_000;
    const { rows } = await ask("select i from numbers");
    assert.deepEqual(
      rows.map(([i]) => i as number).sort((a, b) => a - b),
      Array.from({ length: 10_000 }, (_, i) => i),
    );
    const { body } = await post("select i from numbers order by i");
    const again = async () =>
      (await fetch(body.nextUri as string, { headers: { authorization: "Bearer secret" } })).text();
    assert.equal(await again(), await again());
    responseBytesMax = 4_500_000;
  });

  it("writes every type as Trino does", async () => {
    const sql = `select true as a, 1::tinyint as b, 2::smallint as c, 3::int as d, 9007199254740993 as e, 1.5::real as f,
      'nan'::double as g, '-inf'::double as h, 1.50::decimal(10,2) as i, date '2024-02-29' as j,
      timestamp '2024-02-29 01:02:03.000004' as k, timestamptz '2024-02-29 01:02:03+00' as l, interval '1 day' as m,
      'ä' as n, encode('x') as o, null as p, 1e300::double as q`;
    const { body } = await post(sql.replace("encode('x')", "'x'::blob"), {
      "x-trino-client-capabilities": "PARAMETRIC_DATETIME",
    });
    assert.equal(body.error, undefined, JSON.stringify(body.error));
    const columns = body.columns as { type: string }[];
    assert.deepEqual(
      columns.map(({ type }) => type).join(" "),
      [
        "boolean tinyint smallint integer bigint real double double decimal(10,2) date",
        "timestamp(6) timestamp(6) with time zone varchar varchar varbinary unknown double",
      ].join(" "),
    );
    const text = JSON.stringify((body.data as unknown[][])[0]);
    assert.equal(
      text,
      JSON.stringify([
        true,
        1,
        2,
        3,
        Number("9007199254740993"),
        1.5,
        "NaN",
        "-Infinity",
        "1.50",
        "2024-02-29",
        "2024-02-29 01:02:03.000004",
        "2024-02-29 01:02:03.000000 UTC",
        "1 day",
        "ä",
        "eA==",
        null,
        1e300,
      ]),
    );
    const old = await post("select timestamp '2024-02-29 01:02:03.000004' as k");
    assert.deepEqual(old.body.data, [["2024-02-29 01:02:03.000"]]);
  });

  it("tells of catalogs, schemas, tables and columns", async () => {
    assert.deepEqual((await ask("SHOW CATALOGS")).rows, [["volley"], ["system"]]);
    assert.deepEqual((await ask("SHOW SCHEMAS FROM volley")).rows, [["default"], ["information_schema"]]);
    assert.deepEqual((await ask("SHOW TABLES FROM volley.default LIKE 'num%'")).rows, [["numbers"]]);
    assert.deepEqual((await ask("DESCRIBE words")).rows, [
      ["w", "varchar", "", ""],
      ["d", "decimal(10,2)", "", ""],
    ]);
    assert.equal((await ask("SHOW COLUMNS FROM volley.default.words")).rows.length, 2);
    assert.equal((await ask("SHOW COLUMNS FROM wordz")).error!.errorName, "TABLE_NOT_FOUND");
    assert.equal((await ask("SHOW TABLES FROM nowhere.x")).error!.errorName, "CATALOG_NOT_FOUND");
    assert.equal((await ask("SHOW TABLES FROM nowhere")).error!.errorName, "SCHEMA_NOT_FOUND");
    assert.equal((await ask("USE nowhere")).error!.errorName, "SCHEMA_NOT_FOUND");
    assert.deepEqual((await ask("SHOW CREATE TABLE words")).rows, [
      ["CREATE TABLE volley.default.words (\n   w varchar NOT NULL,\n   d decimal(10,2) NOT NULL\n)"],
    ]);
    assert.equal((await ask("SHOW STATS FOR words")).rows.length, 3);
    const functions = (await ask("SHOW FUNCTIONS LIKE 'regexp\\_%' ESCAPE '\\'")).rows;
    assert.ok(functions.length > 3 && functions.every(([name]) => String(name).startsWith("regexp_")));
    assert.ok((await ask("SHOW FUNCTIONS LIKE 'sum'")).rows.some(([, type]) => type === "bigint"));
    assert.deepEqual((await ask("SHOW ROLES")).rows, []);
  });

  it("answers what clients look up in metadata tables", async () => {
    // SQLAlchemy's dialect.
    const names = `SELECT "table_name" FROM "information_schema"."tables" WHERE "table_schema" = 'default' and "table_type" = 'BASE TABLE'`;
    assert.deepEqual((await ask(names)).rows.flat().sort(), ["numbers", "words"]);
    const columns = `SELECT "column_name", "data_type", "column_default", UPPER("is_nullable") AS "is_nullable"
      FROM "information_schema"."columns" WHERE "table_schema" = 'default' AND "table_name" = 'words' ORDER BY "ordinal_position" ASC`;
    assert.deepEqual(
      (await ask(columns)).rows.map(([name, type]) => [name, type]),
      [
        ["w", "varchar"],
        ["d", "decimal(10,2)"],
      ],
    );
    // JDBC's DatabaseMetaData.
    const jdbc = `SELECT TABLE_CAT, TABLE_SCHEM, TABLE_NAME, TABLE_TYPE, REMARKS FROM system.jdbc.tables
      WHERE TABLE_CAT = 'volley' AND TABLE_SCHEM LIKE 'def%' ESCAPE '\\' ORDER BY TABLE_TYPE, TABLE_CAT, TABLE_SCHEM, TABLE_NAME`;
    assert.deepEqual(
      (await ask(jdbc)).rows.map((row) => row[2]),
      ["numbers", "words"],
    );
    const jdbcColumns =
      "SELECT COLUMN_NAME, DATA_TYPE, TYPE_NAME, ORDINAL_POSITION FROM system.jdbc.columns WHERE TABLE_NAME = 'words' ORDER BY 4";
    assert.deepEqual((await ask(jdbcColumns)).rows, [
      ["w", 12, "varchar", 1],
      ["d", 3, "decimal(10,2)", 2],
    ]);
    // The rest of DatabaseMetaData, and what has no rows here but must be there to be filtered.
    const typeInfo =
      "SELECT TYPE_NAME, DATA_TYPE, PRECISION FROM system.jdbc.types WHERE DATA_TYPE = -5 ORDER BY DATA_TYPE";
    assert.deepEqual((await ask(typeInfo)).rows, [["bigint", -5, 19]]);
    assert.deepEqual((await ask("SELECT TABLE_TYPE FROM system.jdbc.table_types ORDER BY 1")).rows, [
      ["TABLE"],
      ["VIEW"],
    ]);
    for (const name of [
      "procedures",
      "procedure_columns",
      "udts",
      "super_types",
      "super_tables",
      "attributes",
      "pseudo_columns",
    ]) {
      assert.deepEqual((await ask(`SELECT * FROM system.jdbc.${name}`)).rows, [], name);
    }
    assert.deepEqual((await ask("SELECT udt.type_name FROM system.jdbc.udts udt WHERE data_type = 2002")).rows, []);
    assert.deepEqual((await ask("SELECT schema_name FROM volley.information_schema.schemata s ORDER BY 1")).rows, [
      ["default"],
      ["information_schema"],
    ]);
    const joined = `select t.table_name, count(*) as c from information_schema.tables t join information_schema.columns c
      on t.table_name = c.table_name group by 1 order by 1`;
    assert.deepEqual((await ask(joined)).rows, [
      ["numbers", 1],
      ["words", 2],
    ]);
    assert.deepEqual((await ask("select * from information_schema.views")).rows, []);
    assert.match(String((await ask("SELECT version()")).rows[0]![0]), /^volley /);
    assert.deepEqual((await ask("select current_catalog, current_schema")).rows, [["volley", "default"]]);
  });

  it("keeps a session in headers", async () => {
    const use = await post("USE volley.information_schema");
    assert.equal(use.headers.get("x-trino-set-schema"), "information_schema");
    const tables = await post("select count(*) as c from tables", { "x-trino-schema": "information_schema" });
    assert.deepEqual(tables.body.data, [[2]]);
    const set = await post("SET SESSION query_max_run_time = '2h'");
    assert.equal(set.headers.get("x-trino-set-session"), "query_max_run_time=2h");
    assert.equal((await post("RESET SESSION a")).headers.get("x-trino-clear-session"), "a");
  });

  it("lets clients open transactions, which change nothing", async () => {
    const started = await post("START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY");
    const id = started.headers.get("x-trino-started-transaction-id")!;
    assert.match(id, /^[\da-f-]{36}$/);
    const within = { "x-trino-transaction-id": id };
    assert.deepEqual((await post("select count(*) as n from words", within)).body.data, [[1]]);
    assert.equal((await post("COMMIT", within)).headers.get("x-trino-clear-transaction-id"), "true");
    const errorOf = async (sql: string, headers = {}) => ((await post(sql, headers)).body.error as Json).errorName;
    assert.equal(await errorOf("START TRANSACTION", within), "NOT_SUPPORTED");
    assert.equal(await errorOf("START TRANSACTION ISOLATION LEVEL SERIALIZABLE"), "UNSUPPORTED_ISOLATION_LEVEL");
    assert.equal((await post("SET TIME ZONE 'UTC'")).body.updateType, "SET TIME ZONE");
    assert.equal(await errorOf("SET TIME ZONE 'Europe/Berlin'"), "NOT_SUPPORTED");
    assert.equal((await post("SET ROLE ALL")).body.error, undefined);
    assert.equal(await errorOf("SET ROLE boss"), "ROLE_NOT_FOUND");
  });

  it("explains with Trino's options", async () => {
    const types = async (options: string) => (await ask(`EXPLAIN ${options} select count(*) as n from words`)).rows;
    assert.deepEqual(
      (await types("(TYPE DISTRIBUTED)")).map(([type]) => type),
      ["stages"],
    );
    assert.deepEqual(
      (await types("(TYPE LOGICAL, FORMAT TEXT)")).map(([type]) => type),
      ["logical_plan", "optimized_plan"],
    );
    assert.match(String((await types("(FORMAT GRAPHVIZ)"))[0]![1]), /^digraph/);
    assert.deepEqual(await types("(TYPE VALIDATE)"), [[true]]);
    const { error } = await ask("EXPLAIN (TYPE LOGICAL) select nothing from words");
    assert.deepEqual(error!.errorLocation, { lineNumber: 1, columnNumber: 31 });
    assert.equal((await ask("EXPLAIN (TYPE IO) select 1 as a")).error!.errorName, "NOT_SUPPORTED");
  });

  it("takes limits and tags of a session", async () => {
    const limited = { "x-trino-session": "query_max_scan_physical_bytes=1GB,volley.max_cost=0.5,other=x" };
    const { body } = await post("select 1 as a", { ...limited, "x-trino-client-tags": "nightly, reports" });
    assert.deepEqual(body.data, [[1]]);
    const query = await fetch(`${url}/v1/queries/${body.id}`, { headers: { authorization: "Bearer secret" } });
    assert.deepEqual(((await query.json()) as Json).tags, ["nightly", "reports"]);
    const wrong = await post("select 1 as a", { "x-trino-session": "query_max_scan_physical_bytes=much" });
    assert.equal((wrong.body.error as Json).errorName, "INVALID_SESSION_PROPERTY");
  });

  it("tells progress, stage by stage", async () => {
    const { body } = await post("select i % 3 as k, count(*) as n from numbers group by 1");
    const stats = body.stats as Json;
    const root = stats.rootStage as Json;
    assert.equal(stats.progressPercentage, 100);
    assert.equal(root.done, true);
    const splits = (stage: Json): number =>
      (stage.totalSplits as number) + (stage.subStages as Json[]).reduce((sum, each) => sum + splits(each), 0);
    assert.equal(splits(root), stats.totalSplits);
  });

  it("asks for a statement's form once: pages and their repetition have it", async () => {
    responseBytesMax = 20_000;
    const headers = { authorization: "Bearer secret" };
    const started = await fetch(`${url}/v1/statement`, {
      method: "POST",
      body: "select i, timestamp '2024-02-29 01:02:03.000004' as t from numbers order by i",
      headers: { ...headers, "x-trino-client-capabilities": "PARAMETRIC_DATETIME" },
    });
    let { nextUri } = (await started.json()) as { nextUri: string };
    let [rows, polls] = [0, 0];
    while (nextUri) {
      const body = (await (await fetch(nextUri, { headers })).json()) as Json;
      const again = (await (await fetch(nextUri, { headers })).json()) as Json;
      if (body.data) assert.deepEqual(again, body);
      for (const [i, t] of (body.data ?? []) as [number, string][]) {
        assert.equal(i, rows++);
        assert.equal(t, "2024-02-29 01:02:03.000004");
      }
      assert.equal((await fetch(nextUri, { headers, method: "HEAD" })).status, 200);
      nextUri = body.nextUri as string;
      polls++;
    }
    assert.equal(rows, 10_000);
    assert.ok(polls > 10);
    responseBytesMax = 4_500_000;
  });

  it("prepares statements", async () => {
    const own = Trino.create({
      server: url,
      catalog: "volley",
      schema: "default",
      auth: new BasicAuth("ann", "secret"),
    });
    await ask("PREPARE p FROM select i from numbers where i between ? and ? order by 1 limit ?", own);
    assert.deepEqual((await ask("EXECUTE p USING 5, 3 + 4, 2", own)).rows, [[5], [6]]);
    assert.deepEqual((await ask("EXECUTE IMMEDIATE 'select ? as a' USING 'it''s'")).rows, [["it's"]]);
    assert.equal((await ask("EXECUTE p USING 5", own)).error!.errorName, "INVALID_PARAMETER_USAGE");
    assert.deepEqual((await ask("DESCRIBE INPUT p", own)).rows, [
      [0, "unknown"],
      [1, "unknown"],
      [2, "unknown"],
    ]);
    assert.deepEqual((await ask("DESCRIBE OUTPUT p", own)).rows, [["i", "", "", "", "bigint", 8, false]]);
    await ask("PREPARE s FROM show tables", own);
    assert.deepEqual((await ask("DESCRIBE OUTPUT s", own)).rows, [["result", "", "", "", "boolean", 1, false]]);
    await ask("PREPARE w FROM select nothing from words", own);
    assert.equal((await ask("DESCRIBE OUTPUT w", own)).error!.errorName, "COLUMN_NOT_FOUND");
    assert.equal((await ask("EXECUTE q")).error!.errorName, "NOT_FOUND");
    assert.equal((await post("DEALLOCATE PREPARE p")).headers.get("x-trino-deallocated-prepare"), "p");
  });

  it("tells errors with their places in the text as it was written", async () => {
    const { error } = await ask("select nothing\nfrom volley.default.numbers");
    assert.equal(error!.errorName, "COLUMN_NOT_FOUND");
    assert.equal(error!.errorType, "USER_ERROR");
    assert.deepEqual(error!.errorLocation, { lineNumber: 1, columnNumber: 8 });
    const behind = await ask("select 1 as a from volley.default.numbers where nothing = 1");
    assert.deepEqual(behind.error!.errorLocation, { lineNumber: 1, columnNumber: 49 });
    assert.equal((await ask("selec 1")).error!.errorName, "SYNTAX_ERROR");
    assert.equal((await ask("select 1/0 as x")).error!.errorName, "DIVISION_BY_ZERO");
  });

  it("cancels", async () => {
    const sql = "select count(*) as c from numbers a, numbers b, numbers c where a.i % 7 = b.i % 5 + c.i % 3";
    const headers = { authorization: "Bearer secret" };
    const response = await fetch(`${url}/v1/statement`, { method: "POST", body: sql, headers });
    const { id, nextUri } = (await response.json()) as { id: string; nextUri: string };
    assert.equal((await fetch(nextUri, { method: "DELETE", headers })).status, 204);
    const body = (await (await fetch(nextUri, { headers })).json()) as { error: Json };
    assert.equal(body.error.errorName, "USER_CANCELED");
    assert.equal(((await client.queryInfo(id)) as unknown as Json).state, "FAILED");
    await client.cancel(id);
  });

  it("encodes answers for clients that ask for it", async () => {
    for (const encoding of ["json", "json+zstd", "arrow, json+zstd"]) {
      const { body } = await post("select i from numbers where i < 2 order by i", {
        "x-trino-query-data-encoding": encoding,
      });
      const data = body.data as { encoding: string; segments: { type: string; data: string; metadata: Json }[] };
      const bytes = Buffer.from(data.segments[0]!.data, "base64");
      assert.equal(data.segments[0]!.metadata.segmentSize, bytes.length);
      // A frame's header must say how long its content is.
      if (data.encoding !== "json") assert.ok((bytes[4]! & 0xe0) > 0);
      const plain = data.encoding === "json" ? bytes : zstdDecompressSync(bytes);
      assert.equal(data.segments[0]!.metadata.uncompressedSize ?? plain.length, plain.length);
      assert.equal(plain.toString(), "[[0],[1]]");
    }
  });

  it("spools large answers: links that need no token, rows that are all there, segments that go when they are read", async () => {
    const headers = { authorization: "Bearer secret", "x-trino-query-data-encoding": "json" };
    const sql = "select a.i as i, repeat(chr(97 + j), 200) as t from numbers a, range(5) b(j)";
    let { body } = await post(sql, headers);
    const expected = (await post(`select sum(i + length(t)) as n from (${sql})`)).body.data as number[][];
    let [rows, sum] = [0, 0];
    const uris: string[] = [];
    for (;;) {
      const { segments = [] } = (body.data ?? {}) as { segments?: Json[] };
      for (const segment of segments) {
        const metadata = segment.metadata as Json;
        assert.equal(metadata.rowOffset, rows);
        let bytes: Buffer;
        if (segment.type === "inline") bytes = Buffer.from(segment.data as string, "base64");
        else {
          uris.push(segment.uri as string);
          bytes = Buffer.from(await (await fetch(segment.uri as string)).arrayBuffer());
          assert.ok(Date.parse(metadata.expiresAt as string) > Date.now());
          assert.equal((await fetch(segment.ackUri as string)).status, 200);
          assert.equal((await fetch(segment.uri as string)).status, 404);
          assert.equal((await fetch(segment.ackUri as string)).status, 200);
        }
        assert.equal(metadata.segmentSize, bytes.length);
        const values = JSON.parse(bytes.toString()) as [number, string][];
        assert.equal(metadata.rowsCount, values.length);
        for (const [i, t] of values) sum += i + t.length;
        rows += values.length;
      }
      if (!body.nextUri) break;
      body = (await (await fetch(body.nextUri as string, { headers })).json()) as Json;
    }
    assert.deepEqual([rows, [[sum]]], [50_000, expected]);
    assert.ok(uris.length >= 2, `${uris.length} links`);
    assert.equal((await fetch(`${url}/v1/spooled/download/q1.2`)).status, 404);
    assert.equal((await fetch(`${url}/v1/spooled/download/${"q".padEnd(33, "0")}.${"".padEnd(32, "0")}`)).status, 404);
  });

  it("wants a token", async () => {
    assert.equal((await fetch(`${url}/v1/statement`, { method: "POST", body: "select 1" })).status, 401);
    assert.equal((await fetch(`${url}/v1/info`)).status, 200);
  });
});
