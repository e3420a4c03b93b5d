/** QueryErrors as Trino clients know errors: by number, name and kind (io.trino.spi.StandardErrorCode). */
import type { ErrorCode, QueryErrorJson } from "../../errors.ts";

const known: Readonly<Record<ErrorCode, readonly [code: number, name: string, type: string]>> = {
  syntax: [1, "SYNTAX_ERROR", "USER_ERROR"],
  unknown_table: [46, "TABLE_NOT_FOUND", "USER_ERROR"],
  unknown_column: [47, "COLUMN_NOT_FOUND", "USER_ERROR"],
  unknown_function: [6, "FUNCTION_NOT_FOUND", "USER_ERROR"],
  ambiguous_column: [0, "GENERIC_USER_ERROR", "USER_ERROR"],
  type_mismatch: [58, "TYPE_MISMATCH", "USER_ERROR"],
  invalid_argument: [7, "INVALID_FUNCTION_ARGUMENT", "USER_ERROR"],
  overflow: [19, "NUMERIC_VALUE_OUT_OF_RANGE", "USER_ERROR"],
  cardinality: [28, "SUBQUERY_MULTIPLE_ROWS", "USER_ERROR"],
  unsupported: [13, "NOT_SUPPORTED", "USER_ERROR"],
  not_found: [5, "NOT_FOUND", "USER_ERROR"],
  duplicate: [0, "GENERIC_USER_ERROR", "USER_ERROR"],
  corrupt_file: [0, "GENERIC_USER_ERROR", "USER_ERROR"],
  cancelled: [3, "USER_CANCELED", "USER_ERROR"],
  unauthorized: [4, "PERMISSION_DENIED", "USER_ERROR"],
  timeout: [131075, "EXCEEDED_TIME_LIMIT", "INSUFFICIENT_RESOURCES"],
  out_of_memory: [131072, "GENERIC_INSUFFICIENT_RESOURCES", "INSUFFICIENT_RESOURCES"],
  resource: [131072, "GENERIC_INSUFFICIENT_RESOURCES", "INSUFFICIENT_RESOURCES"],
  limit_exceeded: [131072, "GENERIC_INSUFFICIENT_RESOURCES", "INSUFFICIENT_RESOURCES"],
  throttled: [131072, "GENERIC_INSUFFICIENT_RESOURCES", "INSUFFICIENT_RESOURCES"],
  version: [65536, "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR"],
  executor_lost: [65536, "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR"],
  internal: [65536, "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR"],
};

export function trinoError({ code, message, hint, span }: QueryErrorJson): object {
  const [errorCode, errorName, errorType] = divisionByZero(code, message) ?? known[code];
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

function divisionByZero(code: ErrorCode, message: string) {
  return code === "invalid_argument" && message === "division by zero"
    ? ([8, "DIVISION_BY_ZERO", "USER_ERROR"] as const)
    : undefined;
}
