/**
 * The roles of the emulated account: each function signs with a key of its own, so the emulators know who calls, count
 * by caller, and refuse what the role may not do, as IAM would.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { BadSignature, verifySignature } from "./sigv4.ts";

export interface Permission {
  /** "s3:GetObject"; a trailing * matches any rest. */
  readonly action: string;
  /** "bucket/key", a table or a function; a trailing * matches any rest. */
  readonly resource: string;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export class AccessDenied extends Error {}

/** Gives the caller's role. @throws AccessDenied */
export type Authorize = (request: IncomingMessage, body: Uint8Array, asked: Permission) => string;

export class Roles {
  readonly #permissions = new Map<string, readonly Permission[]>();
  readonly #secret: string;

  constructor(permissions: Readonly<Record<string, readonly Permission[]>>, secret: string) {
    for (const [role, each] of Object.entries(permissions)) this.#permissions.set(role, each);
    this.#secret = secret;
  }

  credentials(role: string): Credentials {
    const accessKeyId = `AKIDDEV${role.toUpperCase()}`;
    return { accessKeyId, secretAccessKey: this.#secretOf(accessKeyId) };
  }

  readonly authorize: Authorize = (request, body, { action, resource }) => {
    const role = this.authenticate(request, body);
    const allowed = this.#permissions
      .get(role)!
      .some((p) => matches(p.action, action) && matches(p.resource, resource));
    if (allowed) return role;
    throw new AccessDenied(`User: ${role} is not authorized to perform: ${action} on resource: ${resource}`);
  };

  /** Who signed. @throws AccessDenied */
  authenticate(request: IncomingMessage, body: Uint8Array): string {
    try {
      const key = verifySignature(request, (id) => (this.#roleOf(id) ? this.#secretOf(id) : undefined), body);
      return this.#roleOf(key)!;
    } catch (error) {
      throw error instanceof BadSignature ? new AccessDenied(error.message) : error;
    }
  }

  #roleOf(accessKeyId: string): string | undefined {
    const role = accessKeyId.replace(/^AKIDDEV/, "").toLowerCase();
    return accessKeyId.startsWith("AKIDDEV") && this.#permissions.has(role) ? role : undefined;
  }

  #secretOf(accessKeyId: string): string {
    return createHash("sha256").update(`${this.#secret}/${accessKeyId}`).digest("base64url");
  }
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : pattern === text;
}
