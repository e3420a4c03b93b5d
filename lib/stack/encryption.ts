import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import type { VolleyClusterProps } from "./props.ts";

/** The key of bucket, table and logs; undefined when the services' own keys do. */
export function makeEncryptionKey(scope: Construct, encryption: VolleyClusterProps["encryption"]): IKey | undefined {
  if (encryption === undefined || encryption === "s3") return undefined;
  if (encryption !== "kms") return encryption;
  const key = new Key(scope, "Key", {
    description: "Volley: shuffle data, results, query records and logs",
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const { region, partition, account } = Stack.of(scope);
  // Log groups of this account only: without the condition the service could be made to use the key for anybody's.
  key.grant(
    new ServicePrincipal(`logs.${region}.amazonaws.com`, {
      conditions: {
        ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:*` },
      },
    }),
    "kms:Encrypt*",
    "kms:Decrypt*",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:Describe*",
  );
  return key;
}
