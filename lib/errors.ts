/** The one error type of the engine: structured, JSON-safe, and the same on both sides of every boundary. */

/** What went wrong, as a stable machine-readable name. Callers switch on it; nobody parses messages. */
export type ErrorCode =
  | "syntax" // the text is not SQL
  | "unknown_table"
  | "unknown_column"
  | "unknown_function"
  | "ambiguous_column"
  | "type_mismatch"
  | "invalid_argument" // a value out of an operation's domain: division by zero, a bad cast, a bad option
  | "overflow" // a number left its type's range
  | "cardinality" // a scalar subquery gave more than one row
  | "unsupported" // valid SQL or data that Volley does not do
  | "not_found" // a file, object or query that is not there
  | "corrupt_file" // bytes that contradict their format
  | "duplicate" // a name that is already taken
  | "cancelled"
  | "timeout"
  | "out_of_memory"
  | "resource" // disk full, too many open files
  | "limit_exceeded" // past the caller's own limit: maxBytes, maxCost
  | "unauthorized" // the role may not read or do that
  | "throttled"
  | "version" // a task written by another version of Volley
  | "executor_lost" // a worker or function died while it held a task
  | "internal"; // a bug in Volley

/** A range of the query text: 1-based line and column, end exclusive. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** The JSON form of a QueryError. */
export interface QueryErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly span?: Span;
  readonly hint?: string;
  readonly retryable: boolean;
  readonly cause?: QueryErrorJson;
}

export interface QueryErrorOptions {
  readonly span?: Span;
  /** One sentence that tells the user what to do, such as the nearest known name. */
  readonly hint?: string;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

const retryableCodes: ReadonlySet<ErrorCode> = new Set(["throttled", "executor_lost", "timeout"]);

/** Every failure that Volley reports. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly code: ErrorCode;
  readonly span: Span | undefined;
  readonly hint: string | undefined;
  /** Whether the same work may succeed when tried again. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: QueryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.span = options.span;
    this.hint = options.hint;
    this.retryable = options.retryable ?? retryableCodes.has(code);
  }

  toJSON(): QueryErrorJson {
    return {
      code: this.code,
      message: this.message,
      ...(this.span && { span: this.span }),
      ...(this.hint && { hint: this.hint }),
      retryable: this.retryable,
      ...(this.cause instanceof QueryError && { cause: this.cause.toJSON() }),
    };
  }

  static fromJSON(json: QueryErrorJson): QueryError {
    return new QueryError(json.code, json.message, {
      ...(json.span && { span: json.span }),
      ...(json.hint && { hint: json.hint }),
      retryable: json.retryable,
      ...(json.cause && { cause: QueryError.fromJSON(json.cause) }),
    });
  }

  /** Wraps whatever was thrown; a QueryError passes through unchanged. */
  static from(thrown: unknown, code: ErrorCode = "internal"): QueryError {
    if (thrown instanceof QueryError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new QueryError(code, message, { cause: thrown });
  }
}

/** Runs something whose errors, where they have no place of their own, belong to `span`. */
export function located<T>(span: Span | undefined, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || thrown.span || !span) throw thrown;
    throw QueryError.fromJSON({ ...thrown.toJSON(), span });
  }
}

/** The error of a feature that is absent. */
export function unsupported(what: string, span?: Span, hint?: string): QueryError {
  return new QueryError("unsupported", `${what} is not supported`, { ...(span && { span }), ...(hint && { hint }) });
}

/** What to do about `out_of_memory`. */
export const memoryHint = "Give more memory (--memory, or the option `memory`), or use fewer threads: they share it.";

export function isOutOfMemory(error: unknown): boolean {
  return error instanceof QueryError && error.code === "out_of_memory";
}
