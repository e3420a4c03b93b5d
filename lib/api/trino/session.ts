/** What a Trino client sends along with every statement: its session lives with it, in headers. */
import { QueryError } from "../../errors.ts";

export interface TrinoSession {
  readonly user: string;
  readonly catalog: string;
  readonly schema: string;
  /** SQL of prepared statements by name. */
  readonly prepared: ReadonlyMap<string, string>;
  readonly properties: ReadonlyMap<string, string>;
  readonly capabilities: ReadonlySet<string>;
  /** Encodings of spooled answers that the client reads, best first. */
  readonly encodings: readonly string[];
  /** Of what the client is doing, for whoever looks at its queries. */
  readonly tags: readonly string[];
  /** Set while the client is in a transaction. */
  readonly transaction?: string;
}

export const catalogName = "volley";
export const defaultSchema = "default";

export function readSession(header: (name: string) => string | undefined): TrinoSession {
  const transaction = header("x-trino-transaction-id");
  return {
    user: header("x-trino-user") ?? "",
    catalog: header("x-trino-catalog") ?? catalogName,
    schema: header("x-trino-schema") ?? defaultSchema,
    prepared: pairs(header("x-trino-prepared-statement")),
    properties: pairs(header("x-trino-session")),
    capabilities: new Set(items(header("x-trino-client-capabilities"))),
    encodings: items(header("x-trino-query-data-encoding")),
    tags: items(header("x-trino-client-tags")).slice(0, 20),
    ...(transaction && transaction !== "NONE" && { transaction }),
  };
}

function items(text = ""): readonly string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** `name=value,…`, the values URL-encoded. */
function pairs(text?: string): ReadonlyMap<string, string> {
  return new Map(
    items(text).map((item) => {
      const equals = item.indexOf("=");
      return [decoded(item.slice(0, equals)), decoded(item.slice(equals + 1))];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new QueryError("invalid_argument", "a session header is not URL-encoded");
  }
}

/** As Java's URLEncoder writes it, for headers that clients send back. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll("%20", "+");
}
