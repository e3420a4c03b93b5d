/** DynamoDB's failures as QueryErrors. */
import { QueryError } from "../errors.ts";

const overload =
  /^(ProvisionedThroughputExceeded|RequestLimitExceeded|Throttling|InternalServerError|ServiceUnavailable)/;

export function dynamoError(what: string, thrown: unknown): QueryError {
  if (thrown instanceof QueryError) return thrown;
  const { name = "Error", message = String(thrown) } = thrown instanceof Error ? thrown : {};
  const text = `DynamoDB failed to ${what}: ${name}: ${message}`;
  if (overload.test(name)) return new QueryError("throttled", text, { cause: thrown });
  if (/AccessDenied|UnrecognizedClient|ExpiredToken/.test(name)) {
    return new QueryError("unauthorized", text, { cause: thrown });
  }
  return new QueryError("internal", text, { cause: thrown, retryable: name !== "ValidationException" });
}
