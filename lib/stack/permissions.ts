/** Gives each role its statements (lib/stack/role-statements.ts). */
import { ArnFormat, Stack } from "aws-cdk-lib";
import { type IRole, Policy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { ClusterFunctions, FunctionContext } from "./functions.ts";
import type { DataLocation } from "./props.ts";
import { type DataAccess, type RoleStatement, roleStatements } from "./role-statements.ts";

export function grantPermissions(scope: Construct, context: FunctionContext, functions: ClusterFunctions): void {
  const { props, table, bucket, key } = context;
  const { api, scheduler, executors } = functions;
  const statements = roleStatements({
    tableArn: table.tableArn,
    bucketArn: bucket.bucketArn,
    schedulerArn: scheduler.function.functionArn,
    executorArns: executors.map((each) => each.function.functionArn),
    data: (props.data ?? []).map((location) => dataAccess(scope, location)),
    glueArns: glueArns(scope, props.glueDatabases ?? []),
    ...(key && { key: { arn: key.keyArn, region: Stack.of(scope).region } }),
  });
  attach(scope, "ApiPolicy", api.function.role!, statements.api);
  attach(scope, "SchedulerPolicy", scheduler.function.role!, statements.scheduler);
  for (const [i, { memoryMiB, function: executor }] of executors.entries()) {
    attach(scope, `Executor${memoryMiB}Policy`, executor.role!, statements.executors[i]!);
  }
}

/** A policy of its own beside the role: the scheduler names itself in it, which the function must not wait for. */
function attach(scope: Construct, id: string, role: IRole, statements: readonly RoleStatement[]): void {
  new Policy(scope, id, { roles: [role], statements: statements.map(policyStatement) });
}

function policyStatement({ actions, resources, conditions }: RoleStatement): PolicyStatement {
  return new PolicyStatement({
    actions: [...actions],
    resources: [...resources],
    ...(conditions && { conditions: { ...conditions } }),
  });
}

function dataAccess(scope: Construct, { bucket, prefix, kmsKey }: DataLocation): DataAccess {
  const bucketArn = Stack.of(scope).formatArn({ service: "s3", region: "", account: "", resource: bucket });
  return { bucketArn, ...(prefix !== undefined && { prefix }), ...(kmsKey && { keyArn: kmsKey.keyArn }) };
}

function glueArns(scope: Construct, databases: readonly string[]): readonly string[] {
  if (databases.length === 0) return [];
  const arn = (resource: string, resourceName?: string) =>
    Stack.of(scope).formatArn({
      service: "glue",
      resource,
      ...(resourceName !== undefined && { resourceName }),
      arnFormat: resourceName === undefined ? ArnFormat.NO_RESOURCE_NAME : ArnFormat.SLASH_RESOURCE_NAME,
    });
  return [arn("catalog"), ...databases.flatMap((name) => [arn("database", name), arn("table", `${name}/*`)])];
}
