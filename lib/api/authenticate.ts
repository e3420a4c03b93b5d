/** Who asks: the tenant of a request. Queries of other tenants do not exist for it. */
import { createHash, timingSafeEqual } from "node:crypto";
import { QueryError } from "../errors.ts";
import { RequestFailure } from "./problem.ts";

export type Authentication =
  /** Everyone is the one tenant: only where nobody else can connect. */
  | { readonly kind: "none"; readonly tenant?: string }
  /** Bearer tokens, or passwords of basic authentication; only their SHA-256 is kept. */
  | { readonly kind: "tokens"; readonly tokens: readonly ApiToken[] }
  /** API Gateway or a function URL has checked the caller already and says who it is. */
  | { readonly kind: "authorizer"; readonly claim?: string };

/**
 * From the environment: VOLLEY_AUTH is `iam` or `jwt` (an authorizer has checked the caller; also when it is absent),
 * `tokens` (VOLLEY_API_TOKENS has tenant:sha256 pairs) or `none`. VOLLEY_TENANT_CLAIM names the JWT claim that is the
 * tenant; default `sub`.
 */
export function authenticationOf(variables: Readonly<Record<string, string | undefined>>): Authentication {
  const { VOLLEY_AUTH: kind = "iam", VOLLEY_API_TOKENS: tokens = "", VOLLEY_TENANT_CLAIM: claim } = variables;
  switch (kind) {
    case "none":
      return { kind };
    case "tokens":
      return { kind, tokens: parseTokens(tokens) };
    case "iam":
    case "jwt":
      return { kind: "authorizer", ...(claim && { claim }) };
    default:
      throw new QueryError("invalid_argument", `VOLLEY_AUTH must be iam, jwt, tokens or none, not ${kind}`);
  }
}

export interface ApiToken {
  /** 64 hex digits. */
  readonly sha256: string;
  readonly tenant: string;
}

/** What a request comes with besides its headers: the event's requestContext, where there is one. */
export interface RequestOrigin {
  readonly requestContext?: { readonly authorizer?: Authorizer };
}

interface Authorizer {
  readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> };
  readonly iam?: { readonly accountId?: string; readonly userId?: string };
  readonly lambda?: Readonly<Record<string, unknown>>;
}

/** @throws RequestFailure 401 */
export function tenantOf(authentication: Authentication, header: string | undefined, origin: RequestOrigin): string {
  switch (authentication.kind) {
    case "none":
      return authentication.tenant ?? "default";
    case "tokens":
      return tenantOfToken(authentication.tokens, header);
    case "authorizer":
      return tenantOfAuthorizer(origin.requestContext?.authorizer, authentication.claim ?? "sub");
  }
}

/** `tenant:sha256` pairs, separated by commas, as they stand in an environment variable. */
export function parseTokens(text: string): readonly ApiToken[] {
  return text.split(",").map((pair) => {
    const match = /^\s*([^:,\s]+):([0-9a-f]{64})\s*$/i.exec(pair);
    if (!match) throw new QueryError("invalid_argument", "API tokens are written tenant:sha256,tenant:sha256,…");
    return { tenant: match[1]!, sha256: match[2]!.toLowerCase() };
  });
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function tenantOfToken(tokens: readonly ApiToken[], header: string | undefined): string {
  const secret = header && secretOf(header);
  if (!secret) throw unauthenticated("the request carries no token");
  const digest = Buffer.from(hashToken(secret), "hex");
  // Every token is compared, so that the time tells nothing.
  const found = tokens.filter(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, "hex"), digest));
  if (found.length === 0) throw unauthenticated("the token is not known");
  return found[0]!.tenant;
}

/** The token of `Bearer …`, or the password of `Basic …`, which is all that some clients can send. */
function secretOf(header: string): string | undefined {
  const [scheme = "", credentials = ""] = header.trim().split(/\s+/, 2);
  if (/^bearer$/i.test(scheme)) return credentials;
  if (!/^basic$/i.test(scheme)) return undefined;
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

function tenantOfAuthorizer(authorizer: Authorizer | undefined, claim: string): string {
  const own = authorizer?.jwt?.claims?.[claim] ?? authorizer?.lambda?.[claim];
  if (typeof own === "string" && own !== "" && own.length <= 256) return own;
  const { accountId, userId } = authorizer?.iam ?? {};
  // A role's userId is `AROA…:session`: sessions of one role are one tenant.
  if (accountId && userId) return `${accountId}/${userId.split(":")[0]}`;
  throw unauthenticated("the request was not authorized");
}

function unauthenticated(message: string): RequestFailure {
  return new RequestFailure(401, new QueryError("unauthorized", message), {
    "www-authenticate": 'Bearer realm="volley"',
  });
}
