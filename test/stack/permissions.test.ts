/** What each role may do, in full: a new permission is a change to this file. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Key } from "aws-cdk-lib/aws-kms";
import { makeCluster, permissionsOf } from "./clusters.ts";

const data = [{ bucket: "lake", prefix: "sales/" }, { bucket: "open" }];
const sales = "arn:{AWS::Partition}:s3:::lake/sales/*";
const open = "arn:{AWS::Partition}:s3:::open/*";

describe("permissions", () => {
  it("the api function reads and writes records, reads objects of queries, keeps segments, starts the scheduler, and no more", () => {
    const { template } = makeCluster({ data });
    assert.deepEqual(permissionsOf(template, "Api"), {
      "dynamodb:BatchGetItem": ["{Table}"],
      "dynamodb:PutItem": ["{Table}"],
      "dynamodb:Query": ["{Table}"],
      "dynamodb:UpdateItem": ["{Table}"],
      "lambda:InvokeFunction": ["{Scheduler}"],
      "logs:CreateLogStream": ["{ApiLogs}"],
      "logs:PutLogEvents": ["{ApiLogs}"],
      "s3:AbortMultipartUpload": ["{Bucket}/q/*/segments/*"],
      "s3:DeleteObject": ["{Bucket}/q/*/segments/*"],
      "s3:GetObject": ["{Bucket}/q/*"],
      "s3:ListBucket": ["{Bucket}"],
      "s3:PutObject": ["{Bucket}/q/*/segments/*"],
    });
  });

  it("the scheduler lists and reads given data, keeps records, starts executors and its successor", () => {
    const { template } = makeCluster({ data, executorMemoryMiB: [2048, 512] });
    assert.deepEqual(permissionsOf(template, "Scheduler"), {
      "dynamodb:DeleteItem": ["{Table}"],
      "dynamodb:GetItem": ["{Table}"],
      "dynamodb:PutItem": ["{Table}"],
      "dynamodb:Query": ["{Table}"],
      "dynamodb:UpdateItem": ["{Table}"],
      "lambda:InvokeFunction": ["{Executor512}", "{Executor2048}", "{Scheduler}"],
      "logs:CreateLogStream": ["{SchedulerLogs}"],
      "logs:PutLogEvents": ["{SchedulerLogs}"],
      "s3:AbortMultipartUpload": ["{Bucket}/q/*"],
      "s3:GetObject": ["{Bucket}/q/*", sales, open],
      "s3:ListBucket": [
        "{Bucket}",
        'arn:{AWS::Partition}:s3:::lake if {"StringLike":{"s3:prefix":["sales/*"]}}',
        "arn:{AWS::Partition}:s3:::open",
      ],
      "s3:PutObject": ["{Bucket}/q/*"],
    });
  });

  it("executors read given data, read and write objects of queries, and write outcomes of tasks", () => {
    const { template } = makeCluster({ data });
    for (const kind of ["Executor1769", "Executor3538", "Executor8845"]) {
      const ofQueries = '{Table} if {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["Q#*"]}}';
      const lateUse =
        '{Table} if {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["Q#*"]},"ForAllValues:StringEquals":{"dynamodb:Attributes":["pk","sk","strays"]}}';
      const ofTasks = '{Table} if {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["Q#*#S#*"]}}';
      assert.deepEqual(permissionsOf(template, kind), {
        "dynamodb:GetItem": [ofQueries],
        "dynamodb:PutItem": [ofTasks],
        "dynamodb:UpdateItem": [lateUse],
        "lambda:InvokeFunction": [`{${kind}}`],
        "logs:CreateLogStream": [`{${kind}Logs}`],
        "logs:PutLogEvents": [`{${kind}Logs}`],
        "s3:AbortMultipartUpload": ["{Bucket}/q/*"],
        "s3:GetObject": ["{Bucket}/q/*", sales, open],
        "s3:ListBucket": ["{Bucket}"],
        "s3:PutObject": ["{Bucket}/q/*"],
      });
    }
  });

  it("without data nothing but the cluster's own bucket can be read", () => {
    const { template } = makeCluster();
    for (const kind of ["Api", "Scheduler", "Executor1769"]) {
      assert.deepEqual(permissionsOf(template, kind)["s3:GetObject"], ["{Bucket}/q/*"]);
      assert.deepEqual(permissionsOf(template, kind)["s3:ListBucket"], ["{Bucket}"]);
    }
  });

  it("api and scheduler list given databases of the Glue Data Catalog", () => {
    const { template } = makeCluster({ data, glueDatabases: ["lake"] });
    const glue = "arn:{AWS::Partition}:glue:{AWS::Region}:{AWS::AccountId}";
    const resources = [`${glue}:catalog`, `${glue}:database/lake`, `${glue}:table/lake/*`];
    const glueActions = (kind: string) =>
      Object.entries(permissionsOf(template, kind)).filter(([action]) => action.startsWith("glue:"));
    for (const kind of ["Api", "Scheduler"]) assert.deepEqual(glueActions(kind), [["glue:GetTables", resources]]);
    assert.deepEqual(glueActions("Executor1769"), []);
  });

  it("keys: the cluster's own for all functions, those of data for who reads data", () => {
    const { template } = makeCluster((stack) => ({
      encryption: "kms",
      data: [
        {
          bucket: "lake",
          kmsKey: Key.fromKeyArn(
            stack,
            "Lake",
            "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
          ),
        },
      ],
    }));
    const lake = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const viaTable =
      '{Key} if {"StringEquals":{"kms:ViaService":{"Fn::Join":["",["dynamodb.",{"Ref":"AWS::Region"},".amazonaws.com"]]}}}';
    const may = (kind: string, action: string) => permissionsOf(template, kind)[`kms:${action}`]?.toSorted();
    assert.deepEqual(may("Api", "Decrypt"), ["{Key}", viaTable]);
    assert.deepEqual(may("Api", "GenerateDataKey"), ["{Key}", viaTable]);
    for (const kind of ["Scheduler", "Executor1769"]) {
      assert.deepEqual(may(kind, "Decrypt"), [lake, "{Key}", viaTable]);
      assert.deepEqual(may(kind, "GenerateDataKey"), ["{Key}", viaTable]);
      assert.deepEqual(may(kind, "Encrypt"), [viaTable]);
    }
  });

  it("no role is assumed by anything but Lambda, nor has a managed policy", () => {
    const { template } = makeCluster({ data, encryption: "kms", tracing: false });
    for (const { Properties } of Object.values(template.findResources("AWS::IAM::Role"))) {
      assert.equal(Properties.ManagedPolicyArns, undefined);
      const [statement, ...others] = Properties.AssumeRolePolicyDocument.Statement;
      assert.deepEqual(statement.Principal, { Service: "lambda.amazonaws.com" });
      assert.deepEqual(others, []);
    }
  });
});
