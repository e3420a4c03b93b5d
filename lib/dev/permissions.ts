/** What each role of the emulated account may do: the very statements that the stack deploys, about this account's ARNs. */
import { type RoleStatement, roleStatements } from "../stack/role-statements.ts";

export interface AccountNames {
  readonly table: string;
  /** Of plans, shuffle and results. */
  readonly bucket: string;
  readonly schedulerFunction: string;
  /** By memory. */
  readonly executorFunctions: readonly string[];
}

export const region = "us-east-1";
export const accountId = "000000000000";

export const arns = {
  bucket: (name: string) => `arn:aws:s3:::${name}`,
  table: (name: string) => `arn:aws:dynamodb:${region}:${accountId}:table/${name}`,
  function: (name: string) => `arn:aws:lambda:${region}:${accountId}:function:${name}`,
  glue: (resource: string) => `arn:aws:glue:${region}:${accountId}:${resource}`,
} as const;

export type FunctionRole = "api" | "scheduler" | "executor-small" | "executor-large";
export type RoleName = "admin" | FunctionRole;

/** `data`: buckets of tables; `glueDatabases`: those that queries may name. */
export function rolePermissions(
  names: AccountNames,
  data: readonly string[],
  glueDatabases: readonly string[] = [],
): Readonly<Record<RoleName, readonly RoleStatement[]>> {
  const { api, scheduler, executors } = roleStatements({
    tableArn: arns.table(names.table),
    bucketArn: arns.bucket(names.bucket),
    schedulerArn: arns.function(names.schedulerFunction),
    executorArns: names.executorFunctions.map(arns.function),
    data: data.map((bucket) => ({ bucketArn: arns.bucket(bucket) })),
    glueArns:
      glueDatabases.length === 0
        ? []
        : [
            arns.glue("catalog"),
            ...glueDatabases.flatMap((name) => [arns.glue(`database/${name}`), arns.glue(`table/${name}/*`)]),
          ],
  });
  const [small = [], large = []] = executors;
  return {
    admin: [{ actions: ["*"], resources: ["*"] }],
    api,
    scheduler,
    "executor-small": small,
    "executor-large": large,
  };
}
