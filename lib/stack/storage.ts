/** Where a cluster keeps things: objects of queries in a bucket, records of queries and tables in a table. */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, HttpMethods, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { VolleyClusterProps } from "./props.ts";

export function makeBucket(scope: Construct, props: VolleyClusterProps, key: IKey | undefined): Bucket {
  const days = props.shuffleDays ?? 1;
  if (!Number.isInteger(days) || days < 1)
    throw new RangeError(`shuffleDays must be a whole number of days, not ${days}`);
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.DESTROY;
  return new Bucket(scope, "Bucket", {
    encryption: key === undefined ? BucketEncryption.S3_MANAGED : BucketEncryption.KMS,
    encryptionKey: key,
    // One data key for many objects: without it every shuffle object would be a request to KMS.
    bucketKeyEnabled: key !== undefined,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: false,
    lifecycleRules: [
      { id: "queries", expiration: Duration.days(days), abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
    // Browsers follow links to results.
    cors: props.corsOrigins?.length
      ? [{ allowedMethods: [HttpMethods.GET, HttpMethods.HEAD], allowedOrigins: [...props.corsOrigins], maxAge: 3600 }]
      : undefined,
    removalPolicy,
    autoDeleteObjects: false,
  });
}

export function makeTable(scope: Construct, props: VolleyClusterProps, key: IKey | undefined): Table {
  return new Table(scope, "Table", {
    partitionKey: { name: "pk", type: AttributeType.STRING },
    sortKey: { name: "sk", type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: "ttl",
    encryption: key === undefined ? TableEncryption.DEFAULT : TableEncryption.CUSTOMER_MANAGED,
    encryptionKey: key,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: props.pointInTimeRecovery ?? false },
    deletionProtection: props.removalPolicy === RemovalPolicy.RETAIN,
    removalPolicy: props.removalPolicy ?? RemovalPolicy.DESTROY,
  });
}
