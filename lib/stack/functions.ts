/** The three kinds of functions, what they are given to run with, and what happens to their failed events. */
import { Duration, RemovalPolicy, Size } from "aws-cdk-lib";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { Effect, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { type FunctionKind, functionCode } from "./function-code.ts";
import type { Authentication, VolleyClusterProps } from "./props.ts";

export interface SizedFunction {
  readonly memoryMiB: number;
  readonly function: LambdaFunction;
}

export interface ClusterFunctions {
  readonly api: SizedFunction;
  readonly scheduler: SizedFunction;
  /** By memory, smallest first. */
  readonly executors: readonly SizedFunction[];
}

export interface FunctionContext {
  readonly props: VolleyClusterProps;
  readonly bucket: Bucket;
  readonly table: Table;
  readonly key: IKey | undefined;
}

const defaultExecutorMemoryMiB = [1769, 3538, 8845];
const lambdaMemoryMiBMin = 128;
const lambdaMemoryMiBMax = 10_240;
const lambdaTimeoutMax = Duration.minutes(15);

export function makeFunctions(scope: Construct, context: FunctionContext): ClusterFunctions {
  const { props } = context;
  const executors = executorMemory(props).map((memoryMiB) =>
    makeFunction(scope, `Executor${memoryMiB}`, "executor", context, {
      memoryMiB,
      timeout: executorTimeout(props),
      scratchMiB: props.executorScratchMiB ?? 4096,
      environment: {},
    }),
  );
  const executorNames = executors.map((each) => `${each.memoryMiB}=${each.function.functionName}`).join(",");
  const scheduler = makeFunction(scope, "Scheduler", "scheduler", context, {
    memoryMiB: props.schedulerMemoryMiB ?? 1769,
    timeout: lambdaTimeoutMax,
    environment: {
      VOLLEY_EXECUTOR_FUNCTIONS: executorNames,
      VOLLEY_EXECUTOR_TIMEOUT_S: String(executorTimeout(props).toSeconds()),
      ...(props.inlineBytesMax !== undefined && { VOLLEY_INLINE_BYTES: String(props.inlineBytesMax) }),
      ...(props.sizing && { VOLLEY_SIZING: JSON.stringify(props.sizing) }),
      ...(props.attemptsMax !== undefined && { VOLLEY_SLOTS: String(props.attemptsMax) }),
    },
  });
  const api = makeFunction(scope, "Api", "api", context, {
    memoryMiB: props.apiMemoryMiB ?? 1024,
    // An HTTP API gives up after 30 s; what takes longer is polled for.
    timeout: Duration.seconds(29),
    environment: { VOLLEY_SCHEDULER_FUNCTION: scheduler.function.functionName, ...authentication(props.auth) },
  });
  for (const { function: executor } of executors) {
    // The scheduler decides what is tried again, and knows better; an event this old was given up long ago.
    executor.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(5) });
  }
  // A scheduler that crashed is started again by Lambda, takes the lease over and goes on.
  scheduler.function.configureAsyncInvoke({ retryAttempts: 2, maxEventAge: Duration.hours(1) });
  return { api, scheduler, executors };
}

interface FunctionSize {
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly scratchMiB?: number;
  readonly environment: Record<string, string>;
}

