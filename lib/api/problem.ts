/** Failures over HTTP: problem details (RFC 9457) with the QueryError inside. */
import { type ErrorCode, QueryError, type QueryErrorJson } from "../errors.ts";

export interface ProblemDetails {
  /** urn:volley:problem:<code> */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** What a person who reports the failure should quote. */
  readonly requestId: string;
  readonly queryId?: string;
  readonly error: QueryErrorJson;
}

const kinds: Readonly<Record<ErrorCode, readonly [status: number, title: string]>> = {
  syntax: [400, "The text is not SQL"],
  unknown_table: [400, "Unknown table"],
  unknown_column: [400, "Unknown column"],
  unknown_function: [400, "Unknown function"],
  ambiguous_column: [400, "Ambiguous column"],
  type_mismatch: [400, "Types do not fit"],
  invalid_argument: [400, "Invalid argument"],
  overflow: [400, "A number is out of range"],
  cardinality: [400, "A scalar subquery gave more than one row"],
  unsupported: [400, "Not supported"],
  unauthorized: [403, "Not allowed"],
  not_found: [404, "Not found"],
  duplicate: [409, "Conflict"],
  cancelled: [409, "Cancelled"],
  corrupt_file: [422, "A file is damaged"],
  out_of_memory: [422, "Out of memory"],
  limit_exceeded: [422, "A limit was exceeded"],
  throttled: [429, "Too many requests"],
  internal: [500, "Internal error"],
  version: [500, "Versions differ"],
  executor_lost: [503, "An executor was lost"],
  resource: [503, "A resource is exhausted"],
  timeout: [504, "Timed out"],
};

/** A failure of the HTTP request itself, with a status that its code alone does not tell. */
export class RequestFailure extends Error {
  readonly status: number;
  readonly error: QueryError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, error: QueryError, headers: Readonly<Record<string, string>> = {}) {
    super(error.message);
    this.status = status;
    this.error = error;
    this.headers = headers;
  }
}

/** Of an answer that belongs to a query. */
export class QueryFailure extends Error {
  readonly queryId: string;

  constructor(queryId: string, cause: QueryError) {
    super(cause.message, { cause });
    this.queryId = queryId;
  }
}

/** The response to whatever was thrown. What is no QueryError may hold anything, so that none of it is shown. */
export function problemResponse(thrown: unknown, requestId: string): Response {
  const queryId = thrown instanceof QueryFailure ? thrown.queryId : undefined;
  const cause = thrown instanceof QueryFailure ? thrown.cause : thrown;
  const failure = cause instanceof RequestFailure ? cause : undefined;
  const error = failure?.error ?? (cause instanceof QueryError ? cause : hidden());
  const [usual, title] = kinds[error.code];
  const status = failure?.status ?? usual;
  const details: ProblemDetails = {
    type: `urn:volley:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    requestId,
    ...(queryId && { queryId }),
    error: error.toJSON(),
  };
  const retry: Record<string, string> = status === 429 || status === 503 ? { "retry-after": "1" } : {};
  return new Response(JSON.stringify(details), {
    status,
    headers: { "content-type": "application/problem+json", ...retry, ...failure?.headers },
  });
}

function hidden(): QueryError {
  return new QueryError("internal", "an unexpected failure, which the log of this request tells more about");
}
