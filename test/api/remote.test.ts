/** Sessions with an API somewhere else: they do what a session of this process does. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { serve } from "@hono/node-server";
import { SignatureV4 } from "@smithy/signature-v4";
import { createApi } from "../../lib/api/app.ts";
import { hashToken } from "../../lib/api/authenticate.ts";
import { QueryError, type RemoteSession, SessionContext } from "../../lib/index.ts";
import { signRequest } from "../../lib/remote/sign-request.ts";
import { EmbeddedQueryService } from "../../lib/service/embedded-query-service.ts";
import { volley } from "../cli/command.ts";

describe("remote sessions", () => {
  let local: SessionContext;
  let remote: RemoteSession;
  let server: Server;
  let url: string;
  /** Statuses to answer with before anything else. */
  const failures: number[] = [];
  let responseBytesMax = 4_500_000;

  before(async () => {
    local = await SessionContext.standalone({ threads: 2, memory: "512MB" });
    await local.sql("create view numbers as select a.i * 10 + b.i as i from range(1000) a(i), range(10) b(i)");
    const service = new EmbeddedQueryService(local);
    const tokens = [{ tenant: "ann", sha256: hashToken("secret") }];
    const fetch = (request: Request) => {
      const status = failures.shift();
      if (status) return new Response("busy", { status, headers: { "retry-after": "0" } });
      return createApi({ service, authentication: { kind: "tokens", tokens }, responseBytesMax }).fetch(request);
    };
    server = serve({ fetch, port: 0, hostname: "127.0.0.1" }) as Server;
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    remote = await SessionContext.remote(url, { token: "secret" });
  });
  after(async () => {
    await remote.close();
    server.close();
    server.closeAllConnections();
    await local.close();
  });

  it("gives the same answers in every form", async () => {
    const sql = `select i, i * 1.5 as d, 'x' || i as t, date '2024-01-01' + i::int as day, null as n,
      timestamptz '2024-01-01 00:00:00+00' as tz, interval '1 month' as iv from numbers where i < 4 order by i`;
    const [here, there] = [await local.sql(sql), await remote.sql(sql)];
    assert.deepEqual(there.columns, here.columns);
    assert.deepEqual(await there.toRows(), await here.toRows());
    assert.deepEqual(await there.toArray(), await here.toArray());
    assert.equal((await there.toArrow()).numRows, 4);
    // What it would cost is known to who would bill it.
    assert.ok((await there.explain()).startsWith(`${await here.explain()}\ncosts about $0.00`));
    assert.equal(await there.graph("dot"), await here.graph("dot"));
    let rows = 0;
    for await (const batch of await remote.sql(sql)) rows += batch.numRows;
    assert.equal(rows, 4);
    assert.match(await there.summary(), /^\d+ stages, \d+ tasks, /);
  });

  it("reads large answers in pages and streams", async () => {
    const sql = "select i, 'some text that takes room ' || i as t from numbers";
    for (const bytesMax of [1000, Number.POSITIVE_INFINITY]) {
      responseBytesMax = bytesMax;
      const rows = await (await remote.sql(sql)).toRows();
      assert.equal(new Set(rows.map(([i]) => i)).size, 10_000);
    }
    responseBytesMax = 4_500_000;
  });

  it("passes parameters on exactly", async () => {
    const values = [1, 2 ** 40, 1.5, -0, Number.NaN, 12345678901234567890n, 7n, "x'y", true, null];
    const all = [...values, new Date("2024-02-29T01:02:03.004Z"), Uint8Array.of(0, 255)];
    const sql = `select ${all.map((_, i) => `$${i + 1} as p${i}`).join(", ")}`;
    const [here, there] = [await local.sql(sql, { parameters: all }), await remote.sql(sql, { parameters: all })];
    assert.deepEqual(
      there.columns.map(({ typeName }) => typeName),
      here.columns.map(({ typeName }) => typeName),
    );
    assert.deepEqual(await there.toRows(), await here.toRows());
    assert.deepEqual(await (await remote.sql("select $a + 1 as b", { parameters: { a: 1 } })).toRows(), [[2]]);
  });

  it("throws the same errors, with their places", async () => {
    for (const sql of [
      "select 1 +",
      "select j from numbers",
      "select * from nowhere",
      "select 1/0 as x",
      "",
      "select 1; select 2",
    ]) {
      const error = async (session: SessionContext | RemoteSession) => {
        try {
          await (await session.sql(sql)).toRows();
        } catch (thrown) {
          assert.ok(thrown instanceof QueryError);
          return thrown.toJSON();
        }
        return assert.fail(`${sql} did not fail`);
      };
      assert.deepEqual(await error(remote), await error(local), sql);
    }
  });

  it("runs scripts, with places in the whole text", async () => {
    const kinds: string[] = [];
    await assert.rejects(
      async () => {
        for await (const handle of remote.script(
          "create view v as select 1 as a;\nexplain select * from v;\nselect b\nfrom v",
        )) {
          kinds.push(handle.answer);
        }
      },
      (error: QueryError) => error.code === "unknown_column" && error.span?.line === 3,
    );
    assert.deepEqual(kinds, ["status", "plans"]);
  });

  it("cancels", async () => {
    const sql = "select count(*) from numbers a, numbers b, numbers c where a.i % 7 = b.i % 5 + c.i % 3";
    const handle = await remote.sql(sql);
    const rows = handle.toRows();
    setTimeout(() => handle.cancel(), 50);
    await assert.rejects(rows, { code: "cancelled" });
    const abort = new AbortController();
    const second = await remote.sql(sql, { signal: abort.signal });
    abort.abort();
    await assert.rejects(second.toRows(), { code: "cancelled" });
  });

  it("tries again what may go better, and only that", async () => {
    failures.push(429, 503);
    assert.deepEqual(await (await remote.sql("select 1 as a")).toRows(), [[1]]);
    assert.equal(failures.length, 0);
    const stranger = await SessionContext.remote(url, { token: "wrong" });
    await assert.rejects(stranger.sql("select 1"), { code: "unauthorized" });
    await assert.rejects(SessionContext.remote("ftp://x"), { code: "invalid_argument" });
  });

  it("lists tables", async () => {
    const numbers = (await remote.tables()).find(({ name }) => name === "numbers");
    assert.deepEqual(numbers!.columns, [{ name: "i", type: "BIGINT", nullable: false }]);
  });

  it("works from the command line", async () => {
    const done = await run(["--remote", url, "--token", "secret", "-F", "csv", "select max(i) as m from numbers"]);
    assert.deepEqual([done.code, done.out, done.error], [0, "m\n9999\n", ""]);
    const failed = await run(["--remote", url, "--token", "secret", "select j from numbers"]);
    assert.equal(failed.code, 1);
    assert.match(failed.error, /select j from numbers\n\s+\^/);
    assert.equal((await run(["--remote", url, "--tables", ".", "select 1"])).code, 2);
  });
});

