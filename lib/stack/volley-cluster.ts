import { Aws } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { acknowledgeFindings } from "./acknowledge-findings.ts";
import { checkProps } from "./check-props.ts";
import { makeEncryptionKey } from "./encryption.ts";
import { type Endpoint, makeEndpoint } from "./endpoint.ts";
import { type ClusterFunctions, makeFunctions } from "./functions.ts";
import { addMonitoring } from "./monitoring.ts";
import { grantPermissions } from "./permissions.ts";
import type { VolleyClusterProps } from "./props.ts";
import { makeBucket, makeTable } from "./storage.ts";

/**
 * Everything that answers queries in one account and region: a bucket for shuffle data and results, a table for records
 * of queries and registered tables, functions (api, scheduler, executors by memory), an endpoint, logs, alarms and a
 * dashboard. Nothing of it runs, or costs, while there are no queries, save the bytes it keeps, its alarms and its
 * dashboard.
 */
export class VolleyCluster extends Construct {
  readonly bucket: Bucket;
  readonly table: Table;
  readonly functions: ClusterFunctions;
  readonly alarms: readonly Alarm[];
  /** Undefined when the services' own keys encrypt. */
  readonly key: IKey | undefined;
  readonly #endpoint: Endpoint;

  /** @throws Error for options that contradict each other */
  constructor(scope: Construct, id: string, props: VolleyClusterProps = {}) {
    super(scope, id);
    checkProps(props);
    this.key = makeEncryptionKey(this, props.encryption);
    this.bucket = makeBucket(this, props, this.key);
    this.table = makeTable(this, props, this.key);
    const context = { props, bucket: this.bucket, table: this.table, key: this.key };
    this.functions = makeFunctions(this, context);
    grantPermissions(this, context, this.functions);
    this.#endpoint = makeEndpoint(this, this.functions.api.function, props, this.key);
    this.alarms = addMonitoring(
      this,
      { functions: this.functions, table: this.table, endpoint: this.#endpoint },
      props,
    );
    acknowledgeFindings(this, this, props);
  }

  /** Of the API; ends with a slash. */
  get url(): string {
    return this.#endpoint.url;
  }

  /** Lets somebody send queries, with requests signed by their credentials. */
  grantQuery(grantee: IGrantable): Grant {
    const { httpApi } = this.#endpoint;
    if (!httpApi) return this.functions.api.function.grantInvokeUrl(grantee);
    const resource = `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${httpApi.apiId}/*/*`;
    return Grant.addToPrincipal({ grantee, actions: ["execute-api:Invoke"], resourceArns: [resource] });
  }
}
