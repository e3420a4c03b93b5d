/**
 * Trino's JDBC driver against `volley serve`'s API: an optional check, where there is Java 17 and VOLLEY_TRINO_JDBC names
 * the driver's jar (io.trino:trino-jdbc; 476 was tried).
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

const jar = process.env.VOLLEY_TRINO_JDBC;
const hasJava = spawnSync("java", ["-version"]).status === 0;
const skip = jar && hasJava ? false : "there is no Java, or VOLLEY_TRINO_JDBC does not name the driver's jar";

for (const encoding of ["none", "json", "json+zstd"]) {
  it(`Trino's JDBC driver, encoding ${encoding}`, { skip }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "volley-jdbc-"));
    writeFileSync(join(directory, "t.csv"), "a,b\n1,x\n2,y\n3,z\n");
    await using session = await SessionContext.standalone({ threads: 1 });
    await session.registerCsv("t", join(directory, "t.csv"));
    const paths: string[] = [];
    const service = new EmbeddedQueryService(session);
    const api = createApi({ service, authentication: { kind: "none" } });
    const fetch = (request: Request) => {
      paths.push(new URL(request.url).pathname);
      return api.fetch(request);
    };
    const server = serve({ fetch, port: 0, hostname: "127.0.0.1" }) as Server;
    try {
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const program = join(import.meta.dirname, "java/TrinoCheck.java");
      const url = `jdbc:trino://127.0.0.1:${port}/volley/default`;
      const { stdout } = await promisify(execFile)("java", [
        "-Duser.timezone=UTC",
        "-cp",
        jar!,
        program,
        url,
        encoding,
      ]);
      const lines = stdout.trimEnd().split("\n");
      assert.deepEqual(lines.slice(0, -1), expected);
      assert.match(lines.at(-1)!, /^cancelled: /);
      assert.equal((await service.list("default", { limit: 1 }))[0]!.status, "cancelled");
      const downloads = paths.filter((path) => path.startsWith("/v1/spooled/download/")).length;
      if (encoding === "json") assert.ok(downloads > 0, "no segments");
    } finally {
      server.close();
      server.closeAllConnections();
      rmSync(directory, { recursive: true });
    }
  });
}

/** What the driver saw, but for how it words that a statement was cancelled. */
const expected = [
  "catalogs: [volley]",
  "schemas: [default]",
  "tables: [t]",
  "columns: [a, b] [bigint, varchar]",
  "types: [tinyint, bigint, varbinary, decimal, integer, smallint, real, double, varchar, boolean, date, timestamp, timestamp with time zone]",
  "table types: [TABLE, VIEW]",
  "no rows: 0",
  `values: [${[
    ...["boolean true", "tinyint 1", "smallint 2", "integer 3", "bigint 9007199254740993", "real 1.5", "double NaN"],
    ...["double -Infinity", "decimal(10,2) 1.50", "date 2024-02-29", "timestamp(6) 2024-02-29 01:02:03.000004"],
    ...["varchar 1 day", "varchar ä", "varbinary 1 bytes", "unknown null", "decimal(38,3) 12345678901234567890.123"],
  ].join(", ")}]`,
  "prepared: 2 b bigint [y, z]",
  "parameters: 1152921504606846976 12.340 2024-02-29 2024-02-29 01:02:03.5 3",
  "in a transaction: [3]",
  "schema: information_schema [t]",
  "session: [2h]",
  "functions: [double]",
  "error: 47 line 1:8: there is no column nothing",
  "large: 60000 1799970000",
];
