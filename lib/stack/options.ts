/**
 * Options of a deployment as text, from the context (`cdk deploy -c volley:auth=none`, or "context" in cdk.json) or from
 * the environment (VOLLEY_AUTH=none): the properties of VolleyCluster that text can name. Context wins.
 */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Key } from "aws-cdk-lib/aws-kms";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import type { GivenSizing } from "../stages/check-sizing.ts";
import type { Authentication, DataLocation, TokenAuthentication, VolleyClusterProps } from "./props.ts";

/** Every option: its name in the context after "volley:". In the environment: VOLLEY_ and the name in capitals. */
export const optionNames = [
  "data",
  "glueDatabases",
  "executorMemoryMiB",
  "schedulerMemoryMiB",
  "apiMemoryMiB",
  "executorScratchMiB",
  "executorTimeoutSeconds",
  "inlineBytesMax",
  "sizing",
  "attemptsMax",
  "maxBytes",
  "maxCost",
  "apiConcurrency",
  "schedulerConcurrency",
  "executorConcurrency",
  "auth",
  "jwtIssuer",
  "jwtAudience",
  "tenantClaim",
  "tokens",
  "endpoint",
  "throttleRate",
  "throttleBurst",
  "corsOrigins",
  "encryption",
  "shuffleDays",
  "pointInTimeRecovery",
  "removalPolicy",
  "logRetentionDays",
  "logLevel",
  "tracing",
  "alarms",
  "alarmTopicArn",
  "dashboard",
  "functionsDirectory",
] as const;

export type OptionName = (typeof optionNames)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/** auth → VOLLEY_AUTH, executorMemoryMiB → VOLLEY_EXECUTOR_MEMORY_MIB */
export function environmentName(option: OptionName): string {
  const words = option.replace("MiB", "Mib").replace(/[A-Z]/g, (letter) => `_${letter}`);
  return `VOLLEY_${words.toUpperCase()}`;
}

/** @throws Error for an option that is unknown, malformed or contradicts another */
export function readOptions(scope: Construct, environment: Environment = process.env): VolleyClusterProps {
  refuseUnknown(scope);
  const text = (name: OptionName) => contextOrEnvironment(scope, name, environment);
  const number = (name: OptionName) => parseNumber(name, text(name));
  const flag = (name: OptionName) => parseFlag(name, text(name));
  const timeout = number("executorTimeoutSeconds");
  const topic = text("alarmTopicArn");
  return defined({
    data: list(text("data"))?.map(parseLocation),
    glueDatabases: list(text("glueDatabases")),
    executorMemoryMiB: list(text("executorMemoryMiB"))?.map((item) => parseNumber("executorMemoryMiB", item)!),
    schedulerMemoryMiB: number("schedulerMemoryMiB"),
    apiMemoryMiB: number("apiMemoryMiB"),
    executorScratchMiB: number("executorScratchMiB"),
    executorTimeout: timeout === undefined ? undefined : Duration.seconds(timeout),
    inlineBytesMax: parseNumber("inlineBytesMax", text("inlineBytesMax"), 0),
    sizing: parseSizing(text("sizing")),
    attemptsMax: number("attemptsMax"),
    maxBytes: number("maxBytes"),
    maxCost: number("maxCost"),
    concurrency: {
      api: number("apiConcurrency"),
      scheduler: number("schedulerConcurrency"),
      executor: number("executorConcurrency"),
    },
    auth: parseAuth(text),
    endpoint: oneOf("endpoint", text("endpoint"), ["http-api", "function-url"]),
    throttle: parseThrottle(number("throttleRate"), number("throttleBurst")),
    corsOrigins: list(text("corsOrigins")),
    encryption: parseEncryption(scope, text("encryption")),
    shuffleDays: number("shuffleDays"),
    pointInTimeRecovery: flag("pointInTimeRecovery"),
    removalPolicy: parseRemoval(text("removalPolicy")),
    logRetention: parseRetention(number("logRetentionDays")),
    logLevel: oneOf("logLevel", text("logLevel"), ["DEBUG", "INFO", "WARN", "ERROR"]),
    tracing: flag("tracing"),
    alarmTopic: topic === undefined ? undefined : Topic.fromTopicArn(scope, "AlarmTopic", topic),
    alarms: flag("alarms"),
    dashboard: flag("dashboard"),
    functionsDirectory: text("functionsDirectory"),
  });
}

/** A misspelt option that silently kept a default could leave a door open. */
function refuseUnknown(scope: Construct): void {
  const known: ReadonlySet<string> = new Set(optionNames);
  const given = Object.keys(scope.node.getAllContext({})).filter((key) => key.startsWith("volley:"));
  const unknown = given.map((key) => key.slice("volley:".length)).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`unknown option volley:${unknown[0]}; there are ${optionNames.join(", ")}`);
}

