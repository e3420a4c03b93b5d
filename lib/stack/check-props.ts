/** Options that make no sense, or contradict each other, stop a deployment before anything is made. */
import { checkSizing } from "../stages/check-sizing.ts";
import type { VolleyClusterProps } from "./props.ts";

/** What the stack itself sets in the functions' environment: lib/stack/functions.ts. */
const ownVariables: ReadonlySet<string> = new Set([
  ...["VOLLEY_BUCKET", "VOLLEY_TABLE", "VOLLEY_SCHEDULER_FUNCTION", "VOLLEY_EXECUTOR_FUNCTIONS"],
  ...["VOLLEY_EXECUTOR_TIMEOUT_S", "VOLLEY_INLINE_BYTES", "VOLLEY_SIZING", "VOLLEY_SLOTS", "VOLLEY_DATA_BUCKETS"],
  ...["VOLLEY_GLUE_DATABASES", "VOLLEY_MAX_BYTES", "VOLLEY_MAX_COST", "VOLLEY_AUTH", "VOLLEY_API_TOKENS"],
  ...["VOLLEY_TENANT_CLAIM", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"],
]);

const scratchMiBMin = 512;
const scratchMiBMax = 10_240;
/** Executors report three seconds before their end. */
const executorSecondsMin = 10;

/** @throws RangeError for a number that cannot be, Error for options that contradict each other */
export function checkProps(props: VolleyClusterProps): void {
  const { data = [], glueDatabases = [], auth = "iam", endpoint = "http-api", throttle, concurrency = {} } = props;
  const { executorScratchMiB: scratch, executorTimeout: timeout } = props;
  atLeast("attemptsMax", props.attemptsMax, 1);
  atLeast("inlineBytesMax", props.inlineBytesMax, 0);
  above("maxBytes", props.maxBytes);
  above("maxCost", props.maxCost);
  above("throttle.rate", throttle?.rate);
  above("throttle.burst", throttle?.burst);
  for (const [name, value] of Object.entries(concurrency)) atLeast(`concurrency.${name}`, value, 1);
  if (scratch !== undefined && !(Number.isInteger(scratch) && scratch >= scratchMiBMin && scratch <= scratchMiBMax)) {
    throw new RangeError(`executorScratchMiB is ${scratchMiBMin} to ${scratchMiBMax}, not ${scratch}`);
  }
  if (timeout && timeout.toSeconds() < executorSecondsMin) {
    throw new RangeError(`an executor needs at least ${executorSecondsMin} seconds, not ${timeout.toHumanString()}`);
  }
  if (props.sizing) checkSizing(props.sizing);
  for (const { bucket, prefix = "" } of data) {
    if (/[*?]/.test(bucket + prefix))
      throw new Error(`data names ${bucket}/${prefix}: patterns are not possible there`);
  }
  if (glueDatabases.length > 0 && data.length === 0) {
    throw new Error("glueDatabases without data: tables would have names, and nobody could read them");
  }
  if (endpoint === "function-url" && typeof auth === "object" && "issuer" in auth) {
    throw new Error('a Function URL checks no JWT: use endpoint "http-api" for that');
  }
  if (endpoint === "function-url" && throttle) {
    throw new Error("a Function URL has no throttle: use concurrency.api, or an HTTP API");
  }
  if (props.alarms === false && props.alarmTopic) throw new Error("alarmTopic without alarms: nothing would be told");
  const taken = Object.keys(props.environment ?? {}).find((name) => ownVariables.has(name));
  if (taken) throw new Error(`environment sets ${taken}, which an option of the cluster sets`);
}

function atLeast(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw new RangeError(`${name} is a whole number from ${least} on, not ${value}`);
}

function above(name: string, value: number | undefined): void {
  if (value === undefined || (value > 0 && value < Infinity)) return;
  throw new RangeError(`${name} is a number above zero, not ${value}`);
}
