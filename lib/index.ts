/** Volley's public surface. */
export type { DataType, Field, Schema } from "./arrow/types.ts";
export type { PathOptions } from "./catalog/table.ts";
export { type ErrorCode, QueryError, type QueryErrorJson, type Span } from "./errors.ts";
export type { QueryAccount } from "./explain/account.ts";
export type { ParameterValue, ParameterValues } from "./expr/parameters.ts";
export type { JsValue } from "./output/js-values.ts";
export type { QueryAnswer, ResultColumn } from "./output/query-answer.ts";
export type { DescribedTable, QuerySession, StatementOptions } from "./output/query-session.ts";
export type { RemoteOptions } from "./remote/remote-client.ts";
export type { RemoteHandle } from "./remote/remote-handle.ts";
export type { RemoteSession, RemoteSqlOptions } from "./remote/remote-session.ts";
export type { AwsCredentials } from "./remote/sign-request.ts";
export type { QueryHandle } from "./session/query-handle.ts";
export { SessionContext, type SqlOptions, type StandaloneOptions, type TestingOptions } from "./session/session.ts";
