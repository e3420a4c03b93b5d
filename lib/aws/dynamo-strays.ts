/**
 * What was used for a query by those who do not hold it: a set of texts beside what was asked, which any number of writers
 * add to without waiting for one another. Roles may let somebody write this attribute and no other. It is not with the
 * query's progress, whose size changes all the time: so the units that writing it takes are known before.
 */
import { randomUUID } from "node:crypto";
import { type DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { addUsage, noUsage, sumUsage, type Usage } from "../bill/usage.ts";
import { dynamoError } from "./dynamo-error.ts";
import { conditionFailed, type Item, readUnits, withOwnWrite } from "./dynamo-item.ts";

/** In the order in which they are written. */
const fields = [
  "lambdaGbSeconds",
  "lambdaInvocations",
  "s3Gets",
  "s3Puts",
  "s3BytesRead",
  "s3BytesWritten",
  "dynamoReadUnits",
  "dynamoWriteUnits",
] as const satisfies readonly (keyof Usage)[];

/**
 * Adds to the record of what was asked, with the units that this takes. False when it has gone.
 * @param record the one, which was read for this; and what else was
 */
export async function addStray(
  client: DynamoDBClient,
  TableName: string,
  record: Item,
  usage: Usage,
  alsoRead: readonly (Item | undefined)[] = [],
): Promise<boolean> {
  const dynamoReadUnits = [record, ...alsoRead].reduce((sum, item) => sum + readUnits(item), 0);
  const written = withOwnWrite(addUsage(usage, { ...noUsage, dynamoReadUnits }), (used) => {
    const known = used ?? noUsage;
    // Members of a set differ.
    const stray = JSON.stringify([randomUUID().slice(0, 8), ...fields.map((field) => known[field])]);
    return { ...record, strays: { SS: [...(record.strays?.SS ?? []), stray] } };
  });
  const command = new UpdateItemCommand({
    TableName,
    Key: { pk: record.pk!, sk: record.sk! },
    UpdateExpression: "ADD strays :strays",
    ConditionExpression: "attribute_exists(pk)",
    ExpressionAttributeValues: { ":strays": { SS: written.strays!.SS!.slice(-1) } },
  });
  try {
    await client.send(command);
    return true;
  } catch (thrown) {
    if (conditionFailed(thrown)) return false;
    throw dynamoError("add to the use of a query", thrown);
  }
}

export function straysOf(record: Item): Usage {
  return sumUsage((record.strays?.SS ?? []).map(usageOf));
}

function usageOf(stray: string): Usage {
  const [, ...amounts] = JSON.parse(stray) as [string, ...number[]];
  return { ...noUsage, ...Object.fromEntries(fields.map((field, i) => [field, amounts[i] ?? 0])) };
}
