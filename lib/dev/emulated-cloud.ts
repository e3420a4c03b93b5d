/**
 * The whole cloud on the loopback interface: S3, DynamoDB, Lambda with the bundles that deploy, and the HTTP API in front.
 * Everything lives in this process, its children and one temporary folder.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type Authorizer, iamAuthorizer, JwtIssuer, noAuthorizer } from "./authorizers.ts";
import { bundleFunctions } from "./bundle-functions.ts";
import { DynamoServer } from "./dynamo-server.ts";
import { type Faults, noFaults } from "./faults.ts";
import { GlueServer, type GlueTable } from "./glue-server.ts";
import { type Listening, listen } from "./http.ts";
import { httpApi } from "./http-api.ts";
import { invokeApi } from "./lambda/invoke-api.ts";
import { type FunctionOptions, LambdaFunction } from "./lambda/lambda-function.ts";
import { arns, type FunctionRole, type RoleName, region, rolePermissions } from "./permissions.ts";
import { type Credentials, Roles } from "./roles.ts";
import { S3Server } from "./s3/s3-server.ts";

export interface CloudOptions {
  /** Of the HTTP API; default: a free one. */
  readonly port?: number;
  /** Folders shown as buckets of tables. */
  readonly data?: Readonly<Record<string, string>>;
  /** Databases of the Glue Data Catalog; queries may name those in `glueDatabases`, by default all. */
  readonly glue?: Readonly<Record<string, readonly GlueTable[]>>;
  readonly glueDatabases?: readonly string[];
  /** Tasks that run at once. */
  readonly executors?: number;
  /** Time limit of a task, in seconds: an executor that died is missed when it is over. Default 900. */
  readonly executorTimeout?: number;
  /** Queries that are driven at once. */
  readonly schedulers?: number;
  /** Requests to the HTTP API that are served at once. */
  readonly apis?: number;
  readonly auth?: "none" | "iam" | "jwt";
  readonly faults?: Partial<Faults>;
  /** Added to the functions' environment. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Folders of bundles; absent: they are built now. */
  readonly functionsDirectory?: string;
  /** Stop processes between events, as AWS does. */
  readonly freeze?: boolean;
  readonly onLine?: (name: string, line: string) => void;
}

export interface Endpoints {
  readonly s3: string;
  readonly dynamo: string;
  readonly lambda: string;
  readonly glue: string;
}

export const accountNames = {
  table: "volley",
  bucket: "volley-queries",
  schedulerFunction: "volley-scheduler",
  executorFunctions: ["volley-executor-1769", "volley-executor-3538"],
} as const;

interface Parts {
  readonly url: string;
  readonly endpoints: Endpoints;
  readonly faults: Faults;
  readonly s3: S3Server;
  readonly dynamo: DynamoServer;
  readonly glue: GlueServer;
  readonly jwt: JwtIssuer;
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  readonly roles: Roles;
  readonly directory: string;
  readonly servers: readonly Listening[];
}

export class EmulatedCloud {
  /** Of the HTTP API. */
  readonly url: string;
  readonly endpoints: Endpoints;
  readonly faults: Faults;
  readonly s3: S3Server;
  readonly dynamo: DynamoServer;
  readonly glue: GlueServer;
  readonly jwt: JwtIssuer;
  readonly #functions: ReadonlyMap<string, LambdaFunction>;
  readonly #roles: Roles;
  readonly #directory: string;
  readonly #servers: readonly Listening[];

  private constructor(parts: Parts) {
    this.url = parts.url;
    this.endpoints = parts.endpoints;
    this.faults = parts.faults;
    this.s3 = parts.s3;
    this.dynamo = parts.dynamo;
    this.glue = parts.glue;
    this.jwt = parts.jwt;
    this.#functions = parts.functions;
    this.#roles = parts.roles;
    this.#directory = parts.directory;
    this.#servers = parts.servers;
  }

