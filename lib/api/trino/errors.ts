/** QueryErrors as Trino clients know errors: by number, name and kind (io.trino.spi.StandardErrorCode). */
import { type ErrorCode, QueryError, type QueryErrorJson, type QueryErrorOptions } from "../../errors.ts";

type Known = readonly [code: number, type: "USER_ERROR" | "INTERNAL_ERROR" | "INSUFFICIENT_RESOURCES"];

const known = {
  GENERIC_USER_ERROR: [0, "USER_ERROR"],
  SYNTAX_ERROR: [1, "USER_ERROR"],
  USER_CANCELED: [3, "USER_ERROR"],
  PERMISSION_DENIED: [4, "USER_ERROR"],
  NOT_FOUND: [5, "USER_ERROR"],
  FUNCTION_NOT_FOUND: [6, "USER_ERROR"],
  INVALID_FUNCTION_ARGUMENT: [7, "USER_ERROR"],
  DIVISION_BY_ZERO: [8, "USER_ERROR"],
  ALREADY_EXISTS: [12, "USER_ERROR"],
  NOT_SUPPORTED: [13, "USER_ERROR"],
  INVALID_SESSION_PROPERTY: [14, "USER_ERROR"],
  NUMERIC_VALUE_OUT_OF_RANGE: [19, "USER_ERROR"],
  UNSUPPORTED_ISOLATION_LEVEL: [26, "USER_ERROR"],
  SUBQUERY_MULTIPLE_ROWS: [28, "USER_ERROR"],
  CATALOG_NOT_FOUND: [44, "USER_ERROR"],
  SCHEMA_NOT_FOUND: [45, "USER_ERROR"],
  TABLE_NOT_FOUND: [46, "USER_ERROR"],
  COLUMN_NOT_FOUND: [47, "USER_ERROR"],
  ROLE_NOT_FOUND: [48, "USER_ERROR"],
  TYPE_MISMATCH: [58, "USER_ERROR"],
  AMBIGUOUS_NAME: [62, "USER_ERROR"],
  INVALID_PARAMETER_USAGE: [80, "USER_ERROR"],
  GENERIC_INTERNAL_ERROR: [65536, "INTERNAL_ERROR"],
  REMOTE_TASK_ERROR: [65542, "INTERNAL_ERROR"],
  GENERIC_INSUFFICIENT_RESOURCES: [131072, "INSUFFICIENT_RESOURCES"],
  QUERY_QUEUE_FULL: [131074, "INSUFFICIENT_RESOURCES"],
  EXCEEDED_TIME_LIMIT: [131075, "INSUFFICIENT_RESOURCES"],
  EXCEEDED_LOCAL_MEMORY_LIMIT: [131079, "INSUFFICIENT_RESOURCES"],
  EXCEEDED_SCAN_LIMIT: [131081, "INSUFFICIENT_RESOURCES"],
} as const satisfies Readonly<Record<string, Known>>;

type TrinoName = keyof typeof known;

const names: Readonly<Record<ErrorCode, TrinoName>> = {
  syntax: "SYNTAX_ERROR",
  unknown_table: "TABLE_NOT_FOUND",
  unknown_column: "COLUMN_NOT_FOUND",
  unknown_function: "FUNCTION_NOT_FOUND",
  ambiguous_column: "AMBIGUOUS_NAME",
  type_mismatch: "TYPE_MISMATCH",
  invalid_argument: "INVALID_FUNCTION_ARGUMENT",
  overflow: "NUMERIC_VALUE_OUT_OF_RANGE",
  cardinality: "SUBQUERY_MULTIPLE_ROWS",
  unsupported: "NOT_SUPPORTED",
  not_found: "NOT_FOUND",
  duplicate: "ALREADY_EXISTS",
  corrupt_file: "GENERIC_USER_ERROR",
  cancelled: "USER_CANCELED",
  unauthorized: "PERMISSION_DENIED",
  timeout: "EXCEEDED_TIME_LIMIT",
  out_of_memory: "EXCEEDED_LOCAL_MEMORY_LIMIT",
  resource: "GENERIC_INSUFFICIENT_RESOURCES",
  limit_exceeded: "EXCEEDED_SCAN_LIMIT",
  throttled: "QUERY_QUEUE_FULL",
  version: "GENERIC_INTERNAL_ERROR",
  executor_lost: "REMOTE_TASK_ERROR",
  internal: "GENERIC_INTERNAL_ERROR",
};

/** An error that has a closer name in Trino than in Volley. */
export class TrinoFailure extends QueryError {
  readonly trinoName: TrinoName;

  constructor(trinoName: TrinoName, message: string, options: QueryErrorOptions = {}) {
    super(trinoName.endsWith("NOT_FOUND") ? "not_found" : "invalid_argument", message, options);
    this.trinoName = trinoName;
  }
}

/** @param error thrown here, or what a query's record says */
export function trinoError(error: QueryError | QueryErrorJson): object {
  const { message, hint, span } = error;
  const errorName = nameOf(error);
  const [errorCode, errorType] = known[errorName];
  const errorLocation = span && { lineNumber: span.line, columnNumber: span.column };
  const text = [errorLocation && `line ${span.line}:${span.column}: `, message, hint && `. ${hint}`].join("");
  return {
    message: text,
    errorCode,
    errorName,
    errorType,
    ...(errorLocation && { errorLocation }),
    failureInfo: {
      type: `io.trino.spi.TrinoException`,
      message: text,
      suppressed: [],
      stack: [],
      ...(errorLocation && { errorLocation }),
    },
  };
}

function nameOf(error: QueryError | QueryErrorJson): TrinoName {
  if (error instanceof TrinoFailure) return error.trinoName;
  const { code, message } = error;
  return code === "invalid_argument" && message === "division by zero" ? "DIVISION_BY_ZERO" : names[code];
}