function makeFunction(
  scope: Construct,
  id: string,
  kind: FunctionKind,
  { props, bucket, table, key }: FunctionContext,
  { memoryMiB, timeout, scratchMiB, environment }: FunctionSize,
): SizedFunction {
  // The group is made here and not by Lambda: so it has an end, a key, and goes with the stack.
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: props.logRetention ?? RetentionDays.ONE_MONTH,
    encryptionKey: key,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
    description: `Volley ${kind}`,
  });
  const logs = { effect: Effect.ALLOW, actions: ["logs:CreateLogStream", "logs:PutLogEvents"] };
  role.addToPolicy(new PolicyStatement({ ...logs, resources: [logGroup.logGroupArn] }));
  const made = new LambdaFunction(scope, id, {
    description: `Volley ${kind}`,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: "index.handler",
    code: functionCode(kind, props.functionsDirectory),
    role,
    logGroup,
    loggingFormat: LoggingFormat.JSON,
    applicationLogLevelV2: ApplicationLogLevel[props.logLevel ?? "INFO"],
    systemLogLevelV2: SystemLogLevel.WARN,
    memorySize: checkMemory(memoryMiB),
    ephemeralStorageSize: scratchMiB === undefined ? undefined : Size.mebibytes(scratchMiB),
    timeout,
    reservedConcurrentExecutions: props.concurrency?.[kind],
    // A scheduler hands over to a fresh one before its 15 minutes end; Lambda would take a chain of 16 for a mistake.
    recursiveLoop: kind === "scheduler" ? RecursiveLoop.ALLOW : RecursiveLoop.TERMINATE,
    tracing: props.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    environment: {
      VOLLEY_BUCKET: bucket.bucketName,
      VOLLEY_TABLE: table.tableName,
      ...limits(props),
      POWERTOOLS_SERVICE_NAME: `volley-${kind}`,
      POWERTOOLS_METRICS_NAMESPACE: "Volley",
      POWERTOOLS_LOG_LEVEL: props.logLevel ?? "INFO",
      ...environment,
      ...props.environment,
    },
  });
  return { memoryMiB, function: made };
}

/** What lib/aws/environment.ts reads in every function. */
function limits({ data = [], glueDatabases = [], maxBytes, maxCost }: VolleyClusterProps): Record<string, string> {
  const buckets = [...new Set(data.map(({ bucket }) => bucket))];
  return {
    ...(buckets.length > 0 && { VOLLEY_DATA_BUCKETS: buckets.join(",") }),
    ...(glueDatabases.length > 0 && { VOLLEY_GLUE_DATABASES: glueDatabases.join(",") }),
    ...(maxBytes !== undefined && { VOLLEY_MAX_BYTES: String(maxBytes) }),
    ...(maxCost !== undefined && { VOLLEY_MAX_COST: String(maxCost) }),
  };
}

/** What lib/api/authenticate.ts reads: who has checked the caller, or how to. */
function authentication(auth: Authentication = "iam"): Record<string, string> {
  if (typeof auth === "string") return { VOLLEY_AUTH: auth };
  if ("issuer" in auth) {
    return { VOLLEY_AUTH: "jwt", ...(auth.tenantClaim !== undefined && { VOLLEY_TENANT_CLAIM: auth.tenantClaim }) };
  }
  const pairs = auth.tokens.map(({ tenant, sha256 }) => {
    if (/^[^:,\s]+$/.test(tenant) && /^[0-9a-f]{64}$/i.test(sha256)) return `${tenant}:${sha256}`;
    throw new Error(`the token of ${JSON.stringify(tenant)} needs a tenant of plain characters and a SHA-256 in hex`);
  });
  if (pairs.length === 0) throw new Error("no token is given: nobody could ask anything");
  return { VOLLEY_AUTH: "tokens", VOLLEY_API_TOKENS: pairs.join(",") };
}

function executorMemory(props: VolleyClusterProps): readonly number[] {
  const tiers = [...new Set(props.executorMemoryMiB ?? defaultExecutorMemoryMiB)].sort((a, b) => a - b);
  if (tiers.length === 0) throw new RangeError("executorMemoryMiB names no executor");
  return tiers;
}

function checkMemory(memoryMiB: number): number {
  if (Number.isInteger(memoryMiB) && memoryMiB >= lambdaMemoryMiBMin && memoryMiB <= lambdaMemoryMiBMax)
    return memoryMiB;
  throw new RangeError(`a function has ${lambdaMemoryMiBMin} to ${lambdaMemoryMiBMax} MiB of memory, not ${memoryMiB}`);
}

function executorTimeout({ executorTimeout: timeout = lambdaTimeoutMax }: VolleyClusterProps): Duration {
  if (timeout.toSeconds() <= lambdaTimeoutMax.toSeconds()) return timeout;
  throw new RangeError(`an executor runs for at most 15 minutes, not ${timeout.toHumanString()}`);
}
