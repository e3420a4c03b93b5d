/**
 * Findings of cdk-nag's AwsSolutions pack that stand, each with its reason. Everything else it finds is a mistake. No
 * reason covers `auth: "none"`: who asks for that is told so.
 */
import { type CfnElement, Stack, Validations } from "aws-cdk-lib";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { Policy } from "aws-cdk-lib/aws-iam";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { VolleyClusterProps } from "./props.ts";
import { queryPrefix } from "./role-statements.ts";

interface Parts {
  readonly bucket: Bucket;
  readonly table: Table;
}

export function acknowledgeFindings(cluster: Construct, { bucket, table }: Parts, props: VolleyClusterProps): void {
  acknowledge(
    bucket,
    "AwsSolutions-S1",
    "Shuffle data is written and read by this cluster's functions only, millions of times, and gone within a day: access logs would be larger and live longer. CloudTrail data events record who reads results, where that matters.",
  );
  if (!props.pointInTimeRecovery) {
    acknowledge(
      table,
      "AwsSolutions-DDB3",
      "Records of queries expire within days; what a restore could save, the names of registered tables, is a choice: pointInTimeRecovery.",
    );
  }
  if (typeof props.auth === "object" && "tokens" in props.auth) {
    acknowledge(
      cluster,
      "AwsSolutions-APIG4",
      "The option `auth` gives tokens that the function itself checks, for clients that can neither sign nor get a JWT.",
    );
  }
  const { data = [], glueDatabases = [] } = props;
  const bucketId = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnElement);
  const wildcards = new Map([
    [`<${bucketId}.Arn>/${queryPrefix}*`, "Objects of queries: their names are made while queries run."],
    [
      `<${bucketId}.Arn>/${queryPrefix}*/segments/*`,
      "Parts of answers for Trino clients: their names are made while queries run.",
    ],
    ...data.map(
      (location) =>
        [
          `arn:<AWS::Partition>:s3:::${location.bucket}/${location.prefix ?? ""}*`,
          "Data that queries may read, as named in the option `data`: its files come and go.",
        ] as const,
    ),
    ...glueDatabases.map(
      (name) =>
        [
          `arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>:table/${name}/*`,
          "Tables of a database named in the option `glueDatabases`: they come and go.",
        ] as const,
    ),
  ]);
  for (const policy of cluster.node.findAll().filter((each) => each instanceof Policy)) {
    for (const [resource, reason] of wildcards) {
      acknowledge(policy, `AwsSolutions-IAM5[Resource::${resource}]`, reason);
    }
  }
}

function acknowledge(construct: Construct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}
