/** cdk-nag's AwsSolutions pack finds nothing but what lib/stack/acknowledge-findings.ts gives a reason for. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Validations } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks } from "cdk-nag";
import type { VolleyClusterProps } from "../../lib/stack/props.ts";
import { type Made, makeCluster } from "./clusters.ts";

function findings({ app }: Made): string[] {
  const { violations } = new AwsSolutionsChecks().validateScope(app);
  return violations.map(({ ruleName }) => ruleName).sort();
}

const clusters: Record<string, VolleyClusterProps> = {
  "by default": { alarms: true, dashboard: true },
  "with data, Glue, keys and a Function URL": {
    data: [{ bucket: "lake", prefix: "sales/" }, { bucket: "open-data" }],
    glueDatabases: ["lake"],
    encryption: "kms",
    endpoint: "function-url",
    pointInTimeRecovery: true,
  },
  "with a JWT": { auth: { issuer: "https://login.example", audience: ["volley"] } },
  "with CORS": { corsOrigins: ["https://app.example"] },
  "with tokens": { auth: { tokens: [{ tenant: "team", sha256: "0".repeat(64) }] } },
};

describe("cdk-nag", () => {
  for (const [name, props] of Object.entries(clusters)) {
    it(`finds nothing in a cluster ${name}`, () => assert.deepEqual(findings(makeCluster(props)), []));
  }

  it("finds an API that is open to all: no reason covers that", () => {
    assert.deepEqual(findings(makeCluster({ auth: "none", corsOrigins: ["https://app.example"] })), [
      "AwsSolutions-APIG4",
    ]);
  });

  it("finds a permission that nobody gave a reason for", () => {
    const made = makeCluster();
    const wide = new PolicyStatement({ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::elsewhere/*"] });
    made.cluster.functions.executors[0]!.function.addToRolePolicy(wide);
    assert.deepEqual(findings(made), ["AwsSolutions-IAM5[Resource::arn:aws:s3:::elsewhere/*]"]);
  });

  it("reasons are sentences, and each is about one finding", () => {
    const { cluster } = makeCluster(clusters["with data, Glue, keys and a Function URL"]);
    const given = cluster.node
      .findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY);
    assert.ok(given.length > 0);
    for (const { data } of given) {
      const text = JSON.stringify(data);
      assert.match(text, /AwsSolutions-(S1|IAM5\[Resource::[^\]]+\])/);
      assert.match(text, /\w{3,}( [^"]+){5,}\./);
    }
  });
});
