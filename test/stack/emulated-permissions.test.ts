/** The development cloud allows each role what the deployed policies do, no less and no more. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { accountNames } from "../../lib/dev/emulated-cloud.ts";
import { accountId, arns, region, rolePermissions } from "../../lib/dev/permissions.ts";
import { allows } from "../../lib/dev/policy.ts";
import { makeCluster, permissionsOf, type Statement, type Template } from "./clusters.ts";

const data = ["lake", "open"];
const glueDatabases = ["sales"];
const executors = [1769, 3538];

/** Each action with what it may be done to, as text. */
function described(statements: readonly Pick<Statement, "Action" | "Resource" | "Condition">[]) {
  const lines = statements.flatMap(({ Action, Resource, Condition }) =>
    [Action]
      .flat()
      .flatMap((action) =>
        [Resource]
          .flat()
          .map((resource) => `${action} ${resource}${Condition ? ` if ${JSON.stringify(Condition)}` : ""}`),
      ),
  );
  return lines.sort();
}

/** A deployed role's policy, with the emulated account's names in it. Logs are no part of the emulation. */
function deployed(template: Template, kind: string) {
  const names: Record<string, string> = {
    "{Table}": arns.table(accountNames.table),
    "{Bucket}": arns.bucket(accountNames.bucket),
    "{Scheduler}": arns.function(accountNames.schedulerFunction),
    "{Executor1769}": arns.function(accountNames.executorFunctions[0]),
    "{Executor3538}": arns.function(accountNames.executorFunctions[1]),
    "{AWS::Partition}": "aws",
    "{AWS::Region}": region,
    "{AWS::AccountId}": accountId,
  };
  return Object.entries(permissionsOf(template, kind))
    .filter(([action]) => !action.startsWith("logs:"))
    .flatMap(([action, resources]) => resources.map((resource) => `${action} ${resource}`))
    .map((line) => line.replace(/\{[^{}"]+\}/g, (name) => names[name] ?? assert.fail(`unknown ${name} in ${line}`)))
    .sort();
}

describe("the development cloud's roles", () => {
  const { template } = makeCluster({
    data: data.map((bucket) => ({ bucket })),
    glueDatabases,
    executorMemoryMiB: executors,
  });
  const emulated = rolePermissions(accountNames, data, glueDatabases);
  for (const [role, kind] of [
    ["api", "Api"],
    ["scheduler", "Scheduler"],
    ["executor-small", "Executor1769"],
    ["executor-large", "Executor3538"],
  ] as const) {
    it(`${role} may do what ${kind} may`, () => {
      const statements = emulated[role].map(({ actions, resources, conditions }) => {
        return { Action: actions, Resource: resources, Condition: conditions };
      });
      assert.deepEqual(described(statements), deployed(template, kind));
    });
  }
});

describe("policies", () => {
  const { table, executorFunctions, bucket } = accountNames;
  const roles = rolePermissions(accountNames, data, glueDatabases);
  const put = (key: string) => ({
    action: "dynamodb:PutItem",
    resource: arns.table(table),
    context: { "dynamodb:LeadingKeys": [key] },
  });

  it("executors write outcomes of tasks, and neither queries' records nor the catalog nor another tenant's list", () => {
    assert.ok(allows(roles["executor-small"], put("Q#1#S#0.0#0")));
    for (const key of ["Q#1", "CATALOG", "TENANT#a", "IDEM#a#k"]) {
      assert.ok(!allows(roles["executor-small"], put(key)), key);
    }
    const get = { ...put("CATALOG"), action: "dynamodb:GetItem" };
    assert.ok(!allows(roles["executor-small"], get));
    const update = (...attributes: string[]) => {
      const { context, ...asked } = { ...put("Q#1"), action: "dynamodb:UpdateItem" };
      return allows(roles["executor-small"], { ...asked, context: { ...context, "dynamodb:Attributes": attributes } });
    };
    assert.deepEqual([update("pk", "sk", "strays"), update("pk", "sk", "progress")], [true, false]);
    for (const action of ["Scan", "Query", "DeleteItem"]) {
      assert.ok(!allows(roles["executor-small"], { ...put("Q#1#S#0.0#0"), action: `dynamodb:${action}` }), action);
    }
  });

  it("executors read given buckets only, and write below q/ only", () => {
    const object = (action: string, name: string) =>
      allows(roles["executor-large"], { action, resource: arns.bucket(name) });
    assert.ok(object("s3:GetObject", "lake/a.parquet"));
    assert.ok(object("s3:PutObject", `${bucket}/q/1/s0`));
    assert.ok(!object("s3:GetObject", "elsewhere/a.parquet"));
    assert.ok(!object("s3:PutObject", "lake/q/1"));
    assert.ok(!object("s3:PutObject", `${bucket}/other`));
    assert.ok(!object("s3:DeleteObject", `${bucket}/q/1/s0`));
    assert.ok(!object("s3:ListBucket", "lake"));
  });

  it("executors start those of their own size, the api function the scheduler", () => {
    const invoke = (role: keyof typeof roles, name: string) =>
      allows(roles[role], { action: "lambda:InvokeFunction", resource: arns.function(name) });
    const [small, large] = executorFunctions;
    assert.deepEqual([invoke("executor-small", small), invoke("executor-small", large)], [true, false]);
    assert.deepEqual([invoke("executor-large", small), invoke("executor-large", large)], [false, true]);
    assert.deepEqual([invoke("api", accountNames.schedulerFunction), invoke("api", small)], [true, false]);
  });

  it("conditions: patterns, all values, and what is not there", () => {
    const listing = (prefixes?: readonly string[]) => {
      const statement = {
        actions: ["s3:ListBucket"],
        resources: ["*"],
        conditions: { StringLike: { "s3:prefix": ["a/*"] } },
      };
      const context = prefixes && { context: { "s3:prefix": prefixes } };
      return allows([statement], { action: "s3:ListBucket", resource: "arn:aws:s3:::lake", ...context });
    };
    assert.deepEqual([listing(["a/b"]), listing(["b/a/"]), listing()], [true, false, false]);
    const unknown = { actions: ["*"], resources: ["*"], conditions: { NumericLessThan: { x: ["1"] } } };
    assert.throws(() => allows([unknown], { action: "s3:GetObject", resource: "x" }), /not emulated/);
  });
});
