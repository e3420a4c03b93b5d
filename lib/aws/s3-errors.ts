/** What S3's failures mean: which of them pass, and what the others are called here. */
import { QueryError } from "../errors.ts";
import { changed, duplicate, notFound } from "../storage/byte-range.ts";

interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const transientNames: ReadonlySet<string> = new Set([
  "SlowDown",
  "InternalError",
  "ServiceUnavailable",
  "RequestTimeout",
  "ConditionalRequestConflict",
  "OperationAborted",
  "TimeoutError",
  "RequestTimeTooSkewed",
]);

function asSdkError(thrown: unknown): SdkError {
  return thrown instanceof Error ? (thrown as SdkError) : { name: "Error", message: String(thrown) };
}

export function statusOf(thrown: unknown): number | undefined {
  return asSdkError(thrown).$metadata?.httpStatusCode;
}

/** Whether the very same request may succeed: overload, time-outs, connections that broke. */
export function isTransient(thrown: unknown): boolean {
  const { name, code, $metadata } = asSdkError(thrown);
  const status = $metadata?.httpStatusCode;
  if (transientNames.has(name) || (status !== undefined && status >= 500)) return true;
  const network = code !== undefined && /^(E[A-Z]+|UND_ERR_.*|ERR_STREAM_PREMATURE_CLOSE)$/.test(code);
  return status === undefined && (network || name === "IncompleteBody");
}

/** 412 to a read of a pinned version, or to a write that must be the first. */
export function isFailedCondition(thrown: unknown): boolean {
  return statusOf(thrown) === 412 || asSdkError(thrown).name === "PreconditionFailed";
}

export function isInvalidRange(thrown: unknown): boolean {
  return statusOf(thrown) === 416 || asSdkError(thrown).name === "InvalidRange";
}

/** The QueryError for a failure that was not retried, or not any more. */
export function s3Error(key: string, thrown: unknown, writing: boolean): QueryError {
  if (thrown instanceof QueryError) return thrown;
  const { name, message } = asSdkError(thrown);
  const status = statusOf(thrown);
  if (name === "AbortError")
    return new QueryError("cancelled", `the request for ${key} was aborted`, { cause: thrown });
  if (isFailedCondition(thrown)) return writing ? duplicate(key) : changed(key);
  if (name === "NoSuchBucket") {
    return new QueryError("not_found", `the bucket of ${key} does not exist`, { cause: thrown });
  }
  if (status === 404) return notFound(key, thrown);
  if (status === 401 || status === 403) {
    const what = writing ? "written" : "read";
    return new QueryError("unauthorized", `${key} may not be ${what} by this role`, { cause: thrown });
  }
  const code = isTransient(thrown) ? "throttled" : "internal";
  return new QueryError(code, `S3 failed for ${key}: ${name}: ${message}`, { cause: thrown });
}
