/**
 * The adapters' conformance suites against AWS itself, or any server of its protocols: with credentials in the environment
 * as the SDK reads them (AWS_ENDPOINT_URL for another server), and VOLLEY_AWS_TEST_BUCKET, a bucket in which objects under
 * `volley-test-…/` may be written and deleted. Tables `volley-test-…` are made in DynamoDB, and deleted. Without that
 * variable there is nothing to run, and the test says so.
 */
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { DeleteTableCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { makeClients } from "../../lib/aws/clients.ts";
import { DynamoCatalogStore } from "../../lib/aws/dynamo-catalog-store.ts";
import { DynamoQueryStore } from "../../lib/aws/dynamo-query-store.ts";
import { DynamoStateStore } from "../../lib/aws/dynamo-state-store.ts";
import { S3Store } from "../../lib/aws/s3-store.ts";
import { stateStoreConformance } from "../scheduler/state-store-conformance.ts";
import { catalogStoreConformance } from "../service/catalog-store-conformance.ts";
import { queryStoreConformance } from "../service/query-store-conformance.ts";
import { objectStoreConformance } from "../storage/conformance.ts";
import { createStateTable } from "./emulators.ts";

const bucket = process.env.VOLLEY_AWS_TEST_BUCKET;
const waitSecondsMax = 120;

if (!bucket) test("adapters against AWS", { skip: "VOLLEY_AWS_TEST_BUCKET names no bucket" }, () => {});
else {
  const { s3, dynamo } = makeClients();
  const prefix = `s3://${bucket}/volley-test-${randomUUID()}/`;
  const tables: string[] = [];
  const store = new S3Store(s3, { allowedBuckets: [bucket] });

  const makeTable = async (): Promise<string> => {
    const TableName = `volley-test-${randomUUID()}`;
    await dynamo.send(createStateTable(TableName));
    tables.push(TableName);
    await waitUntilTableExists({ client: dynamo, maxWaitTime: waitSecondsMax }, { TableName });
    return TableName;
  };

  after(async () => {
    await store.deletePrefix(prefix);
    for (const TableName of tables) await dynamo.send(new DeleteTableCommand({ TableName }));
    s3.destroy();
    dynamo.destroy();
  });

  objectStoreConformance(
    "S3Store on AWS",
    async () => {
      await store.deletePrefix(prefix);
      return store;
    },
    (name) => prefix + name,
  );
  stateStoreConformance("DynamoStateStore on AWS", async () => new DynamoStateStore(dynamo, await makeTable()));
  queryStoreConformance("DynamoQueryStore on AWS", async () => {
    const table = await makeTable();
    return { queries: new DynamoQueryStore(dynamo, table), state: new DynamoStateStore(dynamo, table) };
  });
  catalogStoreConformance("DynamoCatalogStore on AWS", async () => new DynamoCatalogStore(dynamo, await makeTable()));
}
