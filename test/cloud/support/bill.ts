/** What a query says it used beside what the emulators counted meanwhile. */
import assert from "node:assert/strict";
import type { Usage } from "../../../lib/bill/usage.ts";
import type { EmulatedCloud } from "../../../lib/dev/emulated-cloud.ts";
import type { QueryBody } from "./cloud-client.ts";
import { type TpchCloud, until } from "./tpch-cloud.ts";

/** What was done for queries so far, by the emulators' counts. */
function spent(cloud: EmulatedCloud): Usage {
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
    dynamoWriteUnits: sum(dynamo, roles, "writeUnits"),
  };
}

export interface Billed {
  readonly body: QueryBody;
  /** As the query says. */
  readonly usage: Usage;
  /** As the emulators counted. */
  readonly counted: Usage;
}

/** Runs one query, alone, until nothing of it runs any more. `during` may do something to it. */
export async function bill(
  { cloud, client }: TpchCloud,
  sql: string,
  during: (query: QueryBody) => Promise<unknown> = async () => {},
): Promise<Billed> {
  const idle = () => [cloud.scheduler, ...cloud.executors].every((each) => each.running === 0 && each.queued === 0);
  await until(idle);
  const apiWrites = () => cloud.counts().dynamo.api?.writeUnits ?? 0;
  const [before, writesBefore] = [spent(cloud), apiWrites()];
  const submitted = await client.submit(sql);
  // The query's records are the query's; what the API does later for those who look at it, or cancel it, is not.
  const recordWrites = apiWrites() - writesBefore;
  await during(submitted);
  await client.ended(submitted.id);
  await until(idle);
  await until(async () => (await client.get(submitted.id)).bill.final);
  const body = await client.get(submitted.id);
  const after = spent(cloud);
  const counted = Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - before[name as keyof Usage]]),
  ) as unknown as Usage;
  const dynamoWriteUnits = counted.dynamoWriteUnits + recordWrites;
  return { body, usage: body.usage, counted: { ...counted, dynamoWriteUnits } };
}

/** Requests, bytes and units are the same; of time a function sees all but its own very start and end. */
export function assertExact({ body, usage, counted }: Billed): void {
  const { lambdaGbSeconds, ...exact } = usage;
  const { lambdaGbSeconds: countedGbSeconds, ...countedExact } = counted;
  assert.deepEqual(exact, countedExact);
  assert.equal(body.bill.unreported, 0);
  const share = lambdaGbSeconds / countedGbSeconds;
  assert.ok(share > 0.6 && share < 1.05, `${lambdaGbSeconds} of ${countedGbSeconds} GB-s`);
  // Stages have what their attempts used; the rest is the schedulers'.
  const ofStages = body.stages.reduce((sum, stage) => sum + (stage.usage?.s3Gets ?? 0), 0);
  assert.ok(ofStages > 0 && ofStages <= usage.s3Gets, `${ofStages} of ${usage.s3Gets} GET`);
}
