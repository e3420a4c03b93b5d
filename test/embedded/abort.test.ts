/** An abort is heard inside a join that finds nothing to give out: else it would last for many minutes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SessionContext } from "../../lib/index.ts";

const queries = {
  "nested loops": `select count(*) from range(10000) a(x), range(10000) b(y), range(10000) c(z)
    where lpad(b.y::varchar, 9, '*') || a.x = c.z || 'zz'`,
  "a hash join on one key": `select count(*) from (select 1 as k, x from range(10000) a(x)) a
    join (select 1 as k, y from range(10000) b(y)) b on a.k = b.k and lpad(b.y::varchar, a.x, '*') || a.x = 'zz'`,
};

describe("abort", () => {
  for (const [name, sql] of Object.entries(queries)) {
    it(`${name} stops`, { timeout: 60_000 }, async () => {
      await using session = await SessionContext.standalone({ threads: 1, memory: "1GB", testing: { inline: false } });
      const handle = await session.sql(sql, { signal: AbortSignal.timeout(700) });
      await assert.rejects(handle.toRows(), { code: "cancelled" });
    });
  }
});
