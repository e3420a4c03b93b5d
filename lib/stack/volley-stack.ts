import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { readOptions } from "./options.ts";
import type { VolleyClusterProps } from "./props.ts";
import { VolleyCluster } from "./volley-cluster.ts";

export interface VolleyStackProps extends StackProps {
  /** Default: what context and environment say; see options.ts. */
  readonly cluster?: VolleyClusterProps;
}

/** One cluster, and the names that whoever uses it needs. */
export class VolleyStack extends Stack {
  readonly cluster: VolleyCluster;

  constructor(scope: Construct, id: string, { cluster, ...props }: VolleyStackProps = {}) {
    super(scope, id, { description: "Volley: SQL over object storage", ...props });
    this.cluster = new VolleyCluster(this, "Cluster", cluster ?? readOptions(this));
    const { url, bucket, table, functions } = this.cluster;
    this.#output("Url", url, "Of the API");
    this.#output("BucketName", bucket.bucketName, "Shuffle data and results");
    this.#output("TableName", table.tableName, "Records of queries, and registered tables");
    this.#output("SchedulerName", functions.scheduler.function.functionName, "The scheduler function");
  }

  #output(id: string, value: string, description: string): void {
    new CfnOutput(this, id, { value, description });
  }
}
