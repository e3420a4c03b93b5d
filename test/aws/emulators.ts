/** S3 and DynamoDB on loopback for the adapters' tests, with the clients that functions use. */
import { mkdtempSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { DynamoServer } from "../../lib/dev/dynamo-server.ts";
import { noFaults } from "../../lib/dev/faults.ts";
import { listen } from "../../lib/dev/http.ts";
import { S3Server } from "../../lib/dev/s3/s3-server.ts";

const credentials = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };

/** `before` sees every request first, and answers it when it returns true. */
export async function startS3(
  before: (...call: Parameters<RequestListener>) => boolean | Promise<boolean> = () => false,
) {
  const directory = mkdtempSync(join(tmpdir(), "volley-aws-"));
  const server = new S3Server({ directory, faults: noFaults });
  const listening = await listen(async (request, response) => {
    if (!(await before(request, response))) await server.handle(request, response);
  });
  const client = new S3Client({
    endpoint: listening.url,
    region: "us-east-1",
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  await client.send(new CreateBucketCommand({ Bucket: "b" }));
  const close = async () => {
    client.destroy();
    await listening.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { client, buckets: server.buckets, close };
}

/** Makes a table as the stack does. */
export function createStateTable(TableName: string): CreateTableCommand {
  return new CreateTableCommand({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "S" },
    ],
  });
}

export async function startDynamo() {
  const server = await DynamoServer.start(noFaults);
  const listening = await listen(server.handle);
  const client = new DynamoDBClient({ endpoint: listening.url, region: "us-east-1", credentials });
  let tables = 0;
  /** A fresh table. */
  const makeTable = async (): Promise<string> => {
    const TableName = `table${++tables}`;
    await client.send(createStateTable(TableName));
    return TableName;
  };
  const close = async () => {
    client.destroy();
    await listening.close();
    await server.close();
  };
  return { client, server, makeTable, close };
}