/** Lists and numbers of cdk.json as the command line would give them. */
function contextOrEnvironment(scope: Construct, name: OptionName, environment: Environment): string | undefined {
  const value: unknown = scope.node.tryGetContext(`volley:${name}`) ?? environment[environmentName(name)];
  if (value === undefined || value === null || value === "") return undefined;
  if (Array.isArray(value)) return value.join(",");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([field, each]) => `${field}=${each}`)
    .join(",");
}

function list(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((item) => item.trim());
}

/** @param least absent: anything above zero */
function parseNumber(name: OptionName, text: string | undefined, least?: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  const isRight = least === undefined ? value > 0 : value >= least;
  if (text.trim() !== "" && isRight && value < Infinity) return value;
  throw malformed(name, text, least === undefined ? "a number above zero" : `a number from ${least} on`);
}

/** taskBytesMax=134217728,partitionRowsMax=1000000; as an object in cdk.json. Names and numbers are checked with the rest. */
function parseSizing(text: string | undefined): GivenSizing | undefined {
  if (text === undefined) return undefined;
  const pairs = text.split(",").map((pair) => pair.split("=").map((part) => part.trim()));
  return Object.fromEntries(pairs.map(([name = "", value]) => [name, Number(value)])) as GivenSizing;
}

function parseFlag(name: OptionName, text: string | undefined): boolean | undefined {
  const known = oneOf(name, text, ["true", "false"]);
  return known === undefined ? undefined : known === "true";
}

function oneOf<T extends string>(name: OptionName, text: string | undefined, known: readonly T[]): T | undefined {
  if (text === undefined) return undefined;
  const found = known.find((each) => each === text);
  if (found === undefined) throw malformed(name, text, known.join(" or "));
  return found;
}

/** bucket, or bucket/prefix/, or s3://bucket/prefix/ */
function parseLocation(text: string): DataLocation {
  const match = /^(?:s3:\/\/)?([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text);
  if (!match) throw malformed("data", text, "a bucket, or a bucket with a prefix such as lake/sales/");
  const [, bucket = "", prefix] = match;
  return prefix ? { bucket, prefix } : { bucket };
}

function parseAuth(text: (name: OptionName) => string | undefined): Authentication | undefined {
  const kind = oneOf("auth", text("auth"), ["iam", "jwt", "tokens", "none"]);
  const needs = { jwtIssuer: "jwt", jwtAudience: "jwt", tenantClaim: "jwt", tokens: "tokens" } as const;
  for (const [name, needed] of Object.entries(needs)) {
    if (text(name as OptionName) && kind !== needed) throw new Error(`volley:${name} needs auth=${needed}`);
  }
  if (kind === "tokens") return { tokens: list(text("tokens"))?.map(parseToken) ?? [] };
  if (kind !== "jwt") return kind;
  const [issuer, audience, tenantClaim] = [text("jwtIssuer"), list(text("jwtAudience")), text("tenantClaim")];
  if (!issuer || !audience) throw new Error("auth=jwt needs jwtIssuer and jwtAudience");
  return { issuer, audience, ...(tenantClaim && { tenantClaim }) };
}

/** tenant:sha256 */
function parseToken(text: string): TokenAuthentication["tokens"][number] {
  const [tenant = "", sha256 = ""] = text.split(":");
  return { tenant, sha256 };
}

function parseThrottle(rate: number | undefined, burst: number | undefined): VolleyClusterProps["throttle"] {
  if (rate === undefined && burst === undefined) return undefined;
  if (rate === undefined || burst === undefined) throw new Error("throttleRate and throttleBurst need each other");
  return { rate, burst };
}

function parseEncryption(scope: Construct, text: string | undefined): VolleyClusterProps["encryption"] {
  if (text?.startsWith("arn:")) return Key.fromKeyArn(scope, "GivenKey", text);
  return oneOf<"s3" | "kms">("encryption", text, ["s3", "kms"]);
}

function parseRemoval(text: string | undefined): RemovalPolicy | undefined {
  const kind = oneOf("removalPolicy", text, ["destroy", "retain"]);
  if (kind === undefined) return undefined;
  return kind === "retain" ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}

/** CloudWatch knows certain numbers of days only. */
function parseRetention(days: number | undefined): RetentionDays | undefined {
  if (days === undefined || RetentionDays[days] !== undefined) return days;
  throw malformed("logRetentionDays", String(days), "a number of days that CloudWatch Logs knows, such as 7, 30, 365");
}

function malformed(name: OptionName, text: string, expected: string): Error {
  return new Error(`volley:${name} is ${expected}, not ${JSON.stringify(text)}`);
}

/** Without properties that are undefined: these would hide defaults. */
function defined<T extends object>(properties: T): T {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as T;
}
