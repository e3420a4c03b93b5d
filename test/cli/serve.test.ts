/** `volley serve`, as a process of its own. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

const root = join(import.meta.dirname, "../..");

describe("volley serve", () => {
  let directory: string;
  let server: ChildProcess;
  let url: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "volley-serve-"));
    writeFileSync(join(directory, "t.csv"), "a,b\n1,x\n2,y\n");
    [server, url] = await start(["--tables", directory]);
  });
  after(async () => {
    server.kill("SIGTERM");
    const [code] = await once(server, "exit");
    rmSync(directory, { recursive: true });
    assert.equal(code, 0);
  });

  async function start(args: readonly string[]): Promise<[ChildProcess, string]> {
    const all = [join(root, "bin/volley.ts"), "serve", "--port", "0", "--threads", "1", ...args];
    const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    for await (const chunk of child.stdout) {
      text += chunk;
      const found = /answers at (\S+)/.exec(text)?.[1];
      if (found) return [child, found];
    }
    throw new Error(`it did not start: ${text}`);
  }

  /** Status of a GET with headers that fetch does not let pass. */
  const status = (headers: Record<string, string>) =>
    new Promise((resolve, reject) => {
      request(`${url}/v1/tables`, { headers }, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });

  it("answers queries over the tables that it was given", async () => {
    const body = JSON.stringify({ sql: "select sum(a) as a from t", wait: 20 });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/v1/queries`, { method: "POST", body, headers });
    assert.deepEqual(((await response.json()) as { rows: unknown }).rows, [[3]]);
  });

  it("lets no web page of another origin in", async () => {
    assert.equal(await status({}), 200);
    assert.equal(await status({ origin: url }), 200);
    assert.equal(await status({ origin: "https://elsewhere.example" }), 403);
    assert.equal(await status({ origin: "null" }), 403);
    assert.equal(await status({ host: "elsewhere.example" }), 403);
  });

  it("listens to others only with a token", async () => {
    const child = spawn(process.execPath, [join(root, "bin/volley.ts"), "serve", "--host", "0.0.0.0"], {
      stdio: "ignore",
    });
    const [code] = await once(child, "exit");
    assert.equal(code, 2);
  });
});
