/** What a cluster can be told. Every option has a default that is safe and costs nothing while idle. */
import type { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { GivenSizing } from "../stages/check-sizing.ts";

/** Objects that queries may read. */
export interface DataLocation {
  /** The name of a bucket of any account that allows the reads. */
  readonly bucket: string;
  /** Only keys below this, such as "lake/sales/". The whole bucket without. */
  readonly prefix?: string;
  /** The key the objects are encrypted with, where it is a customer managed one. */
  readonly kmsKey?: IKey;
}

/**
 * Who may call the API: callers with IAM permission (requests signed with SigV4), bearers of a token of an issuer (HTTP
 * API only), bearers of tokens that are given here by their SHA-256 (the function checks them itself: for clients that
 * can do nothing else), or, only when asked for explicitly, anyone who knows the URL.
 */
export type Authentication = "iam" | "none" | JwtAuthentication | TokenAuthentication;

export interface JwtAuthentication {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** The claim that is the tenant: queries of other tenants do not exist for it. @default "sub" */
  readonly tenantClaim?: string;
}

export interface TokenAuthentication {
  /** sha256: 64 hex digits, of a token of at least 128 random bits. */
  readonly tokens: readonly { readonly tenant: string; readonly sha256: string }[];
}

export interface Concurrency {
  /** Reserved concurrent executions; taken from, and limited to a share of, the account's. */
  readonly api?: number;
  readonly scheduler?: number;
  /** Of each executor function. With it, also the ceiling of what a runaway query can spend a second. */
  readonly executor?: number;
}

export interface Throttle {
  /** Requests a second, over all callers. */
  readonly rate: number;
  readonly burst: number;
}

export interface VolleyClusterProps {
  /** Buckets that queries may read; nothing else can be read, whatever a query names. @default none */
  readonly data?: readonly DataLocation[];
  /** Databases of the Glue Data Catalog whose tables queries may name. @default none */
  readonly glueDatabases?: readonly string[];

  /** Memory of the executor functions in MiB, one function each; a task goes to the smallest that it fits. CPU follows
   * memory: 1,769 MiB are one vCPU. @default [1769, 3538, 8845] */
  readonly executorMemoryMiB?: readonly number[];
  /** Memory of the scheduler in MiB. @default 1769 */
  readonly schedulerMemoryMiB?: number;
  /** Memory of the API function in MiB. @default 1024 */
  readonly apiMemoryMiB?: number;
  /** /tmp of an executor in MiB, where joins, sorts and aggregates spill; 512 are free. 512 to 10,240. @default 4096 */
  readonly executorScratchMiB?: number;
  /** How long an attempt may take. At most 15 minutes. @default 15 minutes */
  readonly executorTimeout?: Duration;
  /** Queries that read no more bytes run inside the scheduler, without executors. 0: only those that read no table.
   * @default 4 MiB */
  readonly inlineBytesMax?: number;
  /** How much a task reads, how many rows a partition holds: fields of lib/stages/sizing.ts. @default by measure:
   * tasks of 8 to 256 MiB, partitions of up to 10 million rows */
  readonly sizing?: GivenSizing;
  /** Attempts of one query that may run at once. @default 200 */
  readonly attemptsMax?: number;
  /** A query fails before it reads more bytes of tables than this … @default no limit */
  readonly maxBytes?: number;
  /** … or when its estimate, or its cost so far, passes so many US dollars; a request may only ask for less.
   * @default no limit */
  readonly maxCost?: number;
  /** @default none reserved: functions share the account's concurrency */
  readonly concurrency?: Concurrency;

  /** @default "iam" */
  readonly auth?: Authentication;
  /** A Function URL instead of an HTTP API: requests may take 15 minutes instead of 30 s, there are no throttles, and no JWT
   * authorizer. @default "http-api" */
  readonly endpoint?: "http-api" | "function-url";
  /** Of the HTTP API. @default 100 requests a second, bursts of 200 */
  readonly throttle?: Throttle;
  /** Origins of browsers that may call. @default none */
  readonly corsOrigins?: readonly string[];

  /** "s3": keys of the services (SSE-S3, DynamoDB's own). "kms": a key made here, for bucket, table and logs; or a key of
   * yours, whose policy must then let CloudWatch Logs use it. @default "s3" */
  readonly encryption?: "s3" | "kms" | IKey;
  /** Whole days after which shuffle data and results vanish. @default 1 */
  readonly shuffleDays?: number;
  /** Keeps 35 days of the table's past. Tables that queries name are registered there. @default false */
  readonly pointInTimeRecovery?: boolean;
  /** What becomes of bucket and table when the stack goes: they hold nothing that cannot be made again, save the names of
   * registered tables. @default DESTROY */
  readonly removalPolicy?: RemovalPolicy;

  /** @default 30 days */
  readonly logRetention?: RetentionDays;
  /** @default "INFO" */
  readonly logLevel?: "DEBUG" | "INFO" | "WARN" | "ERROR";
  /** X-Ray traces of all functions. @default false */
  readonly tracing?: boolean;
  /** Where alarms go. @default nowhere: they only show */
  readonly alarmTopic?: ITopic;
  /** Some 25 alarms; CloudWatch bills them by the month. @default true */
  readonly alarms?: boolean;
  /** @default true */
  readonly dashboard?: boolean;

  /** A folder with a folder of each function (api, scheduler, executor), as bin/build-functions.ts makes it.
   * @default dist/functions of this package, built on synth when it is not there */
  readonly functionsDirectory?: string;
  /** More environment variables of every function. */
  readonly environment?: Readonly<Record<string, string>>;
}
