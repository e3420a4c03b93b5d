/** Values for a query's parameters, as JavaScript has them. The binder (lib/logical/bind-literal.ts) gives them types. */
import type { LiteralExpr } from "./expr.ts";

/**
 * A safe integer is INTEGER or BIGINT, any other number DOUBLE; a bigint BIGINT, or DECIMAL when it is larger; a Date is
 * TIMESTAMP in UTC; bytes are BLOB. A constant that has its type already, as the HTTP API makes them, stays as it is.
 */
export type ParameterValue = null | boolean | number | bigint | string | Date | Uint8Array | LiteralExpr;

/** Of $1, $2, … and ? in order, or of $name by name. */
export type ParameterValues = readonly ParameterValue[] | Readonly<Record<string, ParameterValue>>;
