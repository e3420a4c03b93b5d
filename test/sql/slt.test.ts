/** Every script in this folder, in every mode, and against DuckDB (records marked `skipif duckdb` differ on purpose). */
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { SessionContext } from "../../lib/index.ts";
import { volleyRows } from "../support/cells.ts";
import { type Fixtures, makeFixtures } from "../support/fixtures.ts";
import { modes, openMode } from "../support/modes.ts";
import { checkScript, scripts } from "./slt-check.ts";

let fixtures: Fixtures;
before(async () => {
  fixtures = await makeFixtures();
});
after(() => fixtures.close());

for (const mode of Object.keys(modes)) {
  describe(mode, () => {
    let session: SessionContext;
    before(async () => {
      session = await openMode(mode, new Map(fixtures.tables.map((name) => [name, join(fixtures.directory, name)])));
    });
    after(() => session.close());
    for (const script of scripts) {
      it(script, async () => {
        await checkScript(script, (sql) => volleyRows(session, sql), fixtures.duckdb);
      });
    }
  });
}
