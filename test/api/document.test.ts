/** The examples of docs/api.md: each request is answered as the JSON behind it says. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { serve } from "@hono/node-server";
import { createApi } from "../../lib/api/app.ts";
import { type Operation, operations } from "../../lib/api/operations.ts";
import { SessionContext } from "../../lib/index.ts";
import { EmbeddedQueryService } from "../../lib/service/embedded-query-service.ts";

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const text = readFileSync(join(import.meta.dirname, "../../docs/api.md"), "utf8");
const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, body]) => ({ language, body: body! }));

describe("docs/api.md", () => {
  const directory = mkdtempSync(join(tmpdir(), "volley-docs-"));
  let session: SessionContext;
  let app: ReturnType<typeof createApi>;
  before(async () => {
    writeFileSync(join(directory, "t.csv"), "k,v,d\na,1,2026-01-01\nb,2,2026-01-02\na,3,2026-01-03\n");
    session = await SessionContext.standalone({ threads: 1 });
    await session.registerCsv("t", join(directory, "t.csv"));
    app = createApi({ service: new EmbeddedQueryService(session), authentication: { kind: "none" } });
  });
  after(async () => {
    await session.close();
    rmSync(directory, { recursive: true });
  });

  for (const [i, { language, body }] of blocks.entries()) {
    if (language !== "http") continue;
    it(`answers example ${i}`, async () => {
      const [line, ...rest] = body.split("\n");
      const [method, path] = line!.split(" ");
      const headers = { "content-type": "application/json" };
      const response = await app.request(path!, { method: method!, headers, body: rest.join("\n") });
      const answer = (await response.json()) as Record<string, unknown>;
      const expected = blocks[i + 1]!;
      assert.equal(expected.language, "json");
      contains(answer, JSON.parse(expected.body));
    });
  }

  it("runs its JavaScript", async () => {
    const code = blocks.find(({ language }) => language === "js")!.body;
    const sql = /sql\("([^"]+)"\)/.exec(code)![1]!;
    assert.deepEqual(await (await session.sql(sql)).toArray(), [
      { k: "a", total: 4n },
      { k: "b", total: 2n },
    ]);
  });

  it("walks with curl", { skip: hasCurl ? false : "there is no curl" }, async () => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server;
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const console = blocks.find(({ language }) => language === "console")!.body;
    // Commands may go on over lines that are indented; what follows is what they print.
    const steps = [...console.matchAll(/^\$ (.*(?:\n .*)*)\n((?:(?!\$ ).*\n)*)/gm)].map(([, command, output]) => ({
      command: command!.replaceAll("127.0.0.1:8080", `127.0.0.1:${port}`),
      output: output!,
    }));
    const mark = "-- next --";
    const script = steps.map(({ command }) => `${command}\necho '${mark}'`).join("\n");
    const { stdout } = await promisify(execFile)("bash", ["-c", script]);
    server.close();
    const outputs = stdout.split(`${mark}\n`).slice(0, -1);
    assert.equal(outputs.length, steps.length);
    for (const [i, { command, output }] of steps.entries()) {
      assert.equal(outputs[i]!.trim(), output.trim(), command);
    }
  });

  it("names every operation", () => {
    for (const { path } of Object.values<Operation>(operations)) assert.ok(text.includes(path), path);
  });
});

/** Whether an answer has what the example shows; it may have more fields. */
function contains(actual: unknown, expected: unknown): void {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    return assert.deepEqual(actual, expected);
  }
  for (const [name, value] of Object.entries(expected)) contains((actual as Record<string, unknown>)[name], value);
}
