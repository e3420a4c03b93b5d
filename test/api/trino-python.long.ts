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
import { SessionContext } from "../../lib/index.ts";
import { EmbeddedQueryService } from "../../lib/service/embedded-query-service.ts";

const installed = spawnSync("python3", ["-c", "import trino, sqlalchemy"]).status === 0;
const skip = installed ? false : "python3 has no packages trino and sqlalchemy (pip install trino sqlalchemy)";

it("Trino's Python client and SQLAlchemy", { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "volley-python-"));
  writeFileSync(join(directory, "t.csv"), "a,b\n1,x\n2,y\n3,z\n");
  await using session = await SessionContext.standalone({ threads: 1 });
  await session.registerCsv("t", join(directory, "t.csv"));
  const api = createApi({ service: new EmbeddedQueryService(session), authentication: { kind: "none" } });
  const server = serve({ fetch: api.fetch, port: 0, hostname: "127.0.0.1" }) as Server;
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const script = join(import.meta.dirname, "python/trino-check.py");
    const { stdout } = await promisify(execFile)("python3", [script, "127.0.0.1", String(port)]);
    const row = ["9007199254740993", "1.50", "2024-02-29 01:02:03.000004", "2024-02-29", "x", "None"];
    assert.deepEqual(JSON.parse(stdout), {
      encodings: { None: row, json: row, "json+zstd": row },
      large: Object.fromEntries(["None", "json", "json+zstd"].map((name) => [name, [60_000, 1_799_970_000]])),
      parameters: [[42, "it's"]],
      error: "TABLE_NOT_FOUND",
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
    });
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true });
  }
});
