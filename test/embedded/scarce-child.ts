/**
 * A session whose temporary folder is short of something: runs a large query, which must fail cleanly, then a small one.
 * Arguments: the table, the temporary folder. Prints what happened as JSON.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type QueryError, SessionContext } from "../../lib/index.ts";

const [table, temporaryDirectory] = process.argv.slice(2) as [string, string];

function filesLeft(): string[] {
  return readdirSync(temporaryDirectory, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(temporaryDirectory, name)).isFile(),
  );
}

const session = await SessionContext.standalone({ threads: 2, memory: "32MB", temporaryDirectory });
const outcomes: unknown[] = [];
for (const sql of [
  `select * from '${table}' order by t`,
  `select t, count(*), median(i) from '${table}' group by t`,
  `select count(*) from '${table}' a join '${table}' b on a.t = b.t`,
]) {
  const before = filesLeft();
  const failed = await (await session.sql(sql)).toRows().then(
    () => undefined,
    (error: QueryError) => ({ code: error.code, message: error.message, hint: error.hint }),
  );
  // The answer of a query that went well may lie there.
  outcomes.push({ failed, left: failed ? filesLeft().filter((name) => !before.includes(name)) : [] });
}
const small = await (await session.sql(`select count(*) from '${table}' where i < 10`)).toRows();
await session.close();
console.log(
  JSON.stringify({ outcomes, small: small.map((row) => row.map(Number)), left: readdirSync(temporaryDirectory) }),
);
