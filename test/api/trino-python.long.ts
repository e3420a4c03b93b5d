/**
 * Trino's Python client and SQLAlchemy against `volley serve`'s API: an optional check, where python3 has the packages
 * `trino` and `sqlalchemy` (pip install trino sqlalchemy; PYTHONPATH may say where).
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { serve } from "@hono/node-server";
import { createApi } from "../../lib/api/app.ts";
import { dataBucket, findTables, registerTables } from "../../lib/dev/dev-tables.ts";
import { EmulatedCloud } from "../../lib/dev/emulated-cloud.ts";
import { SessionContext } from "../../lib/index.ts";
import { EmbeddedQueryService } from "../../lib/service/embedded-query-service.ts";

const installed = spawnSync("python3", ["-c", "import trino, sqlalchemy"]).status === 0;
const skip = installed ? false : "python3 has no packages trino and sqlalchemy (pip install trino sqlalchemy)";

const script = join(import.meta.dirname, "python/trino-check.py");

/** A folder with the table that the script wants. */
function makeData(): string {
  const directory = mkdtempSync(join(tmpdir(), "volley-python-"));
  writeFileSync(join(directory, "t.csv"), "a,b\n1,x\n2,y\n3,z\n");
  return directory;
}

it("Trino's Python client and SQLAlchemy", { skip }, async () => {
  const directory = makeData();
  await using session = await SessionContext.standalone({ threads: 1 });
  await session.registerCsv("t", join(directory, "t.csv"));
  const api = createApi({ service: new EmbeddedQueryService(session), authentication: { kind: "none" } });
  const server = serve({ fetch: api.fetch, port: 0, hostname: "127.0.0.1" }) as Server;
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await check(port);
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true });
  }
});

it("the same in the emulated cloud, with segments on S3", { skip }, async () => {
  const directory = makeData();
  const cloud = await EmulatedCloud.start({ data: { [dataBucket]: directory }, executors: 2 });
  try {
    await registerTables(cloud, findTables(directory));
    const reads = () => cloud.s3.counts.get("api")?.puts ?? 0;
    await check(Number(new URL(cloud.url).port));
    assert.ok(reads() > 0, "no segments");
  } finally {
    await cloud.close();
    rmSync(directory, { recursive: true });
  }
});

async function check(port: number): Promise<void> {
  const { stdout, stderr } = await promisify(execFile)("python3", [script, "127.0.0.1", String(port)]);
  // Where it says that a segment could not be acknowledged.
  assert.equal(stderr, "");
  const row = ["9007199254740993", "1.50", "2024-02-29 01:02:03.000004", "2024-02-29", "x", "None"];
  assert.deepEqual(JSON.parse(stdout), {
    encodings: { None: row, json: row, "json+zstd": row },
    large: Object.fromEntries(["None", "json", "json+zstd"].map((name) => [name, [60_000, 1_799_970_000]])),
    parameters: [[42, "it's"]],
    described: [
      ["a", "bigint"],
      ["b", "varchar"],
    ],
    error: ["TABLE_NOT_FOUND", 46, "USER_ERROR"],
    transaction: [[3]],
    schemas: ["default", "information_schema"],
    tables: ["t"],
    views: [],
    columns: [
      ["a", "BIGINT"],
      ["b", "VARCHAR"],
    ],
    has: [true, false],
    rows: [
      [2, "y"],
      [3, "z"],
    ],
    grouped: [[6, 3]],
  });
}
