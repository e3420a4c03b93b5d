/** Volley's public surface. */
export type { DataType, Field, Schema } from "./arrow/types.ts";
export type { PathOptions } from "./catalog/table-source.ts";
export { type ErrorCode, QueryError, type QueryErrorJson, type Span } from "./errors.ts";
export type { QueryAccount } from "./explain/account.ts";
export type { JsValue } from "./output/js-values.ts";
export type { QueryAnswer, ResultColumn } from "./output/query-answer.ts";
export type { ParameterValue, ParameterValues } from "./parameters.ts";
export type { QueryHandle } from "./query-handle.ts";
export { SessionContext, type SqlOptions, type StandaloneOptions, type TestingOptions } from "./session.ts";
