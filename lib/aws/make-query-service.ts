/** The query service as the api function has it. */
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { CloudCatalog } from "../catalog/cloud-catalog.ts";
import { ParquetTables } from "../catalog/parquet-table.ts";
import { CloudQueryService } from "../service/cloud-query-service.ts";
import type { Clients } from "./clients.ts";
import { DynamoQueryStore } from "./dynamo-query-store.ts";
import type { CloudEnvironment } from "./environment.ts";
import { invokeScheduler } from "./lambda-invoker.ts";
import { makeCatalogStore } from "./make-catalog-store.ts";
import { S3Store } from "./s3-store.ts";

export function makeQueryService(environment: CloudEnvironment, clients: Clients): CloudQueryService {
  const { table, bucket, dataBuckets, schedulerFunction } = environment;
  const tables = new S3Store(clients.s3, { ...(dataBuckets && { allowedBuckets: dataBuckets }) });
  const parquet = new ParquetTables(tables);
  const names = makeCatalogStore(environment, clients);
  return new CloudQueryService({
    queries: new DynamoQueryStore(clients.dynamo, table),
    objects: new S3Store(clients.s3, { bucket }),
    catalog: () => CloudCatalog.load(names, tables, parquet),
    startScheduler: (queryId) => invokeScheduler(clients.lambda, schedulerFunction, queryId),
    graceMs: environment.leaseMs / 2,
    // The answer's slices are whole objects.
    link: (Key, expiresIn) => getSignedUrl(clients.s3, new GetObjectCommand({ Bucket: bucket, Key }), { expiresIn }),
  });
}