describe("request signatures", () => {
  it("are those of the SDK", async () => {
    const credentials = {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      sessionToken: "t/+=",
    };
    class Sha256 {
      readonly #hash: Hash | Hmac;
      constructor(key?: string | Uint8Array) {
        this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
      }
      update(data: string | Uint8Array) {
        this.#hash.update(data);
      }
      async digest() {
        return new Uint8Array(this.#hash.digest());
      }
      reset() {}
    }
    const region = "eu-central-1";
    const service = "execute-api";
    const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 as never, applyChecksum: false });
    const cases = [
      "/v1/queries",
      "/v1/queries/q 1/results?page=0.0&format=arrow",
      "/v1/queries?a=%2B&A=b%20c&a=%C3%A4'(1)*",
    ];
    for (const path of cases) {
      const address = new URL(`https://abc.execute-api.eu-central-1.amazonaws.com${path}`);
      const headers = { "content-type": "application/json" };
      const now = new Date("2026-11-22T01:02:03Z");
      const ours = signRequest(
        { method: "POST", url: address, headers, body: '{"sql":"ä"}' },
        { credentials, region, service },
        now,
      );
      const theirs = await signer.sign(
        {
          method: "POST",
          protocol: "https:",
          hostname: address.hostname,
          path: address.pathname,
          query: queryOf(address),
          headers: { ...headers, host: address.host },
          body: '{"sql":"ä"}',
        },
        { signingDate: now },
      );
      assert.equal(ours.authorization, theirs.headers.authorization, path);
      assert.equal(ours["x-amz-date"], theirs.headers["x-amz-date"]);
    }
  });
});

/** The command beside this process, which serves it. */
async function run(args: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  const child = spawn(volley[0]!, [volley[1]!, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const texts = Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  const [code] = await once(child, "exit");
  const [out, error] = (await texts).map((chunks) => Buffer.concat(chunks).toString());
  return { code: code as number, out: out!, error: error! };
}

function queryOf(url: URL): Record<string, string[]> {
  const query: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) query[name] = [...(query[name] ?? []), value];
  return query;
}
