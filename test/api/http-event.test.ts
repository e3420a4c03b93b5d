/** Events of API Gateway and function URLs, there and back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { requestOf, resultOf } from "../../functions/api/http-event.ts";

function event(changes: object = {}, context: object = {}): APIGatewayProxyEventV2 {
  const http = { method: "GET", path: "/", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "" };
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: "/v1/queries",
    rawQueryString: "",
    headers: { host: "api.example.com" },
    requestContext: { http, stage: "$default", domainName: "api.example.com", ...context },
    isBase64Encoded: false,
    ...changes,
  } as unknown as APIGatewayProxyEventV2;
}

describe("HTTP events", () => {
  it("become requests", async () => {
    const get = requestOf(event({ rawQueryString: "limit=1&status=a%20b" }));
    assert.equal(get.url, "https://api.example.com/v1/queries?limit=1&status=a%20b");
    const http = { method: "POST" };
    const post = requestOf(event({ body: Buffer.from("ä").toString("base64"), isBase64Encoded: true }, { http }));
    assert.equal(await post.text(), "ä");
    assert.equal(await requestOf(event({ body: "ä" }, { http })).text(), "ä");
    assert.equal(await requestOf(event({}, { http: { method: "DELETE" } })).text(), "");
  });

  it("lose the name of their stage", () => {
    assert.equal(
      new URL(requestOf(event({ rawPath: "/prod/v1/tables" }, { stage: "prod" })).url).pathname,
      "/v1/tables",
    );
    assert.equal(new URL(requestOf(event({ rawPath: "/prod/v1" })).url).pathname, "/prod/v1");
  });

  it("are answered with text as it is and everything else as base64", async () => {
    const json = await resultOf(new Response('{"ä":1}', { headers: { "content-type": "application/problem+json" } }));
    assert.deepEqual([json.body, json.isBase64Encoded, json.statusCode], ['{"ä":1}', false, 200]);
    const csv = await resultOf(new Response("ä", { headers: { "content-type": "text/csv; charset=utf-8" } }));
    assert.deepEqual([csv.body, csv.isBase64Encoded], ["ä", false]);
    const type = "application/vnd.apache.arrow.stream";
    const arrow = await resultOf(new Response(Uint8Array.of(255, 0), { headers: { "content-type": type } }));
    assert.deepEqual([arrow.body, arrow.isBase64Encoded, arrow.headers!["content-type"]], ["/wA=", true, type]);
    assert.equal((await resultOf(new Response(null, { status: 204 }))).body, "");
  });
});
