/** Options as text: from the context and from the environment. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { App, RemovalPolicy, Stack } from "aws-cdk-lib";
import { environmentName, optionNames, readOptions } from "../../lib/stack/options.ts";

function read(context: Record<string, unknown> = {}, environment: Record<string, string> = {}) {
  const prefixed = Object.fromEntries(Object.entries(context).map(([name, value]) => [`volley:${name}`, value]));
  return readOptions(new Stack(new App({ context: prefixed }), "Volley"), environment);
}

describe("options of a deployment", () => {
  it("nothing given: the construct's defaults", () => {
    assert.deepEqual(read(), { concurrency: { api: undefined, scheduler: undefined, executor: undefined } });
  });

  it("all of them", () => {
    const options = read({
      data: "lake/sales/, s3://open-data ,other/",
      glueDatabases: ["a", "b"],
      executorMemoryMiB: "1769,3538",
      schedulerMemoryMiB: 512,
      apiMemoryMiB: "256",
      executorScratchMiB: "1024",
      executorTimeoutSeconds: "60",
      inlineBytesMax: "1e6",
      sizing: "taskBytesMax=1000000, partitionRowsMax=500000",
      attemptsMax: "10",
      maxBytes: "1e12",
      maxCost: "2.5",
      apiConcurrency: "1",
      schedulerConcurrency: "2",
      executorConcurrency: "3",
      endpoint: "function-url",
      throttleRate: "10",
      throttleBurst: "20",
      corsOrigins: "https://a.example,https://b.example",
      encryption: "kms",
      shuffleDays: "2",
      pointInTimeRecovery: "true",
      removalPolicy: "retain",
      logRetentionDays: "7",
      logLevel: "DEBUG",
      tracing: true,
      alarms: "false",
      dashboard: "false",
      functionsDirectory: "/bundles",
    });
    const { executorTimeout, ...rest } = options;
    assert.equal(executorTimeout!.toSeconds(), 60);
    assert.deepEqual(rest, {
      data: [{ bucket: "lake", prefix: "sales/" }, { bucket: "open-data" }, { bucket: "other" }],
      glueDatabases: ["a", "b"],
      executorMemoryMiB: [1769, 3538],
      schedulerMemoryMiB: 512,
      apiMemoryMiB: 256,
      executorScratchMiB: 1024,
      inlineBytesMax: 1e6,
      sizing: { taskBytesMax: 1_000_000, partitionRowsMax: 500_000 },
      attemptsMax: 10,
      maxBytes: 1e12,
      maxCost: 2.5,
      concurrency: { api: 1, scheduler: 2, executor: 3 },
      endpoint: "function-url",
      throttle: { rate: 10, burst: 20 },
      corsOrigins: ["https://a.example", "https://b.example"],
      encryption: "kms",
      shuffleDays: 2,
      pointInTimeRecovery: true,
      removalPolicy: RemovalPolicy.RETAIN,
      logRetention: 7,
      logLevel: "DEBUG",
      tracing: true,
      alarms: false,
      dashboard: false,
      functionsDirectory: "/bundles",
    });
  });

  it("none of a query inside the scheduler; sizing as an object of cdk.json", () => {
    assert.equal(read({ inlineBytesMax: "0" }).inlineBytesMax, 0);
    assert.deepEqual(read({ sizing: { taskBytesMax: 5 } }).sizing, { taskBytesMax: 5 });
  });

  it("the environment has them too; the context wins", () => {
    assert.equal(environmentName("executorMemoryMiB"), "VOLLEY_EXECUTOR_MEMORY_MIB");
    assert.equal(environmentName("auth"), "VOLLEY_AUTH");
    assert.equal(new Set(optionNames.map(environmentName)).size, optionNames.length);
    const environment = { VOLLEY_AUTH: "none", VOLLEY_LOG_LEVEL: "WARN" };
    assert.equal(read({}, environment).auth, "none");
    assert.equal(read({ auth: "iam" }, environment).auth, "iam");
    assert.equal(read({ auth: "iam" }, environment).logLevel, "WARN");
  });

  it("who may call", () => {
    const jwt = { auth: "jwt", jwtIssuer: "https://login.example", jwtAudience: "a,b" };
    assert.deepEqual(read(jwt).auth, { issuer: "https://login.example", audience: ["a", "b"] });
    assert.deepEqual(read({ ...jwt, tenantClaim: "org" }).auth, {
      issuer: "https://login.example",
      audience: ["a", "b"],
      tenantClaim: "org",
    });
    assert.deepEqual(read({ auth: "tokens", tokens: "a:12,b:34" }).auth, {
      tokens: [
        { tenant: "a", sha256: "12" },
        { tenant: "b", sha256: "34" },
      ],
    });
    for (const [wrong, message] of [
      [{ auth: "jwt" }, /needs jwtIssuer/],
      [{ jwtIssuer: "https://login.example" }, /needs auth=jwt/],
      [{ auth: "none", tokens: "a:12" }, /needs auth=tokens/],
      [{ auth: "None" }, /volley:auth is iam or jwt or tokens or none/],
    ] as const) {
      assert.throws(() => read(wrong), message);
    }
  });

  it("mistakes are told, not passed over", () => {
    for (const [wrong, message] of [
      [{ autth: "iam" }, /unknown option volley:autth/],
      [{ maxCost: "much" }, /volley:maxCost is a number above zero, not "much"/],
      [{ apiConcurrency: "0" }, /above zero/],
      [{ executorMemoryMiB: "1769," }, /above zero/],
      [{ data: "Lake" }, /volley:data is a bucket/],
      [{ tracing: "yes" }, /true or false/],
      [{ logRetentionDays: "8" }, /CloudWatch Logs knows/],
      [{ throttleRate: "8" }, /need each other/],
      [{ encryption: "none" }, /s3 or kms/],
      [{ inlineBytesMax: "-1" }, /volley:inlineBytesMax is a number from 0 on, not "-1"/],
      [{ maxBytes: "Infinity" }, /above zero/],
    ] as const) {
      assert.throws(() => read(wrong), message);
    }
  });

  it("keys and topics by ARN", () => {
    const key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const topic = "arn:aws:sns:eu-west-1:123456789012:alarms";
    const { encryption, alarmTopic } = read({ encryption: key, alarmTopicArn: topic });
    assert.equal(typeof encryption === "object" && encryption.keyArn, key);
    assert.equal(alarmTopic?.topicArn, topic);
  });
});
