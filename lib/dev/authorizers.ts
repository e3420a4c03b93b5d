/** How the emulated HTTP API checks its callers, as API Gateway does before a function sees anything. */
import { createSign, createVerify, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { accountId } from "./permissions.ts";
import { AccessDenied, type Roles } from "./roles.ts";

/** requestContext.authorizer of the event; undefined where there is none. Throws Unauthorized. */
export type Authorizer = (request: IncomingMessage, body: Uint8Array) => object | undefined;

export class Unauthorized extends Error {
  readonly status: 401 | 403;

  constructor(status: 401 | 403, message: string) {
    super(message);
    this.status = status;
  }
}

export const noAuthorizer: Authorizer = () => undefined;

/** SigV4, as with authorization type AWS_IAM. */
export function iamAuthorizer(roles: Roles): Authorizer {
  return (request, body) => {
    try {
      const role = roles.authenticate(request, body);
      const userArn = `arn:aws:iam::${accountId}:user/${role}`;
      return { iam: { accessKey: `AKIDDEV${role.toUpperCase()}`, accountId, callerId: role, userId: role, userArn } };
    } catch (error) {
      if (error instanceof AccessDenied) throw new Unauthorized(403, "Forbidden");
      throw error;
    }
  };
}

/** Issues and checks RS256 tokens: the identity provider and the JWT authorizer in one. */
export class JwtIssuer {
  readonly #publicKey: KeyObject;
  readonly #privateKey: KeyObject;
  readonly issuer = "https://volley.invalid/";
  readonly audience = "volley";

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.#publicKey = publicKey;
    this.#privateKey = privateKey;
  }

  token(subject: string, secondsToLive = 86_400, claims: object = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, exp: now + secondsToLive };
    const payload = { iss: this.issuer, aud: this.audience, sub: subject, ...times, ...claims };
    const parts = [{ alg: "RS256", typ: "JWT" }, payload].map((part) => Buffer.from(JSON.stringify(part)));
    const text = parts.map((part) => part.toString("base64url")).join(".");
    return `${text}.${createSign("RSA-SHA256").update(text).sign(this.#privateKey).toString("base64url")}`;
  }

  readonly authorizer: Authorizer = (request) => {
    const token = /^(?:Bearer )?([^ ]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const claims = token && this.#claims(token);
    if (!claims) throw new Unauthorized(401, "Unauthorized");
    return { jwt: { claims, scopes: null } };
  };

  /** Undefined for a token that is not ours, not meant for us, or over. */
  #claims(token: string): Readonly<Record<string, string>> | undefined {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const verify = createVerify("RSA-SHA256").update(`${header}.${payload}`);
    if (!verify.verify(this.#publicKey, Buffer.from(signature, "base64url"))) return undefined;
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    if (claims.iss !== this.issuer || claims.aud !== this.audience) return undefined;
    if (Number(claims.exp) * 1000 < Date.now()) return undefined;
    // API Gateway hands claims over as text.
    return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)]));
  }
}
