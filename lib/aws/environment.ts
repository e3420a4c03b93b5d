/** Environment variables of the functions: all of them are read here. docs/operations.md explains them. */
import { QueryError } from "../errors.ts";
import { checkSizing, type GivenSizing } from "../stages/check-sizing.ts";

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
  readonly sizing?: GivenSizing;
  readonly glueDatabases: readonly string[];
  readonly maxBytes?: number;
  readonly maxCost?: number;
  /** Memory of this function. */
  readonly memoryMb: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** What functions read, and what absence means; docs/operations.md has the same table. */
export const environmentVariables = {
  VOLLEY_TABLE: "required",
  VOLLEY_BUCKET: "required",
  VOLLEY_SCHEDULER_FUNCTION: "this function",
  VOLLEY_EXECUTOR_FUNCTIONS: "this function",
  VOLLEY_EXECUTOR_FUNCTION: "this function",
  VOLLEY_EXECUTOR_TIMEOUT_S: 900,
  VOLLEY_HEARTBEAT_S: 5,
  VOLLEY_LEASE_S: 10,
  VOLLEY_SLOTS: 200,
  VOLLEY_DATA_BUCKETS: "any",
  VOLLEY_GLUE_DATABASES: "none",
  VOLLEY_INLINE_BYTES: 4 << 20,
  VOLLEY_SIZING: "none",
  VOLLEY_MAX_BYTES: "no limit",
  VOLLEY_MAX_COST: "no limit",
  // lib/api/authenticate.ts reads these.
  VOLLEY_AUTH: "iam",
  VOLLEY_API_TOKENS: "none",
  VOLLEY_TENANT_CLAIM: "sub",
} as const;

/** @throws QueryError invalid_argument when one is missing or malformed */
export function readEnvironment(variables: Variables = process.env): CloudEnvironment {
  const dataBuckets = list(variables, "VOLLEY_DATA_BUCKETS");
  const maxBytes = positive(variables, "VOLLEY_MAX_BYTES");
  const maxCost = positive(variables, "VOLLEY_MAX_COST");
  const known = environmentVariables;
  return {
    table: required(variables, "VOLLEY_TABLE"),
    bucket: required(variables, "VOLLEY_BUCKET"),
    schedulerFunction: text(variables, "VOLLEY_SCHEDULER_FUNCTION") ?? ownName(variables),
    executors: executorTiers(variables),
    executorTimeoutMs: (positive(variables, "VOLLEY_EXECUTOR_TIMEOUT_S") ?? known.VOLLEY_EXECUTOR_TIMEOUT_S) * 1000,
    heartbeatMs: (positive(variables, "VOLLEY_HEARTBEAT_S") ?? known.VOLLEY_HEARTBEAT_S) * 1000,
    leaseMs: (positive(variables, "VOLLEY_LEASE_S") ?? known.VOLLEY_LEASE_S) * 1000,
    slots: whole(variables, "VOLLEY_SLOTS", 1) ?? known.VOLLEY_SLOTS,
    ...(dataBuckets && { dataBuckets }),
    inlineBytesMax: whole(variables, "VOLLEY_INLINE_BYTES", 0) ?? known.VOLLEY_INLINE_BYTES,
    ...sizing(variables),
    glueDatabases: list(variables, "VOLLEY_GLUE_DATABASES") ?? [],
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxCost !== undefined && { maxCost }),
    memoryMb: positive(variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE") ?? memoryMbDefault,
  };
}

const memoryMbDefault = 1769;

function executorTiers(variables: Variables): readonly ExecutorTier[] {
  const name = "VOLLEY_EXECUTOR_FUNCTIONS";
  const several = list(variables, name);
  const one = text(variables, "VOLLEY_EXECUTOR_FUNCTION");
  if (several && one)
    throw wrong(name, several.join(","), "given without VOLLEY_EXECUTOR_FUNCTION, or the other way round");
  if (!several) return [{ memoryMb: memoryMbDefault, name: one ?? ownName(variables) }];
  const tiers = several.map((entry) => {
    const [memory, executor, more] = entry.split("=").map((part) => part.trim());
    const memoryMb = Number(memory);
    if (!executor || more !== undefined || !(memoryMb > 0))
      throw wrong(name, entry, "a list such as 1769=name,3538=name");
    return { memoryMb, name: executor };
  });
  if (new Set(tiers.map(({ memoryMb }) => memoryMb)).size < tiers.length) {
    throw wrong(name, several.join(","), "one function of each memory");
  }
  return tiers.sort((a, b) => a.memoryMb - b.memoryMb);
}

/** A function cannot be deployed with its own name in its environment; Lambda tells it. */
function ownName(variables: Variables): string {
  return variables.AWS_LAMBDA_FUNCTION_NAME ?? "";
}

function required(variables: Variables, name: string): string {
  const value = text(variables, name);
  if (value === undefined) throw new QueryError("invalid_argument", `the environment variable ${name} is not set`);
  return value;
}

/** Undefined for an empty one, too: that is how some tools unset variables. */
function text(variables: Variables, name: string): string | undefined {
  return variables[name]?.trim() || undefined;
}

function number(variables: Variables, name: string, isRight: (value: number) => boolean, what: string) {
  const written = text(variables, name);
  if (written === undefined) return undefined;
  const value = Number(written);
  if (!isRight(value)) throw wrong(name, written, what);
  return value;
}

function positive(variables: Variables, name: string): number | undefined {
  return number(variables, name, (value) => value > 0 && value < Infinity, "a number above 0");
}

function whole(variables: Variables, name: string, least: number): number | undefined {
  return number(
    variables,
    name,
    (value) => Number.isSafeInteger(value) && value >= least,
    `a whole number from ${least} on`,
  );
}

function sizing(variables: Variables): { readonly sizing?: GivenSizing } {
  const written = text(variables, "VOLLEY_SIZING");
  if (written === undefined) return {};
  try {
    return { sizing: checkSizing(JSON.parse(written)) };
  } catch (thrown) {
    const why = thrown instanceof QueryError ? thrown.message : "it is no JSON";
    throw wrong("VOLLEY_SIZING", written, `JSON such as {"taskBytesMax": 134217728}: ${why}`);
  }
}

function list(variables: Variables, name: string): readonly string[] | undefined {
  const items = text(variables, name)
    ?.split(",")
    .map((item) => item.trim());
  if (items?.includes("")) throw wrong(name, variables[name]!, "a list with commas, none of it empty");
  return items;
}

function wrong(name: string, written: string, what: string): QueryError {
  return new QueryError(
    "invalid_argument",
    `the environment variable ${name} is ${what}; it is ${JSON.stringify(written)}`,
  );
}
