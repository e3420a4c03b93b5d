/**
 * Environment variables of the functions: all of them are read here.
 *
 * | variable | what |
 * |---|---|
 * | VOLLEY_TABLE | the DynamoDB table (string keys `pk` and `sk`, time to live on `ttl`) |
 * | VOLLEY_BUCKET | the bucket of plans, shuffle and results, below `q/` |
 * | VOLLEY_SCHEDULER_FUNCTION | name or ARN of the scheduler function; absent: this function |
 * | VOLLEY_EXECUTOR_FUNCTIONS | executors by memory, smallest first: `1769=name,3538=name`; |
 * | VOLLEY_EXECUTOR_FUNCTION | or just one name (its memory is then taken as 1769 MB); neither: this function |
 * | VOLLEY_EXECUTOR_TIMEOUT_S | the executors' time limit; default 900 |
 * | VOLLEY_HEARTBEAT_S | how often executors say that they are alive; lost after six times that; default 5 |
 * | VOLLEY_LEASE_S | a scheduler that died or stands still is replaced after so long; default 10 |
 * | VOLLEY_SLOTS | attempts of one query that may run at once; default 200 |
 * | VOLLEY_DATA_BUCKETS | comma-separated buckets whose tables may be read; absent: any that the role may read |
 * | VOLLEY_GLUE_DATABASES | comma-separated Glue databases that are schemas here; absent: none |
 * | VOLLEY_INLINE_BYTES | queries that read at most so much run in the scheduler; default 4194304; 0: none |
 * | VOLLEY_SIZING | JSON: fields of lib/stages/sizing.ts, for tests |
 * | VOLLEY_MAX_BYTES, VOLLEY_MAX_COST | limits of every query, beside those that it asks for |
 * | AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, …_DYNAMODB, …_LAMBDA | read by the SDK: emulators. With one for S3, buckets go into the path |
 * | AWS_LAMBDA_FUNCTION_MEMORY_SIZE | set by Lambda, in MB |
 */
import { QueryError } from "../errors.ts";
import type { SizingOptions } from "../stages/sizing.ts";

export interface ExecutorTier {
  readonly memoryMb: number;
  /** Function name or ARN. */
  readonly name: string;
}

export interface CloudEnvironment {
  readonly table: string;
  readonly bucket: string;
  readonly schedulerFunction: string;
  /** By memory, ascending; at least one. */
  readonly executors: readonly ExecutorTier[];
  readonly executorTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly slots: number;
  readonly dataBuckets?: readonly string[];
  readonly inlineBytesMax: number;
  readonly sizing?: Partial<SizingOptions>;
  readonly glueDatabases: readonly string[];
  readonly maxBytes?: number;
  readonly maxCost?: number;
  /** Memory of this function. */
  readonly memoryMb: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** @throws QueryError invalid_argument when one is missing or malformed */
export function readEnvironment(variables: Variables = process.env): CloudEnvironment {
  const dataBuckets = list(variables.VOLLEY_DATA_BUCKETS);
  const maxBytes = optionalNumber(variables, "VOLLEY_MAX_BYTES");
  const maxCost = optionalNumber(variables, "VOLLEY_MAX_COST");
  return {
    table: required(variables, "VOLLEY_TABLE"),
    bucket: required(variables, "VOLLEY_BUCKET"),
    schedulerFunction: variables.VOLLEY_SCHEDULER_FUNCTION ?? ownName(variables),
    executors: executorTiers(variables),
    executorTimeoutMs: (optionalNumber(variables, "VOLLEY_EXECUTOR_TIMEOUT_S") ?? 900) * 1000,
    heartbeatMs: (optionalNumber(variables, "VOLLEY_HEARTBEAT_S") ?? 5) * 1000,
    leaseMs: (optionalNumber(variables, "VOLLEY_LEASE_S") ?? 10) * 1000,
    slots: optionalNumber(variables, "VOLLEY_SLOTS") ?? 200,
    ...(dataBuckets && { dataBuckets }),
    inlineBytesMax: optionalNumber(variables, "VOLLEY_INLINE_BYTES") ?? 4 << 20,
    ...(variables.VOLLEY_SIZING && { sizing: JSON.parse(variables.VOLLEY_SIZING) as Partial<SizingOptions> }),
    glueDatabases: list(variables.VOLLEY_GLUE_DATABASES) ?? [],
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxCost !== undefined && { maxCost }),
    memoryMb: optionalNumber(variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE") ?? 1769,
  };
}

function executorTiers(variables: Variables): readonly ExecutorTier[] {
  const several = list(variables.VOLLEY_EXECUTOR_FUNCTIONS);
  if (!several) return [{ memoryMb: 1769, name: variables.VOLLEY_EXECUTOR_FUNCTION ?? ownName(variables) }];
  const tiers = several.map((entry) => {
    const [memory, name] = entry.split("=");
    const memoryMb = Number(memory);
    if (!name || !(memoryMb > 0)) throw malformed("VOLLEY_EXECUTOR_FUNCTIONS", entry);
    return { memoryMb, name };
  });
  return tiers.sort((a, b) => a.memoryMb - b.memoryMb);
}

/** A function cannot be deployed with its own name in its environment; Lambda tells it. */
function ownName(variables: Variables): string {
  return variables.AWS_LAMBDA_FUNCTION_NAME ?? "";
}

function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (!value) throw new QueryError("invalid_argument", `the environment variable ${name} is not set`);
  return value;
}

function optionalNumber(variables: Variables, name: string): number | undefined {
  const text = variables[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!(value >= 0)) throw malformed(name, text);
  return value;
}

function list(text: string | undefined): readonly string[] | undefined {
  const items = text?.split(",").map((item) => item.trim());
  const given = items?.filter((item) => item !== "");
  return given && given.length > 0 ? given : undefined;
}

function malformed(name: string, value: string): QueryError {
  return new QueryError("invalid_argument", `the environment variable ${name} is malformed at ${value}`);
}
