/** What each role may do: no more than its kind of function needs. docs/security.md explains every line. */
import { ArnFormat, Stack } from "aws-cdk-lib";
import { type IRole, Policy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { ClusterFunctions, FunctionContext } from "./functions.ts";
import type { DataLocation } from "./props.ts";
import { queryPrefix } from "./storage.ts";

const recordActions = ["Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey"].map(
  (action) => `kms:${action}`,
);
const writes = ["s3:PutObject", "s3:AbortMultipartUpload"];

export function grantPermissions(scope: Construct, context: FunctionContext, functions: ClusterFunctions): void {
  const { props } = context;
  const api = functions.api.function;
  const scheduler = functions.scheduler.function;
  const { executors } = functions;
  const data = props.data ?? [];
  attach(scope, "ApiPolicy", api.role!, [
    ...tableAccess(context, ["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"]),
    ...readQueries(context),
    allow(["lambda:InvokeFunction"], [scheduler.functionArn]),
    ...keyAccess(scope, context, ["kms:Decrypt"]),
  ]);
  attach(scope, "SchedulerPolicy", scheduler.role!, [
    ...tableAccess(context, [
      ...["GetItem", "BatchGetItem", "Query"],
      ...["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"],
    ]),
    ...readQueries(context),
    allow([...writes, "s3:DeleteObject"], [objects(context)]),
    ...data.flatMap((location) => [...readData(scope, location), listData(scope, location)]),
    ...readGlue(scope, props.glueDatabases ?? []),
    allow(["lambda:InvokeFunction"], [...executors.map((each) => each.function.functionArn), scheduler.functionArn]),
    ...keyAccess(scope, context, ["kms:Decrypt", "kms:GenerateDataKey"]),
  ]);
  for (const { memoryMiB, function: executor } of executors) {
    attach(scope, `Executor${memoryMiB}Policy`, executor.role!, [
      ...commitAccess(context),
      ...readQueries(context),
      allow(writes, [objects(context)]),
      ...data.flatMap((location) => readData(scope, location)),
      // A large stage starts as a tree: some executors hand tasks on to others of their size.
      allow(["lambda:InvokeFunction"], [executor.functionArn]),
      ...keyAccess(scope, context, ["kms:Decrypt", "kms:GenerateDataKey"]),
    ]);
  }
}

/** A policy of its own beside the role: the scheduler names itself in it, which the function must not wait for. */
function attach(scope: Construct, id: string, role: IRole, statements: PolicyStatement[]): void {
  new Policy(scope, id, { roles: [role], statements });
}

function allow(actions: string[], resources: string[], conditions?: Record<string, object>): PolicyStatement {
  return new PolicyStatement({ actions, resources, ...(conditions && { conditions }) });
}

function objects({ bucket }: FunctionContext): string {
  return bucket.arnForObjects(`${queryPrefix}*`);
}

function tableAccess({ table }: FunctionContext, actions: readonly string[]): PolicyStatement[] {
  return [
    allow(
      actions.map((action) => `dynamodb:${action}`),
      [table.tableArn],
    ),
  ];
}

/**
 * Executors read records of queries, to see whether a task is still wanted, and write outcomes of tasks: no registered
 * table, no idempotency key, and no query's own record, which its scheduler alone writes. Keys: lib/aws/dynamo-keys.ts.
 */
function commitAccess({ table }: FunctionContext): PolicyStatement[] {
  const below = (key: string) => ({ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [key] } });
  return [
    allow(["dynamodb:GetItem", "dynamodb:BatchGetItem"], [table.tableArn], below("Q#*")),
    allow(["dynamodb:PutItem"], [table.tableArn], below("Q#*#S#*")),
  ];
}

/** Who may not list a bucket is told of a missing object that it is forbidden, and could not tell the two apart. */
function readQueries(context: FunctionContext): PolicyStatement[] {
  return [allow(["s3:GetObject"], [objects(context)]), allow(["s3:ListBucket"], [context.bucket.bucketArn])];
}

/** For objects as named; for records whatever DynamoDB does with the key for its caller. */
function keyAccess(scope: Construct, { key }: FunctionContext, objectActions: string[]): PolicyStatement[] {
  if (!key) return [];
  const viaTable = { StringEquals: { "kms:ViaService": `dynamodb.${Stack.of(scope).region}.amazonaws.com` } };
  return [allow(objectActions, [key.keyArn]), allow(recordActions, [key.keyArn], viaTable)];
}

function readData(scope: Construct, { bucket, prefix = "", kmsKey }: DataLocation): PolicyStatement[] {
  const arn = bucketArn(scope, bucket);
  const statements = [allow(["s3:GetObject"], [`${arn}/${prefix}*`])];
  if (kmsKey) statements.push(allow(["kms:Decrypt"], [kmsKey.keyArn]));
  return statements;
}

/** The scheduler finds a table's files; executors are told their names. */
function listData(scope: Construct, { bucket, prefix }: DataLocation): PolicyStatement {
  const below = prefix === undefined ? undefined : { StringLike: { "s3:prefix": [`${prefix}*`] } };
  return allow(["s3:ListBucket"], [bucketArn(scope, bucket)], below);
}

function bucketArn(scope: Construct, bucket: string): string {
  return Stack.of(scope).formatArn({ service: "s3", region: "", account: "", resource: bucket });
}

function readGlue(scope: Construct, databases: readonly string[]): PolicyStatement[] {
  if (databases.length === 0) return [];
  const arn = (resource: string, resourceName?: string) =>
    Stack.of(scope).formatArn({
      service: "glue",
      resource,
      resourceName,
      arnFormat: resourceName === undefined ? ArnFormat.NO_RESOURCE_NAME : ArnFormat.SLASH_RESOURCE_NAME,
    });
  const resources = databases.flatMap((name) => [arn("database", name), arn("table", `${name}/*`)]);
  const actions = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"];
  return [allow(actions, [arn("catalog"), ...resources])];
}
