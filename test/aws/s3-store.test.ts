/** Objects on S3: what every store must do, and what only this one does: parts, hedges, retries, conditional writes. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, beforeEach, describe, it } from "node:test";
import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { Hedger } from "../../lib/aws/hedge.ts";
import { S3Store } from "../../lib/aws/s3-store.ts";
import { objectStoreConformance } from "../storage/conformance.ts";
import { startS3 } from "./emulators.ts";

type Interceptor = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

const seen: string[] = [];
let intercept: Interceptor = () => false;
const s3 = await startS3((request, response) => {
  seen.push(`${request.method} ${request.url}`);
  return intercept(request, response);
});
after(() => s3.close());
beforeEach(() => {
  seen.length = 0;
  intercept = () => false;
});

objectStoreConformance("S3Store in a bucket", async () => {
  const store = new S3Store(s3.client, { bucket: "b" });
  await store.deletePrefix("");
  return store;
});

objectStoreConformance(
  "S3Store by URLs",
  async () => {
    const store = new S3Store(s3.client, { allowedBuckets: ["b"] });
    await store.deletePrefix("s3://b/");
    return store;
  },
  (name) => `s3://b/${name}`,
);

const pattern = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) % 251);
const refuse = (response: ServerResponse, status: number, code: string) => {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
  return true;
};
const quick = { bucket: "b", backoffMs: 1 };
const gets = () => seen.filter((line) => line.startsWith("GET /b/")).length;

describe("S3Store", () => {
  it("reads large ranges in parts at once, into the caller's buffer", async () => {
    const store = new S3Store(s3.client, { ...quick, partBytes: 1000 });
    const bytes = pattern(10_500);
    const { etag } = await store.put("parts", bytes);
    seen.length = 0;
    const buffer = new Uint8Array(20_000);
    const read = await store.get("parts", { range: { from: 100, to: 10_400 }, etag, into: () => buffer });
    assert.deepEqual(read, bytes.slice(100, 10_400));
    assert.equal(read.buffer, buffer.buffer);
    assert.equal(gets(), 10);
  });

  it("notices when parts come from different versions", async () => {
    const store = new S3Store(s3.client, { ...quick, partBytes: 1000 });
    await store.put("torn", pattern(5000));
    let reads = 0;
    const other = new S3Store(s3.client, quick);
    intercept = async (request) => {
      if (request.method === "GET" && ++reads === 3) await other.put("torn", pattern(5001));
      return false;
    };
    await assert.rejects(store.get("torn", { range: { from: 0, to: 5000 } }), {
      code: "corrupt_file",
      message: /changed while it was read/,
    });
  });

  it("uploads large objects in parts, and aborts when it fails", async () => {
    const store = new S3Store(s3.client, { ...quick, attemptsMax: 3, uploadPartBytes: 5 << 20 });
    const bytes = pattern(11 << 20);
    const info = await store.put("large", bytes, { ifAbsent: true });
    assert.equal(info.bytes, bytes.length);
    assert.equal(seen.filter((line) => line.includes("partNumber=")).length, 3);
    assert.equal((await store.head("large"))?.etag, info.etag);
    assert.equal(Buffer.compare(await store.get("large"), bytes), 0);
    await assert.rejects(store.put("large", bytes, { ifAbsent: true }), { code: "duplicate" });
    intercept = (request, response) => request.url!.includes("partNumber=2") && refuse(response, 503, "SlowDown");
    await assert.rejects(store.put("failing", bytes), { code: "throttled" });
    assert.equal(await store.head("failing"), undefined);
    assert.equal(seen.filter((line) => line.startsWith("DELETE")).length, 2);
  });

  it("waits out overload, and gives up after its attempts", async () => {
    const store = new S3Store(s3.client, { ...quick, attemptsMax: 4 });
    await store.put("busy", pattern(100));
    let refused = 0;
    intercept = (_request, response) => ++refused <= 3 && refuse(response, 503, "SlowDown");
    assert.equal((await store.get("busy")).length, 100);
    assert.equal(refused, 4);
    intercept = (_request, response) => refuse(response, 503, "SlowDown");
    seen.length = 0;
    await assert.rejects(store.get("busy"), { code: "throttled", retryable: true });
    assert.equal(gets(), 4);
  });

  it("repeats reads whose connection breaks in the middle", async () => {
    const store = new S3Store(s3.client, quick);
    await store.put("broken", pattern(100_000));
    let broken = 0;
    intercept = (request, response) => {
      if (request.method !== "GET" || ++broken > 2) return false;
      response.writeHead(200, { "content-length": "100000", etag: '"x"' });
      response.write(pattern(10_000), () => response.destroy());
      return true;
    };
    assert.deepEqual(await store.get("broken"), pattern(100_000));
    assert.equal(broken, 3);
  });

  it("does not repeat what cannot pass", async () => {
    const store = new S3Store(s3.client, quick);
    intercept = (_request, response) => refuse(response, 403, "AccessDenied");
    await assert.rejects(store.get("secret"), { code: "unauthorized", retryable: false });
    assert.equal(gets(), 1);
    await assert.rejects(new S3Store(s3.client, { allowedBuckets: ["b"] }).get("s3://other/x"), {
      code: "unauthorized",
    });
    await assert.rejects(new S3Store(s3.client).get("/local/path"), { code: "invalid_argument" });
    intercept = () => false;
    await assert.rejects(new S3Store(s3.client).get("s3://nowhere/x"), { code: "not_found" });
  });

  it("knows its own conditional write whose answer was lost", async () => {
    const store = new S3Store(s3.client, quick);
    let lost = 0;
    intercept = async (request, response) => {
      if (request.method !== "PUT" || lost++ > 0) return false;
      // The write happens, the answer does not come.
      response.end = () => response.destroy() as never;
      response.writeHead = () => response;
      return false;
    };
    const { etag } = await store.put("mine", pattern(10), { ifAbsent: true });
    assert.equal((await store.head("mine"))?.etag, etag);
    assert.ok(lost >= 2);
    await assert.rejects(store.put("mine", pattern(10), { ifAbsent: true }), { code: "duplicate" });
  });

  it("lists over many pages, and deletes more than one batch", async () => {
    const store = new S3Store(s3.client, quick);
    const at = Buffer.from("x");
    const body = { segments: [{ bytes: 1, at, owned: false }], bytes: 1, md5: "0", crc32: 0 };
    for (let i = 0; i < 1003; i++) s3.buckets.put("b", `many/${i}`, body, {}, {});
    const keys = await Array.fromAsync(store.list("many/"), ({ key }) => key);
    assert.equal(new Set(keys).size, 1003);
    assert.equal(seen.filter((line) => line.includes("list-type=2")).length, 2);
    await store.deletePrefix("many/");
    assert.equal(seen.filter((line) => line.startsWith("POST /b/?delete")).length, 2);
    assert.deepEqual(await Array.fromAsync(store.list("many/")), []);
  });

  it("asks again when an answer is slow, within a budget", async () => {
    const hedger = new Hedger({ quantile: 0.9, budget: 0.2, samplesMin: 10, delayMsMin: 20 });
    const store = new S3Store(s3.client, { ...quick, hedgeGets: hedger });
    await store.put("slow", pattern(1000));
    const read = () => store.get("slow", { range: { from: 0, to: 1000 } });
    for (let i = 0; i < 20; i++) await read();
    const before = hedger.counts.won;
    let stalled = 0;
    // The first answer never comes: without a second request this would wait for ever.
    intercept = (request) => request.method === "GET" && stalled++ === 0;
    assert.deepEqual(await read(), pattern(1000));
    assert.equal(hedger.counts.won, before + 1);
    assert.ok(stalled >= 2);
    // Everything is slow: few second requests, however many first ones.
    intercept = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return false;
    };
    await Promise.all(Array.from({ length: 30 }, read));
    const { requests, hedges } = hedger.counts;
    assert.ok(hedges <= 1 + requests * 0.2, `${hedges} hedges of ${requests}`);
  });

  it("writes again when an answer is slow; both writes are the same object", async () => {
    const hedger = new Hedger({ quantile: 0.9, budget: 0.2, samplesMin: 10, delayMsMin: 20 });
    const store = new S3Store(s3.client, { ...quick, hedgePuts: hedger });
    for (let i = 0; i < 12; i++) await store.put(`put/${i}`, pattern(1000));
    for (const ifAbsent of [false, true]) {
      const name = `put/slow-${ifAbsent}`;
      let puts = 0;
      // The first write takes place, and its answer does not come.
      intercept = async (request, response) => {
        if (request.method !== "PUT" || puts++ > 0) return false;
        response.end = () => response;
        response.writeHead = () => response;
        return false;
      };
      const before = hedger.counts.hedges;
      const { etag } = await store.put(name, pattern(1000), { ifAbsent });
      assert.equal(hedger.counts.hedges, before + 1);
      assert.equal(puts, 2);
      assert.equal((await store.head(name))?.etag, etag);
      intercept = () => false;
    }
  });

  it("leaves no upload behind", async () => {
    const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: "b" }));
    assert.deepEqual(Uploads, []);
  });
});
