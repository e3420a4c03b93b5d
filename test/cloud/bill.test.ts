/** The bill: what a query says it used is what the emulators counted. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { EmulatedCloud } from "../../lib/dev/emulated-cloud.ts";
import { manyTasks, TpchCloud, tpchQuery, until } from "./support/tpch-cloud.ts";

let world: TpchCloud;

before(async () => {
  world = await TpchCloud.start({ executors: 2, variables: manyTasks });
});
after(() => world?.close());

/** What was done for queries so far, by the emulators' counts. */
function spent(cloud: EmulatedCloud) {
  const { s3, dynamo, lambda } = cloud.counts();
  const sum = <T extends object>(of: Readonly<Record<string, T>>, names: readonly string[], field: keyof T) =>
    names.reduce((total, name) => total + Number(of[name]?.[field] ?? 0), 0);
  const roles = ["scheduler", "executor-small", "executor-large"];
  const functions = Object.keys(lambda).filter((name) => name !== "volley-api");
  return {
    lambdaGbSeconds: sum(lambda, functions, "gbSeconds"),
    lambdaInvocations: sum(lambda, functions, "invocations"),
    s3Gets: sum(s3, roles, "gets"),
    s3Puts: sum(s3, roles, "puts"),
    s3BytesRead: sum(s3, roles, "bytesRead"),
    s3BytesWritten: sum(s3, roles, "bytesWritten"),
    dynamoReadUnits: sum(dynamo, roles, "readUnits"),
    // Its records are written by the API; what the API reads for those who look at it is not the query's.
    dynamoWriteUnits: sum(dynamo, [...roles, "api"], "writeUnits"),
  };
}

describe("the bill", () => {
  for (const number of [1, 3, 18]) {
    it(`of TPC-H query ${number}`, async () => {
      const { cloud, client } = world;
      const idle = () => [cloud.scheduler, ...cloud.executors].every((each) => each.running === 0 && each.queued === 0);
      await until(idle);
      const before = spent(cloud);
      const { id } = await client.query(tpchQuery(number));
      await until(idle);
      const { usage } = await client.get(id);
      const after = spent(cloud);
      const counted = Object.fromEntries(
        Object.entries(after).map(([name, value]) => [name, value - before[name as keyof typeof before]]),
      ) as unknown as typeof after;
      const { lambdaGbSeconds, ...exact } = usage;
      const { lambdaGbSeconds: countedGbSeconds, ...countedExact } = counted;
      assert.deepEqual(exact, countedExact);
      // A function cannot see its own start and end: the bill has a little more than it can count.
      assert.ok(
        lambdaGbSeconds > 0 && lambdaGbSeconds <= countedGbSeconds * 1.05,
        `${lambdaGbSeconds} of ${countedGbSeconds}`,
      );
    });
  }
});
