/**
 * What each role may do, as IAM statements: no more than its kind of function needs; docs/security.md explains every line.
 * lib/stack/permissions.ts deploys them, and the development cloud evaluates the same ones (lib/dev/permissions.ts).
 */

/** An Allow. Resources are ARNs, or tokens that become some. */
export interface RoleStatement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** By operator, then by context key. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface DataAccess {
  readonly bucketArn: string;
  readonly prefix?: string;
  readonly keyArn?: string;
}

export interface RoleResources {
  readonly tableArn: string;
  /** Of plans, shuffle and results. */
  readonly bucketArn: string;
  readonly schedulerArn: string;
  /** By memory. */
  readonly executorArns: readonly string[];
  readonly data: readonly DataAccess[];
  /** The catalog, and of each database itself and its tables. Empty: no Glue. */
  readonly glueArns: readonly string[];
  /** The cluster's own key, when it has one, and the region it is in. */
  readonly key?: { readonly arn: string; readonly region: string };
}

export interface RoleStatements {
  readonly api: readonly RoleStatement[];
  readonly scheduler: readonly RoleStatement[];
  /** As `executorArns`. */
  readonly executors: readonly (readonly RoleStatement[])[];
}

/** Plans, shuffle data and results of queries: all that functions ever write is below this. */
export const queryPrefix = "q/";

const writes = ["s3:PutObject", "s3:AbortMultipartUpload"];
const recordKeyActions = ["Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey"];

export function roleStatements(resources: RoleResources): RoleStatements {
  const { tableArn, schedulerArn, executorArns, data } = resources;
  return {
    api: [
      allow(onTable("BatchGetItem", "Query", "PutItem", "UpdateItem"), [tableArn]),
      ...readQueries(resources),
      // Segments of Trino clients: written, and removed when the client has them.
      allow([...writes, "s3:DeleteObject"], [`${resources.bucketArn}/${queryPrefix}*/segments/*`]),
      ...listGlue(resources),
      allow(["lambda:InvokeFunction"], [schedulerArn]),
      ...useKey(resources, ["kms:Decrypt", "kms:GenerateDataKey"]),
    ],
    scheduler: [
      allow(onTable("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"), [tableArn]),
      ...readQueries(resources),
      allow(writes, [queryObjects(resources)]),
      ...data.flatMap((each) => [...readData(each), listData(each)]),
      ...listGlue(resources),
      allow(["lambda:InvokeFunction"], [...executorArns, schedulerArn]),
      ...useKey(resources, ["kms:Decrypt", "kms:GenerateDataKey"]),
    ],
    executors: executorArns.map((executorArn) => [
      ...commit(resources),
      ...readQueries(resources),
      allow(writes, [queryObjects(resources)]),
      ...data.flatMap(readData),
      // A large stage starts as a tree: some executors hand tasks on to others of their size.
      allow(["lambda:InvokeFunction"], [executorArn]),
      ...useKey(resources, ["kms:Decrypt", "kms:GenerateDataKey"]),
    ]),
  };
}

function allow(
  actions: readonly string[],
  resources: readonly string[],
  conditions?: RoleStatement["conditions"],
): RoleStatement {
  return { actions, resources, ...(conditions && { conditions }) };
}

function onTable(...actions: readonly string[]): readonly string[] {
  return actions.map((action) => `dynamodb:${action}`);
}

function queryObjects({ bucketArn }: RoleResources): string {
  return `${bucketArn}/${queryPrefix}*`;
}

/**
 * Executors read records of queries, to see whether a task is still wanted, and write outcomes of tasks: no registered
 * table, no idempotency key; and of a query's own record, which its scheduler writes, only the attribute that takes what
 * attempts used that ended after the query was billed. Keys: lib/aws/dynamo-keys.ts.
 */
function commit({ tableArn }: RoleResources): readonly RoleStatement[] {
  const below = (key: string) => ({ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [key] } });
  const lateUse = { "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "sk", "strays"] } };
  return [
    allow(onTable("GetItem"), [tableArn], below("Q#*")),
    allow(onTable("PutItem"), [tableArn], below("Q#*#S#*")),
    allow(onTable("UpdateItem"), [tableArn], { ...below("Q#*"), ...lateUse }),
  ];
}

/** Who may not list a bucket is told of a missing object that it is forbidden, and could not tell the two apart. */
function readQueries(resources: RoleResources): readonly RoleStatement[] {
  return [allow(["s3:GetObject"], [queryObjects(resources)]), allow(["s3:ListBucket"], [resources.bucketArn])];
}

/** For objects as named; for records whatever DynamoDB does with the key for its caller. */
function useKey({ key }: RoleResources, objectActions: readonly string[]): readonly RoleStatement[] {
  if (!key) return [];
  const viaTable = { StringEquals: { "kms:ViaService": `dynamodb.${key.region}.amazonaws.com` } };
  const recordActions = recordKeyActions.map((action) => `kms:${action}`);
  return [allow(objectActions, [key.arn]), allow(recordActions, [key.arn], viaTable)];
}

function readData({ bucketArn, prefix = "", keyArn }: DataAccess): readonly RoleStatement[] {
  const read = allow(["s3:GetObject"], [`${bucketArn}/${prefix}*`]);
  return keyArn === undefined ? [read] : [read, allow(["kms:Decrypt"], [keyArn])];
}

/** The scheduler finds a table's files; executors are told their names. */
function listData({ bucketArn, prefix }: DataAccess): RoleStatement {
  const below = prefix === undefined ? undefined : { StringLike: { "s3:prefix": [`${prefix}*`] } };
  return allow(["s3:ListBucket"], [bucketArn], below);
}

/** Names and locations of tables; the data itself is a matter of `data`. */
function listGlue({ glueArns }: RoleResources): readonly RoleStatement[] {
  return glueArns.length > 0 ? [allow(["glue:GetTables"], glueArns)] : [];
}
