/** The native HTTP API over an embedded session. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { tableFromIPC } from "apache-arrow";
import { createApi, type FailureLog } from "../../lib/api/app.ts";
import { hashToken } from "../../lib/api/authenticate.ts";
import { type Operation, operations } from "../../lib/api/operations.ts";
import { type JsonSchema, validate } from "../../lib/api/schema.ts";
import { answerSchemas } from "../../lib/api/wire.ts";
import { SessionContext } from "../../lib/index.ts";
import { EmbeddedQueryService } from "../../lib/service/embedded-query-service.ts";

type Json = Record<string, unknown>;

describe("native API", () => {
  let session: SessionContext;
  let service: EmbeddedQueryService;
  let app: ReturnType<typeof createApi>;
  const failures: FailureLog[] = [];

  before(async () => {
    session = await SessionContext.standalone({ threads: 2, memory: "512MB" });
    await session.sql("create view numbers as select a.i * 10 + b.i as i from range(2000) a(i), range(10) b(i)");
    service = new EmbeddedQueryService(session);
    const tokens = [
      { tenant: "ann", sha256: hashToken("secret-a") },
      { tenant: "bob", sha256: hashToken("secret-b") },
    ];
    const log = (failure: FailureLog) => void failures.push(failure);
    app = createApi({ service, authentication: { kind: "tokens", tokens }, log });
  });
  after(() => session.close());

  const ask = (path: string, init: RequestInit & { token?: string } = {}) => {
    const { token = "secret-a", ...rest } = init;
    const headers = { authorization: `Bearer ${token}`, ...(init.body ? { "content-type": "application/json" } : {}) };
    return app.request(path, { ...rest, headers: { ...headers, ...(init.headers as Json) } });
  };
  const submit = (body: Json, token?: string) =>
    ask("/v1/queries", { method: "POST", body: JSON.stringify(body), ...(token && { token }) });
  const json = async (response: Response | Promise<Response>) => (await (await response).json()) as Json;
  /** The body of a problem, checked against its schema. */
  const problem = async (response: Response | Promise<Response>, status: number) => {
    const answer = await response;
    const body = await json(answer);
    assert.equal(answer.status, status, JSON.stringify(body));
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    conforms("Problem", body);
    assert.equal(body.status, status);
    return body as Json & { error: Json };
  };

  it("answers small queries at once", async () => {
    const response = await submit({ sql: "select i, i * 2 as twice from numbers where i < 3 order by i", wait: 20 });
    assert.equal(response.status, 200);
    const body = await json(response);
    conforms("Answer", body);
    assert.deepEqual(body.rows, [
      [0, 0],
      [1, 2],
      [2, 4],
    ]);
    assert.equal(body.status, "finished");
    assert.equal(body.rowCount, 3);
    assert.equal(response.headers.get("location"), `/v1/queries/${body.id}`);
    assert.equal(response.headers.get("x-volley-query-id"), body.id);
  });

  it("gives every type exactly", async () => {
    const sql = `select 9007199254740993::bigint as big, 7::bigint as small, '1.10'::decimal(38,2) as d, 'nan'::double as n,
      date '2026-11-22' as day, timestamp '2026-11-22 01:02:03.000004' as ts, timestamptz '2026-11-22 01:02:03+00' as tz,
      interval '1 day' as iv, 'a,"b' as t, true as b, null as nothing, 1.5::double as f`;
    const { rows, columns } = (await json(submit({ sql, wait: 20 }))) as { rows: unknown[][]; columns: Json[] };
    assert.deepEqual(rows, [
      [
        "9007199254740993",
        7,
        "1.10",
        "nan",
        "2026-11-22",
        "2026-11-22T01:02:03.000004",
        "2026-11-22T01:02:03Z",
        "1 day",
        'a,"b',
        true,
        null,
        1.5,
      ],
    ]);
    assert.deepEqual(columns[2], { name: "d", type: "DECIMAL(38,2)", nullable: false });
  });

  it("takes parameters with and without types", async () => {
    const sql = "select $1 + 1 as a, $2 as b, $3 as c, $4 as d";
    const parameters = [41, "x'y", { type: "DATE", value: "2024-02-29" }, { type: "decimal(10, 2)", value: "1.5" }];
    assert.deepEqual((await json(submit({ sql, parameters, wait: 20 }))).rows, [[42, "x'y", "2024-02-29", "1.50"]]);
    const named = await json(submit({ sql: "select $low as a", parameters: { low: null }, wait: 20 }));
    assert.deepEqual(named.rows, [[null]]);
    const bad = submit({ sql: "select $1", parameters: [{ type: "DATE", value: "yesterday" }] });
    assert.match((await problem(bad, 400)).detail as string, /yesterday/);
  });

  it("answers 202, then waits and pages through JSON and CSV", async () => {
    const response = await submit({ sql: "select i, 'x' || i as t from numbers order by i", wait: 0 });
    assert.equal(response.status, 202);
    const location = response.headers.get("location")!;
    conforms("Query", await json(response));
    const ended = await json(ask(`${location}?wait=20`));
    conforms("Query", ended);
    assert.equal(ended.status, "finished");
    const rows: unknown[] = [];
    let pages = 0;
    for (let page: unknown = ""; page !== undefined; pages++) {
      const body = await json(ask(`${location}/results?limit=6000${page ? `&page=${page}` : ""}`));
      conforms("Results", body);
      rows.push(...(body.rows as unknown[]));
      page = body.next;
    }
    assert.equal(pages, 4);
    assert.equal(rows.length, 20_000);
    assert.deepEqual(rows[19_999], [19999, "x19999"]);
    let text = "";
    for (let page: string | null = "0.0"; page; ) {
      const part: Response = await ask(`${location}/results?format=csv&limit=9000&page=${page}`);
      text += await part.text();
      page = part.headers.get("x-volley-next");
    }
    const lines = text.trimEnd().split("\n");
    assert.equal(lines.length, 20_001);
    assert.deepEqual([lines[0], lines[20_000]], ["i,t", "19999,x19999"]);
  });

  it("gives Arrow", async () => {
    const response = await submit({ sql: "select i from numbers", format: "arrow", wait: 20 });
    assert.equal(response.headers.get("content-type"), "application/vnd.apache.arrow.stream");
    assert.equal(tableFromIPC(await response.bytes()).numRows, 20_000);
    const empty = await submit({ sql: "select i from numbers where i < 0", format: "arrow", wait: 20 });
    const table = tableFromIPC(await empty.bytes());
    assert.deepEqual([table.numRows, table.schema.fields.map((field) => field.name)], [0, ["i"]]);
  });

  it("gives large Arrow by links where there are links, else in pages of slices", async () => {
    const large = createApi({ service, authentication: { kind: "none", tenant: "ann" }, responseBytesMax: 1000 });
    const { id } = await json(submit({ sql: "select i from numbers", wait: 20 }));
    const response = await large.request(`/v1/queries/${id}/results?format=arrow`);
    assert.equal(tableFromIPC(await response.bytes()).numRows, 20_000);
    const results = service.results.bind(service);
    const linked = createApi({
      service: Object.assign(Object.create(service), {
        get: service.get.bind(service),
        results: async (tenant: string, query: string) =>
          (await results(tenant, query)).map((slice, i) => ({ ...slice, link: async () => `https://bucket/${i}` })),
      }),
      authentication: { kind: "none", tenant: "ann" },
      responseBytesMax: 1000,
    });
    const body = await json(linked.request(`/v1/queries/${id}/results?format=arrow`));
    conforms("ArrowLinks", body);
    assert.equal((body.links as Json[])[0]!.url, "https://bucket/0");
  });

  it("shows plans as text, parts, DOT and SVG", async () => {
    const { id } = await json(submit({ sql: "select count(*) from numbers", wait: 20 }));
    assert.match(await (await ask(`/v1/queries/${id}/plan`)).text(), /Stage 0/);
    conforms("Plan", await json(ask(`/v1/queries/${id}/plan?format=json`)));
    assert.match(await (await ask(`/v1/queries/${id}/plan?format=dot`)).text(), /^digraph/);
    const svg = await ask(`/v1/queries/${id}/plan?format=svg`);
    assert.match(await svg.text(), /<svg/);
    assert.match(svg.headers.get("content-security-policy")!, /default-src 'none'/);
  });

  it("cancels", async () => {
    const sql =
      "select count(*) from range(10000) a(x), range(10000) b(y), range(1000) c(z) where x % 7 = y % 7 + z % 2";
    const { id } = await json(submit({ sql, wait: 0 }));
    const cancelled = await json(ask(`/v1/queries/${id}`, { method: "DELETE" }));
    conforms("Query", cancelled);
    assert.equal(cancelled.status, "cancelled");
    assert.equal((await problem(ask(`/v1/queries/${id}/results`), 409)).error.code, "cancelled");
    assert.equal((await json(ask(`/v1/queries/${id}`, { method: "DELETE" }))).status, "cancelled");
  });

  it("lists the tenant's own queries and tables", async () => {
    const { id } = await json(submit({ sql: "select 1", wait: 20 }, "secret-b"));
    const listed = await json(ask("/v1/queries", { token: "secret-b" }));
    conforms("Queries", listed);
    assert.deepEqual(
      (listed.queries as Json[]).map((query) => query.id),
      [id],
    );
    await problem(ask(`/v1/queries/${id}`), 404);
    await problem(ask(`/v1/queries/${id}/results`), 404);
    await problem(ask(`/v1/queries/${id}/plan`), 404);
    await problem(ask(`/v1/queries/${id}`, { method: "DELETE" }), 404);
    const tables = await json(ask("/v1/tables"));
    conforms("Tables", tables);
    assert.deepEqual(tables.tables, [
      { schema: "default", name: "numbers", columns: [{ name: "i", type: "BIGINT", nullable: false }] },
    ]);
  });

  it("tells where the mistake is", async () => {
    const syntax = await problem(submit({ sql: "select 1 +\n from" }), 400);
    assert.equal(syntax.type, "urn:volley:problem:syntax");
    assert.equal((syntax.error.span as Json).line, 2);
    const binding = await problem(submit({ sql: "select j from numbers", wait: 20 }), 400);
    assert.equal(binding.error.code, "unknown_column");
    assert.deepEqual(binding.error.span, { line: 1, column: 8, endLine: 1, endColumn: 9 });
    assert.equal((await json(ask(`/v1/queries/${binding.queryId}`))).status, "failed");
    assert.equal((await problem(submit({ sql: "select 1/0", wait: 20 }), 400)).error.code, "invalid_argument");
  });

  it("writes nothing to the server's disk for a caller", async () => {
    for (const sql of ["copy (select 1) to '/tmp/x.csv'", "create table t as select 1", "insert into t values (1)"]) {
      const { error } = await problem(submit({ sql, wait: 20 }), 400);
      assert.deepEqual(
        [error.code, /over the API is not supported$/.test(String(error.message))],
        ["unsupported", true],
      );
    }
  });

  it("refuses requests that do not fit the schema", async () => {
    const cases: readonly [Json, RegExp][] = [
      [{ sql: "select 1", waitt: 1 }, /no field waitt/],
      [{}, /must have the field sql/],
      [{ sql: 1 }, /sql must be a string, not an integer/],
      [{ sql: "" }, /sql must not be empty/],
      [{ sql: "select 1", wait: 26 }, /wait must be at most 25/],
      [{ sql: "select 1", format: "jsn" }, /format must be one of/],
      [{ sql: "select 1", parameters: [[1]] }, /parameters\[0\] must be/],
      [{ sql: "select 1", maxCost: 0 }, /maxCost must be more than 0/],
    ];
    for (const [body, message] of cases) assert.match((await problem(submit(body), 400)).detail as string, message);
    assert.equal((await problem(submit({ sql: "select 1", waitt: 1 }), 400)).error.hint, "Did you mean wait?");
    await problem(ask("/v1/queries?limit=x"), 400);
    await problem(ask("/v1/queries?limit=1&limit=2"), 400);
    await problem(ask("/v1/queries?lmit=1"), 400);
    await problem(ask("/v1/queries", { method: "POST", body: "{" }), 400);
    const form = { "content-type": "text/plain" };
    await problem(ask("/v1/queries", { method: "POST", body: "{}", headers: form }), 415);
    await problem(submit({ sql: `select '${"x".repeat(1 << 20)}'` }), 413);
    assert.equal((await problem(ask("/v1/querys"), 404)).error.hint, "Did you mean /v1/queries?");
    const wrong = await ask("/v1/tables", { method: "DELETE" });
    assert.equal(wrong.headers.get("allow"), "GET");
    await problem(wrong, 405);
  });

  it("keeps idempotency keys", async () => {
    const body = { sql: "select 1 as a", idempotencyKey: "k1", wait: 20 };
    const [first, second] = await Promise.all([json(submit(body)), json(submit(body))]);
    assert.equal(first.id, second.id);
    await problem(submit({ ...body, sql: "select 2 as a" }), 409);
    assert.notEqual((await json(submit(body, "secret-b"))).id, first.id);
  });

  it("wants a token that it knows", async () => {
    const none = await app.request("/v1/tables");
    assert.match(none.headers.get("www-authenticate")!, /^Bearer/);
    await problem(none, 401);
    await problem(ask("/v1/tables", { token: "secret-c" }), 401);
    const basic = `Basic ${Buffer.from("ann:secret-a").toString("base64")}`;
    assert.equal((await app.request("/v1/tables", { headers: { authorization: basic } })).status, 200);
    assert.equal((await app.request("/healthz")).status, 200);
  });

  it("takes the tenant from the authorizer", async () => {
    const gateway = createApi({ service, authentication: { kind: "authorizer" } });
    const listed = async (authorizer: object) =>
      (await gateway.request("/v1/queries?limit=1", {}, { requestContext: { authorizer } })).status;
    assert.equal(await listed({ jwt: { claims: { sub: "ann" } } }), 200);
    assert.equal(await listed({ iam: { accountId: "123456789012", userId: "AROAX:me" } }), 200);
    assert.equal(await listed({}), 401);
    const { id } = await json(submit({ sql: "select 1", wait: 20 }));
    const origin = { requestContext: { authorizer: { jwt: { claims: { sub: "ann" } } } } };
    assert.equal((await gateway.request(`/v1/queries/${id}`, {}, origin)).status, 200);
  });

  it("says nothing about unexpected failures, but logs them", async () => {
    const broken = createApi({
      service: Object.assign(Object.create(service), {
        tables: () => Promise.reject(new Error("password is hunter2")),
      }),
      authentication: { kind: "none" },
      log: (failure) => void failures.push(failure),
    });
    const response = await broken.request("/v1/tables", { headers: { "x-request-id": "r-1" } });
    assert.equal(response.headers.get("x-request-id"), "r-1");
    const body = await problem(response, 500);
    assert.doesNotMatch(JSON.stringify(body), /hunter2/);
    assert.deepEqual(
      failures.map(({ requestId, error }) => [requestId, (error as Error).message]),
      [["r-1", "password is hunter2"]],
    );
  });

  it("stops a query at its limit of bytes", async () => {
    const directory = mkdtempSync(join(tmpdir(), "volley-api-"));
    try {
      writeFileSync(join(directory, "t.csv"), "a,b\n1,x\n2,y\n");
      const sql = `select sum(a) as a from '${directory}/t.csv'`;
      assert.deepEqual((await json(submit({ sql, maxBytes: 12, wait: 20 }))).rows, [[3]]);
      const { error } = await problem(submit({ sql, maxBytes: 11, wait: 20 }), 422);
      assert.equal(error.code, "limit_exceeded");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("counts requests", async () => {
    const text = await (await ask("/metrics")).text();
    assert.match(text, /# EOF\n$/);
    assert.match(text, /_count\{method="GET",route="\/v1\/queries\/\{id\}",status="404"\} 1\n/);
  });

  it("describes itself: every route, every schema", async () => {
    const document = (await json(app.request("/openapi.json"))) as { paths: Record<string, Json>; openapi: string };
    assert.equal(document.openapi, "3.1.0");
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const served = Object.values<Operation>(operations).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(described.sort(), served.sort());
    const refs = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g);
    for (const [, name] of refs) assert.ok(name! in answerSchemas, name);
  });
});

function conforms(name: keyof typeof answerSchemas, body: unknown): void {
  validate(resolved(answerSchemas[name]), body);
}

/** A schema with its references put in; recursive ones once. */
function resolved(schema: JsonSchema, depth = 0): JsonSchema {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1) as keyof typeof answerSchemas;
    return depth > 3 ? {} : resolved(answerSchemas[name], depth + 1);
  }
  const properties = Object.entries(schema.properties ?? {}).map(([key, value]) => [key, resolved(value, depth)]);
  return {
    ...schema,
    ...(schema.properties && { properties: Object.fromEntries(properties) }),
    ...(schema.items && { items: resolved(schema.items, depth) }),
  };
}