  static async start(options: CloudOptions = {}): Promise<EmulatedCloud> {
    const directory = mkdtempSync(join(tmpdir(), "volley-cloud-"));
    const servers: Listening[] = [];
    try {
      return await startIn(directory, servers, options, (parts) => new EmulatedCloud(parts));
    } catch (error) {
      for (const server of servers) await server.close();
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get api(): LambdaFunction {
    return this.#functions.get("volley-api")!;
  }

  get scheduler(): LambdaFunction {
    return this.#functions.get(accountNames.schedulerFunction)!;
  }

  /** Executors by memory, ascending. */
  get executors(): readonly LambdaFunction[] {
    return accountNames.executorFunctions.map((name) => this.#functions.get(name)!);
  }

  credentials(role: RoleName): Credentials {
    return this.#roles.credentials(role);
  }

  /** What a client of the SDK needs, for the endpoint of one service. */
  clientOptions(service: keyof Endpoints, role: RoleName = "admin") {
    return { region, endpoint: this.endpoints[service], credentials: this.credentials(role) };
  }

  /** A role's environment variables, as a function's process has them. */
  environment(role: RoleName = "admin"): Record<string, string> {
    return roleEnvironment(this.#roles, this.endpoints, role);
  }

  /** The actions that each role was allowed so far. */
  get usedActions(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#roles.used;
  }

  /** All that the emulators counted, by role and by function. */
  counts() {
    const functions = [...this.#functions].map(([name, each]) => [name, { ...each.counts }] as const);
    return {
      s3: Object.fromEntries([...this.s3.counts].map(([role, each]) => [role, { ...each }])),
      dynamo: Object.fromEntries([...this.dynamo.counts].map(([role, each]) => [role, { ...each }])),
      lambda: Object.fromEntries(functions),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#functions.values()].map((each) => each.close()));
    for (const server of this.#servers) await server.close();
    await this.dynamo.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** For the very end of the process, when nothing can be waited for. */
  abandon(): void {
    for (const each of this.#functions.values()) for (const pid of each.processes) process.kill(pid, "SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function startIn(
  directory: string,
  servers: Listening[],
  options: CloudOptions,
  make: (parts: Parts) => EmulatedCloud,
): Promise<EmulatedCloud> {
  const { port = 0, data = {}, auth = "none" } = options;
  const functionsDirectory = options.functionsDirectory ?? join(directory, "functions");
  if (!options.functionsDirectory) await bundleFunctions({ out: functionsDirectory });
  const faults: Faults = { ...noFaults, ...options.faults };
  const dataBuckets = Object.keys(data);
  const glueDatabases = options.glueDatabases ?? Object.keys(options.glue ?? {});
  const roles = new Roles(rolePermissions(accountNames, dataBuckets, glueDatabases), randomBytes(16).toString("hex"));
  const { authorize } = roles;
  const s3 = new S3Server({ directory: join(directory, "s3"), faults, roles });
  s3.buckets.create(accountNames.bucket);
  for (const [bucket, folder] of Object.entries(data)) s3.buckets.showFolder(bucket, "", folder);
  const dynamo = await DynamoServer.start(faults, authorize);
  const glue = new GlueServer(options.glue, authorize);
  const functions = new Map<string, LambdaFunction>();
  for (const handler of [s3.handle, dynamo.handle, invokeApi({ functions, faults, authorize }), glue.handle]) {
    servers.push(await listen(handler));
  }
  const [s3Server, dynamoServer, lambdaServer, glueServer] = servers;
  const endpoints = { s3: s3Server!.url, dynamo: dynamoServer!.url, lambda: lambdaServer!.url, glue: glueServer!.url };
  for (const each of functionOptions(options, {
    directory,
    functionsDirectory,
    roles,
    endpoints,
    dataBuckets,
    glueDatabases,
  })) {
    functions.set(each.name, new LambdaFunction(each, faults));
  }
  await createTable(endpoints, roles.credentials("admin"));
  const jwt = new JwtIssuer();
  const authorizers: Record<string, Authorizer> = {
    none: noAuthorizer,
    iam: iamAuthorizer(roles),
    jwt: jwt.authorizer,
  };
  const front = await listen(httpApi(functions.get("volley-api")!, authorizers[auth]!), port);
  servers.push(front);
  return make({ url: front.url, endpoints, faults, s3, dynamo, glue, jwt, functions, roles, directory, servers });
}

interface Setting {
  readonly directory: string;
  readonly functionsDirectory: string;
  readonly roles: Roles;
  readonly endpoints: Endpoints;
  readonly dataBuckets: readonly string[];
  readonly glueDatabases: readonly string[];
}

/** As lib/stack deploys them, at the size of one machine. */
function functionOptions(options: CloudOptions, setting: Setting): FunctionOptions[] {
  const {
    executors = 4,
    executorTimeout = 900,
    schedulers = 8,
    apis = 16,
    auth = "none",
    variables = {},
    freeze = false,
    onLine,
  } = options;
  const { directory, functionsDirectory, roles, endpoints, dataBuckets, glueDatabases } = setting;
  const [small, large] = accountNames.executorFunctions;
  const shared = {
    VOLLEY_TABLE: accountNames.table,
    VOLLEY_BUCKET: accountNames.bucket,
    VOLLEY_EXECUTOR_FUNCTIONS: `1769=${small},3538=${large}`,
    ...(dataBuckets.length > 0 && { VOLLEY_DATA_BUCKETS: dataBuckets.join(",") }),
    ...(glueDatabases.length > 0 && { VOLLEY_GLUE_DATABASES: glueDatabases.join(",") }),
    POWERTOOLS_METRICS_NAMESPACE: "Volley",
    POWERTOOLS_LOG_LEVEL: "INFO",
  };
  const make = (
    kind: "api" | "scheduler" | "executor",
    name: string,
    role: FunctionRole,
    own: Pick<FunctionOptions, "memoryMb" | "timeoutMs" | "concurrency" | "retryDelaysMs">,
    more: Readonly<Record<string, string>> = {},
  ): FunctionOptions => ({
    name,
    arn: arns.function(name),
    codeDirectory: join(functionsDirectory, kind),
    scratchDirectory: join(directory, "tmp"),
    eventAgeMsMax: 3_600_000,
    idleMsMax: 300_000,
    freeze,
    ...(onLine && { onLine }),
    ...own,
    variables: {
      ...shared,
      POWERTOOLS_SERVICE_NAME: `volley-${kind}`,
      ...roleEnvironment(roles, endpoints, role),
      ...more,
      ...variables,
    },
  });
  return [
    make(
      "api",
      "volley-api",
      "api",
      { memoryMb: 1024, timeoutMs: 29_000, concurrency: apis, retryDelaysMs: [] },
      { VOLLEY_SCHEDULER_FUNCTION: accountNames.schedulerFunction, VOLLEY_AUTH: auth },
    ),
    make(
      "scheduler",
      accountNames.schedulerFunction,
      "scheduler",
      { memoryMb: 1769, timeoutMs: 900_000, concurrency: schedulers, retryDelaysMs: [1000, 2000] },
      {
        VOLLEY_SCHEDULER_FUNCTION: accountNames.schedulerFunction,
        VOLLEY_EXECUTOR_TIMEOUT_S: String(executorTimeout),
        VOLLEY_SLOTS: String(executors * 2),
      },
    ),
    make("executor", small, "executor-small", {
      memoryMb: 1769,
      timeoutMs: executorTimeout * 1000,
      concurrency: executors,
      retryDelaysMs: [],
    }),
    make("executor", large, "executor-large", {
      memoryMb: 3538,
      timeoutMs: executorTimeout * 1000,
      concurrency: 1,
      retryDelaysMs: [],
    }),
  ];
}

function roleEnvironment(roles: Roles, endpoints: Endpoints, role: string): Record<string, string> {
  const { accessKeyId, secretAccessKey } = roles.credentials(role);
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamo,
    AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda,
    AWS_ENDPOINT_URL_GLUE: endpoints.glue,
  };
}

async function createTable({ dynamo }: Endpoints, credentials: Credentials): Promise<void> {
  const client = new DynamoDBClient({ region, endpoint: dynamo, credentials });
  await client.send(
    new CreateTableCommand({
      TableName: accountNames.table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    }),
  );
  client.destroy();
}
