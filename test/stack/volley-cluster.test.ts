/** What each part of the cluster is deployed with, by default and by option. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Duration, RemovalPolicy, type Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Topic } from "aws-cdk-lib/aws-sns";
import { optionNames } from "../../lib/stack/options.ts";
import type { VolleyClusterProps } from "../../lib/stack/props.ts";
import { functionsDirectory, Match, makeCluster, plainText, type Template } from "./clusters.ts";

const standard = makeCluster();

function only(template: Template, type: string): ReturnType<Template["findResources"]>[string] {
  const [found, ...others] = Object.values(template.findResources(type));
  assert.equal(others.length, 0, `more than one ${type}`);
  return found!;
}

function functionsOf(template: Template): Record<string, Record<string, unknown>> {
  const found = Object.entries(template.findResources("AWS::Lambda::Function"));
  return Object.fromEntries(found.map(([id, { Properties }]) => [plainText({ Ref: id }).slice(1, -1), Properties]));
}

function variablesOf(template: Template, name: string): Record<string, unknown> {
  return (functionsOf(template)[name]!.Environment as { Variables: Record<string, unknown> }).Variables;
}

describe("the bucket", () => {
  const { template } = standard;

  it("is private: no public access, no ACLs, keys of S3", () => {
    template.hasResourceProperties("AWS::S3::Bucket", {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
      },
      VersioningConfiguration: Match.absent(),
      CorsConfiguration: Match.absent(),
    });
  });

  it("refuses requests without TLS 1.2, and allows nobody anything", () => {
    const { PolicyDocument } = only(template, "AWS::S3::BucketPolicy").Properties as {
      PolicyDocument: { Statement: Record<string, unknown>[] };
    };
    const statements = PolicyDocument.Statement.map(({ Effect, Action, Condition }) => ({ Effect, Action, Condition }));
    assert.deepEqual(statements, [
      { Effect: "Deny", Action: "s3:*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
      { Effect: "Deny", Action: "s3:*", Condition: { NumericLessThan: { "s3:TlsVersion": 1.2 } } },
    ]);
  });

  it("forgets everything, also what was never completed, after a day", () => {
    template.hasResourceProperties("AWS::S3::Bucket", {
      LifecycleConfiguration: {
        Rules: [{ Status: "Enabled", ExpirationInDays: 1, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }],
      },
    });
    makeCluster({ shuffleDays: 3 }).template.hasResourceProperties("AWS::S3::Bucket", {
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 3 }] },
    });
    for (const shuffleDays of [0, 0.5, -1]) assert.throws(() => makeCluster({ shuffleDays }), /whole number of days/);
  });

  it("goes with the stack unless it is to stay", () => {
    assert.equal(only(template, "AWS::S3::Bucket").DeletionPolicy, "Delete");
    const kept = makeCluster({ removalPolicy: RemovalPolicy.RETAIN }).template;
    assert.equal(only(kept, "AWS::S3::Bucket").DeletionPolicy, "Retain");
    assert.equal(only(kept, "AWS::DynamoDB::Table").DeletionPolicy, "Retain");
    kept.hasResourceProperties("AWS::DynamoDB::Table", { DeletionProtectionEnabled: true });
  });
});

describe("the table", () => {
  it("has string keys, a time to live, and is billed by request", () => {
    standard.template.hasResourceProperties("AWS::DynamoDB::Table", {
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      BillingMode: "PAY_PER_REQUEST",
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
      GlobalSecondaryIndexes: Match.absent(),
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
    });
    makeCluster({ pointInTimeRecovery: true }).template.hasResourceProperties("AWS::DynamoDB::Table", {
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });
});

describe("encryption", () => {
  it("by default makes no key", () => standard.template.resourceCountIs("AWS::KMS::Key", 0));

  it("kms: one key that rotates, for bucket, table and every log group", () => {
    const { template } = makeCluster({ encryption: "kms" });
    template.hasResourceProperties("AWS::KMS::Key", { EnableKeyRotation: true });
    const key = { "Fn::GetAtt": [Object.keys(template.findResources("AWS::KMS::Key"))[0], "Arn"] };
    const byDefault = { ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: key } };
    template.hasResourceProperties("AWS::S3::Bucket", {
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ...byDefault, BucketKeyEnabled: true }] },
    });
    template.hasResourceProperties("AWS::DynamoDB::Table", {
      SSESpecification: { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: key },
    });
    template.allResourcesProperties("AWS::Logs::LogGroup", { KmsKeyId: key });
  });

  it("kms: CloudWatch Logs may use the key for log groups of this account only", () => {
    const { KeyPolicy } = only(makeCluster({ encryption: "kms" }).template, "AWS::KMS::Key").Properties as {
      KeyPolicy: { Statement: { Principal: { Service?: unknown }; Condition?: Record<string, unknown> }[] };
    };
    const [logs] = KeyPolicy.Statement.filter(({ Principal }) => Principal.Service !== undefined);
    assert.deepEqual(Object.keys(logs!.Condition!), ["ArnLike"]);
    assert.match(JSON.stringify(logs!.Condition), /kms:EncryptionContext:aws:logs:arn/);
    assert.match(JSON.stringify(logs!.Condition), /AWS::AccountId/);
  });

  it("a given key is used as it is", () => {
    const arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const { template, cluster } = makeCluster((stack) => ({ encryption: Key.fromKeyArn(stack, "Own", arn) }));
    template.resourceCountIs("AWS::KMS::Key", 0);
    template.hasResourceProperties("AWS::DynamoDB::Table", { SSESpecification: { KMSMasterKeyId: arn } });
    assert.equal(cluster.key?.keyArn, arn);
  });
});

describe("functions", () => {
  const { template } = standard;

  it("are arm64, nodejs24.x, and log JSON into groups of their own that end", () => {
    const functions = functionsOf(template);
    assert.deepEqual(Object.keys(functions).sort(), [
      "Api",
      "Executor1769",
      "Executor3538",
      "Executor8845",
      "Scheduler",
    ]);
    template.allResourcesProperties("AWS::Lambda::Function", {
      Architectures: ["arm64"],
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      LoggingConfig: { LogFormat: "JSON", LogGroup: Match.anyValue() },
    });
    const groups = Object.values(functions).map(({ LoggingConfig }) => JSON.stringify(LoggingConfig));
    assert.equal(new Set(groups).size, 5);
    template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
    makeCluster({ logRetention: RetentionDays.ONE_WEEK }).template.allResourcesProperties("AWS::Logs::LogGroup", {
      RetentionInDays: 7,
    });
  });

  it("executors: one of each memory, smallest first, with room to spill", () => {
    for (const memory of [1769, 3538, 8845]) {
      const properties = functionsOf(template)[`Executor${memory}`]!;
      assert.equal(properties.MemorySize, memory);
      assert.equal(properties.Timeout, 900);
      assert.deepEqual(properties.EphemeralStorage, { Size: 4096 });
    }
    const text = plainText(variablesOf(template, "Scheduler").VOLLEY_EXECUTOR_FUNCTIONS);
    assert.equal(text, "1769={Executor1769},3538={Executor3538},8845={Executor8845}");
    const options = { executorMemoryMiB: [4096, 1024], executorScratchMiB: 512, executorTimeout: Duration.minutes(5) };
    const other = makeCluster(options).template;
    assert.equal(
      plainText(variablesOf(other, "Scheduler").VOLLEY_EXECUTOR_FUNCTIONS),
      "1024={Executor1024},4096={Executor4096}",
    );
    assert.equal(variablesOf(other, "Scheduler").VOLLEY_EXECUTOR_TIMEOUT_S, "300");
    assert.equal(functionsOf(other).Executor1024!.Timeout, 300);
    assert.deepEqual(functionsOf(other).Executor4096!.EphemeralStorage, { Size: 512 });
  });

  it("sizes that Lambda does not have are refused", () => {
    const wrong: VolleyClusterProps[] = [
      { executorMemoryMiB: [] },
      { executorMemoryMiB: [64] },
      { executorMemoryMiB: [20_480] },
      { schedulerMemoryMiB: 0.5 },
      { apiMemoryMiB: 100 },
      { executorTimeout: Duration.minutes(16) },
    ];
    for (const props of wrong) assert.throws(() => makeCluster(props), RangeError);
  });

  it("failed events: executors' are the scheduler's business, a crashed scheduler's start it again", () => {
    const configurations = Object.values(template.findResources("AWS::Lambda::EventInvokeConfig"));
    const retries = configurations.map(({ Properties }) => [
      plainText(Properties.FunctionName),
      Properties.MaximumRetryAttempts,
      Properties.MaximumEventAgeInSeconds,
    ]);
    assert.deepEqual(retries.sort(), [
      ["{Executor1769}", 0, 300],
      ["{Executor3538}", 0, 300],
      ["{Executor8845}", 0, 300],
      ["{Scheduler}", 2, 3600],
    ]);
  });

  it("only the scheduler may invoke itself again and again", () => {
    const loops = Object.entries(functionsOf(template)).map(([name, { RecursiveLoop }]) => [name, RecursiveLoop]);
    assert.deepEqual(
      loops.filter(([, loop]) => loop === "Allow").map(([name]) => name),
      ["Scheduler"],
    );
  });

  it("know bucket, table and limits, and nothing secret", () => {
    const data = [{ bucket: "lake", prefix: "a/" }, { bucket: "lake", prefix: "b/" }, { bucket: "open" }];
    const props = {
      data,
      glueDatabases: ["x", "y"],
      maxBytes: 1e12,
      maxCost: 5,
      attemptsMax: 50,
      inlineBytesMax: 7,
      environment: { STAGE: "test" },
    };
    const limited = makeCluster(props).template;
    for (const name of Object.keys(functionsOf(limited))) {
      const variables = variablesOf(limited, name);
      assert.equal(plainText(variables.VOLLEY_BUCKET), "{Bucket}");
      assert.equal(plainText(variables.VOLLEY_TABLE), "{Table}");
      assert.equal(variables.VOLLEY_DATA_BUCKETS, "lake,open");
      assert.equal(variables.VOLLEY_GLUE_DATABASES, "x,y");
      assert.equal(variables.VOLLEY_MAX_BYTES, "1000000000000");
      assert.equal(variables.VOLLEY_MAX_COST, "5");
      assert.equal(variables.STAGE, "test");
    }
    assert.equal(variablesOf(limited, "Scheduler").VOLLEY_SLOTS, "50");
    assert.equal(variablesOf(limited, "Scheduler").VOLLEY_INLINE_BYTES, "7");
    assert.equal(plainText(variablesOf(limited, "Api").VOLLEY_SCHEDULER_FUNCTION), "{Scheduler}");
    assert.equal(variablesOf(template, "Api").VOLLEY_DATA_BUCKETS, undefined);
  });

  it("reserve concurrency and trace when asked to", () => {
    template.allResourcesProperties("AWS::Lambda::Function", {
      ReservedConcurrentExecutions: Match.absent(),
      TracingConfig: Match.absent(),
    });
    const other = makeCluster({ concurrency: { api: 5, executor: 100 }, tracing: true }).template;
    const reserved = Object.entries(functionsOf(other)).map(([name, each]) => [
      name,
      each.ReservedConcurrentExecutions,
    ]);
    assert.deepEqual(Object.fromEntries(reserved), {
      Api: 5,
      Scheduler: undefined,
      Executor1769: 100,
      Executor3538: 100,
      Executor8845: 100,
    });
    other.allResourcesProperties("AWS::Lambda::Function", { TracingConfig: { Mode: "Active" } });
  });

  it("have bundles, or say which is missing", () => {
    const missing = `${functionsDirectory}/nowhere`;
    assert.throws(() => makeCluster({ functionsDirectory: missing }), /no bundle of the executor function/);
  });
});

describe("the HTTP API", () => {
  it("asks for IAM by default, throttles, and logs who asked but not for what", () => {
    const { template } = standard;
    template.allResourcesProperties("AWS::ApiGatewayV2::Route", { AuthorizationType: "AWS_IAM" });
    template.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
      StageName: "$default",
      DefaultRouteSettings: { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
      AccessLogSettings: { DestinationArn: Match.anyValue() },
    });
    template.hasResourceProperties("AWS::ApiGatewayV2::Api", { CorsConfiguration: Match.absent() });
    template.resourceCountIs("AWS::Lambda::Url", 0);
    assert.equal(variablesOf(template, "Api").VOLLEY_AUTH, "iam");
    assert.equal(functionsOf(template).Api!.Timeout, 29);
  });

  it("can be called by nobody but API Gateway for this API", () => {
    standard.template.allResourcesProperties("AWS::Lambda::Permission", {
      Action: "lambda:InvokeFunction",
      Principal: "apigateway.amazonaws.com",
      SourceArn: Match.anyValue(),
    });
  });

  it("with a JWT: issuer and audience are checked before anything runs", () => {
    const auth = { issuer: "https://login.example", audience: ["volley"], tenantClaim: "org" };
    const { template } = makeCluster({ auth, throttle: { rate: 5, burst: 6 } });
    template.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
      AuthorizerType: "JWT",
      IdentitySource: ["$request.header.Authorization"],
      JwtConfiguration: { Issuer: "https://login.example", Audience: ["volley"] },
    });
    template.allResourcesProperties("AWS::ApiGatewayV2::Route", {
      AuthorizationType: "JWT",
      AuthorizerId: Match.anyValue(),
    });
    template.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
      DefaultRouteSettings: { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6 },
    });
    assert.equal(variablesOf(template, "Api").VOLLEY_AUTH, "jwt");
    assert.equal(variablesOf(template, "Api").VOLLEY_TENANT_CLAIM, "org");
  });

  it("with tokens: their digests go to the function that checks them", () => {
    const sha256 = "a".repeat(64);
    const { template } = makeCluster({ auth: { tokens: [{ tenant: "team", sha256 }] } });
    template.allResourcesProperties("AWS::ApiGatewayV2::Route", { AuthorizationType: "NONE" });
    assert.equal(variablesOf(template, "Api").VOLLEY_AUTH, "tokens");
    assert.equal(variablesOf(template, "Api").VOLLEY_API_TOKENS, `team:${sha256}`);
    assert.equal(variablesOf(template, "Executor1769").VOLLEY_API_TOKENS, undefined);
    assert.throws(() => makeCluster({ auth: { tokens: [] } }), /no token/);
    assert.throws(() => makeCluster({ auth: { tokens: [{ tenant: "team", sha256: "secret" }] } }), /SHA-256/);
    assert.throws(() => makeCluster({ auth: { tokens: [{ tenant: "a,b", sha256 }] } }), /plain characters/);
  });

  it("is open only when that is asked for", () => {
    const { template } = makeCluster({ auth: "none" });
    template.allResourcesProperties("AWS::ApiGatewayV2::Route", { AuthorizationType: "NONE" });
    assert.equal(variablesOf(template, "Api").VOLLEY_AUTH, "none");
  });

  it("answers browsers of given origins; preflights need no credentials", () => {
    const { template } = makeCluster({ corsOrigins: ["https://app.example"] });
    template.hasResourceProperties("AWS::ApiGatewayV2::Api", {
      CorsConfiguration: { AllowOrigins: ["https://app.example"] },
    });
    template.hasResourceProperties("AWS::S3::Bucket", {
      CorsConfiguration: { CorsRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: ["GET", "HEAD"] }] },
    });
    const routes = Object.values(template.findResources("AWS::ApiGatewayV2::Route"));
    for (const { Properties } of routes) {
      assert.equal(Properties.AuthorizationType, "AWS_IAM");
      assert.doesNotMatch(Properties.RouteKey, /^(ANY|OPTIONS) /);
    }
  });
});

describe("the Function URL", () => {
  it("asks for IAM by default", () => {
    const { template } = makeCluster({ endpoint: "function-url" });
    template.hasResourceProperties("AWS::Lambda::Url", { AuthType: "AWS_IAM" });
    template.resourceCountIs("AWS::ApiGatewayV2::Api", 0);
    template.resourceCountIs("AWS::Lambda::Permission", 0);
  });

  it("is open only when that is asked for", () => {
    const { template } = makeCluster({ endpoint: "function-url", auth: "none" });
    template.hasResourceProperties("AWS::Lambda::Url", { AuthType: "NONE" });
  });

  it("has neither JWT authorizer nor throttle", () => {
    const auth = { issuer: "https://login.example", audience: ["volley"] };
    assert.throws(() => makeCluster({ endpoint: "function-url", auth }), /JWT/);
    assert.throws(() => makeCluster({ endpoint: "function-url", throttle: { rate: 1, burst: 1 } }), /throttle/);
  });
});

describe("monitoring", () => {
  it("alarms of every function, events that wait, the table and the API", () => {
    const { template } = makeCluster({ alarms: true, dashboard: true });
    const alarms = Object.keys(template.findResources("AWS::CloudWatch::Alarm")).map((id) =>
      plainText({ Ref: id })
        .slice(1, -1)
        .replace(/Alarm$/, ""),
    );
    const kinds = ["Scheduler", "Executor1769", "Executor3538", "Executor8845"];
    const expected = [
      ...["Api", ...kinds].flatMap((kind) => [`${kind}Errors`, `${kind}Throttles`]),
      ...kinds.flatMap((kind) => [`${kind}EventAge`, `${kind}EventsDropped`]),
      ...["ApiSlow", "SchedulerSlow", "TableThrottles", "TableErrors", "HttpErrors"],
    ];
    assert.deepEqual(alarms.sort(), expected.sort());
    template.allResourcesProperties("AWS::CloudWatch::Alarm", { TreatMissingData: "notBreaching" });
    template.resourceCountIs("AWS::CloudWatch::Dashboard", 1);
  });

  it("tells a topic; can be left out", () => {
    const topic = "arn:aws:sns:eu-west-1:123456789012:alarms";
    const { template } = makeCluster((stack) => ({
      alarms: true,
      alarmTopic: Topic.fromTopicArn(stack, "Topic", topic),
    }));
    template.allResourcesProperties("AWS::CloudWatch::Alarm", { AlarmActions: [topic] });
    const silent = makeCluster({ alarms: false, dashboard: false }).template;
    silent.resourceCountIs("AWS::CloudWatch::Alarm", 0);
    silent.resourceCountIs("AWS::CloudWatch::Dashboard", 0);
  });
});

describe("grantQuery", () => {
  const grantee = (props: VolleyClusterProps) => {
    const made = makeCluster(props);
    const role = new Role(made.stack, "Analyst", { assumedBy: new ServicePrincipal("ec2.amazonaws.com") });
    made.cluster.grantQuery(role);
    return JSON.stringify(
      made.stack.resolve((role.node.findChild("DefaultPolicy") as never as { document: unknown }).document),
    );
  };

  it("lets somebody call this API, and no other", () => {
    const policy = grantee({});
    assert.match(policy, /execute-api:Invoke/);
    assert.match(policy, /HttpApi/);
    assert.match(grantee({ endpoint: "function-url" }), /lambda:InvokeFunctionUrl/);
  });
});

describe("options together", () => {
  const jwt = { issuer: "https://login.example", audience: ["volley"] };
  const tokens = { tokens: [{ tenant: "team", sha256: "a".repeat(64) }] };

  it("a key of its own, a Function URL and tokens", () => {
    const { template } = makeCluster({ encryption: "kms", endpoint: "function-url", auth: tokens });
    template.hasResourceProperties("AWS::Lambda::Url", { AuthType: "NONE" });
    assert.equal(variablesOf(template, "Api").VOLLEY_AUTH, "tokens");
    template.allResourcesProperties("AWS::Logs::LogGroup", { KmsKeyId: Match.anyValue() });
    template.resourceCountIs("AWS::ApiGatewayV2::Api", 0);
  });

  it("a key, JWT, CORS, throttle, reserved concurrency, one small executor and a short life", () => {
    const { template } = makeCluster({
      encryption: "kms",
      auth: jwt,
      corsOrigins: ["https://app.example"],
      throttle: { rate: 1, burst: 2 },
      concurrency: { api: 1, scheduler: 2, executor: 3 },
      executorMemoryMiB: [512],
      executorTimeout: Duration.seconds(60),
      shuffleDays: 3,
      sizing: { taskBytesMax: 64 << 20 },
      inlineBytesMax: 0,
    });
    template.allResourcesProperties("AWS::ApiGatewayV2::Route", { AuthorizationType: "JWT" });
    template.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
      DefaultRouteSettings: { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 },
    });
    const reserved = Object.values(functionsOf(template)).map((each) => each.ReservedConcurrentExecutions);
    assert.deepEqual(reserved.sort(), [1, 2, 3]);
    const variables = variablesOf(template, "Scheduler");
    assert.deepEqual(JSON.parse(String(variables.VOLLEY_SIZING)), { taskBytesMax: 64 << 20 });
    assert.deepEqual([variables.VOLLEY_INLINE_BYTES, variables.VOLLEY_EXECUTOR_TIMEOUT_S], ["0", "60"]);
    const { LifecycleConfiguration } = Object.values(template.findResources("AWS::S3::Bucket"))[0]!.Properties;
    assert.equal(LifecycleConfiguration.Rules[0].ExpirationInDays, 3);
  });

  it("that contradict each other, or make no sense, say so", () => {
    const topic = (stack: Stack) => Topic.fromTopicArn(stack, "T", "arn:aws:sns:eu-west-1:123456789012:alarms");
    for (const [props, message] of [
      [{ endpoint: "function-url", auth: jwt }, /a Function URL checks no JWT/],
      [{ endpoint: "function-url", throttle: { rate: 1, burst: 1 } }, /a Function URL has no throttle/],
      [{ glueDatabases: ["lake"] }, /glueDatabases without data/],
      [{ data: [{ bucket: "lake", prefix: "a/*" }] }, /patterns are not possible/],
      [{ environment: { VOLLEY_AUTH: "none" } }, /environment sets VOLLEY_AUTH, which an option/],
      [{ attemptsMax: 0 }, /attemptsMax is a whole number from 1 on, not 0/],
      [{ inlineBytesMax: -1 }, /inlineBytesMax is a whole number from 0 on/],
      [{ maxCost: 0 }, /maxCost is a number above zero/],
      [{ maxBytes: Number.NaN }, /maxBytes is a number above zero/],
      [{ throttle: { rate: 0, burst: 1 } }, /throttle.rate is a number above zero/],
      [{ concurrency: { executor: 0.5 } }, /concurrency.executor is a whole number from 1 on/],
      [{ executorScratchMiB: 100 }, /executorScratchMiB is 512 to 10240/],
      [{ executorTimeout: Duration.seconds(2) }, /at least 10 seconds/],
      [{ sizing: { taskBytesMin: 10, taskBytesMax: 5 } }, /taskBytesMin is above its taskBytesMax/],
      [{ sizing: { tasks: 5 } as never }, /sizing has no tasks/],
    ] as const) {
      assert.throws(() => makeCluster(props as VolleyClusterProps), message);
    }
    assert.throws(
      () => makeCluster((stack) => ({ alarms: false, alarmTopic: topic(stack) })),
      /alarmTopic without alarms/,
    );
  });

  it("every one is explained in docs/operations.md, and so is every entry of cdk.json", () => {
    const root = join(import.meta.dirname, "../..");
    const document = readFileSync(join(root, "docs/operations.md"), "utf8");
    for (const name of optionNames) assert.ok(document.includes(`\`${name}\``), `${name} is not explained`);
    const { context } = JSON.parse(readFileSync(join(root, "cdk.json"), "utf8")) as { context: object };
    for (const name of Object.keys(context)) assert.ok(document.includes(`\`${name}\``), `${name} is not explained`);
  });
});
