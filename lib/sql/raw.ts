/** Reading the parser library's JSON: enums as `{Tag: payload}`, and the rule that nothing in it is passed over. */
import { type QueryError, type Span, unsupported } from "../errors.ts";

export type Raw = Readonly<Record<string, unknown>>;

/** An enum value: `"Tag"` or `{Tag: payload}`. */
export function variant(raw: unknown): readonly [tag: string, payload: unknown] {
  if (typeof raw === "string") return [raw, undefined];
  const [entry] = Object.entries((raw ?? {}) as Raw);
  return entry ?? ["", undefined];
}

/** The payload of an enum value if it has this tag. */
export function payloadOf(raw: unknown, tag: string): Raw | undefined {
  const [actual, payload] = variant(raw);
  return actual === tag ? (payload as Raw) : undefined;
}

export function list(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}

/** Fields that are places or spellings, not meaning. */
const meaningless: ReadonlySet<string> = new Set([
  "span",
  "select_token",
  "case_token",
  "end_token",
  "with_token",
  "closing_paren_token",
  "attached_token",
  "wildcard_token",
  "optimizer_hints",
  "top_before_distinct",
  "window_before_qualify",
]);

/** Clauses whose field name would not tell a reader what he wrote. */
const clauseNames: Readonly<Record<string, string>> = {
  top: "TOP",
  into: "SELECT … INTO",
  selection: "WHERE",
  locks: "FOR UPDATE or FOR SHARE",
  pipe_operators: "the pipe operator |>",
  lateral_views: "LATERAL VIEW",
  sample: "TABLESAMPLE",
  version: "time travel (FOR SYSTEM_TIME AS OF)",
  index_hints: "an index hint",
  with_hints: "WITH hints",
  for_clause: "FOR XML or FOR JSON",
  limit_by: "LIMIT … BY",
  interpolate: "INTERPOLATE",
  with_fill: "WITH FILL",
  within_group: "WITHIN GROUP",
  opt_ilike: "* ILIKE",
  uses_odbc_syntax: "ODBC syntax {fn …}",
  global: "GLOBAL JOIN",
  any: "LIKE ANY",
};

/**
 * Fails if a node has anything set besides `known`: a clause that Volley does not convert must never be silently lost.
 * Absent, false, empty lists and "None" count as not set.
 */
export function onlyFields(raw: unknown, known: readonly string[], span: Span | undefined): void {
  for (const [name, value] of Object.entries((raw ?? {}) as Raw)) {
    if (known.includes(name) || meaningless.has(name) || !isSet(value)) continue;
    throw unsupported(clauseNames[name] ?? name.replaceAll("_", " ").toUpperCase(), span);
  }
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "None") return false;
  return !(Array.isArray(value) && value.length === 0);
}

/** The error of a node that has no conversion at all. */
export function unknownNode(what: string, tag: string, span: Span | undefined): QueryError {
  const words = tag.replace(/([a-z])([A-Z])/g, "$1 $2");
  return unsupported(`${what} ${words}`, span);
}
