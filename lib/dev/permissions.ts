/** What each role of the emulated account may do: the same as the roles that lib/stack/permissions.ts deploys. */
import type { Permission } from "./roles.ts";

export interface AccountNames {
  readonly table: string;
  /** Of plans, shuffle and results. */
  readonly bucket: string;
  /** Of tables. */
  readonly dataBuckets: readonly string[];
  readonly schedulerFunction: string;
  readonly executorFunctions: readonly string[];
}

export function rolePermissions(names: AccountNames): Readonly<Record<string, readonly Permission[]>> {
  const { table, bucket, dataBuckets, schedulerFunction, executorFunctions } = names;
  const onTable = (...actions: string[]) => actions.map((each) => ({ action: `dynamodb:${each}`, resource: table }));
  const onQueries = (...actions: string[]) =>
    actions.map((each) => ({ action: `s3:${each}`, resource: `${bucket}/q/*` }));
  const readData = dataBuckets.map((each) => ({ action: "s3:GetObject", resource: `${each}/*` }));
  const invoke = (name: string) => ({ action: "lambda:InvokeFunction", resource: name });
  return {
    admin: [{ action: "*", resource: "*" }],
    api: [
      ...onTable("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"),
      ...onQueries("GetObject"),
      invoke(schedulerFunction),
    ],
    scheduler: [
      ...onTable("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"),
      ...onQueries("GetObject", "PutObject", "AbortMultipartUpload"),
      ...readData,
      ...dataBuckets.map((each) => ({ action: "s3:ListBucket", resource: each })),
      invoke(schedulerFunction),
      ...executorFunctions.map(invoke),
    ],
    executor: [
      ...onTable("GetItem", "PutItem"),
      ...onQueries("GetObject", "PutObject", "AbortMultipartUpload"),
      ...readData,
      // Wide stages are handed on as a tree.
      ...executorFunctions.map(invoke),
    ],
  };
}
