/**
 * The roles of the emulated account: each function signs with a key of its own, so the emulators know who calls, count
 * by caller, and refuse what the role may not do, as IAM would.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Asked, allows, type Statement } from "./policy.ts";
import { BadSignature, verifySignature } from "./sigv4.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export class AccessDenied extends Error {}

/** Gives the caller's role. @throws AccessDenied */
export type Authorize = (request: IncomingMessage, body: Uint8Array, asked: Asked) => string;

export class Roles {
  readonly #statements = new Map<string, readonly Statement[]>();
  readonly #secret: string;
  /** What each role asked for and got: "s3:GetObject". */
  readonly used = new Map<string, Set<string>>();

  constructor(statements: Readonly<Record<string, readonly Statement[]>>, secret: string) {
    for (const [role, each] of Object.entries(statements)) this.#statements.set(role, each);
    this.#secret = secret;
  }

  credentials(role: string): Credentials {
    const accessKeyId = `AKIDDEV${role.toUpperCase()}`;
    return { accessKeyId, secretAccessKey: this.#secretOf(accessKeyId) };
  }

  readonly authorize: Authorize = (request, body, asked) => {
    const role = this.authenticate(request, body);
    if (this.use(role, asked)) return role;
    const { action, resource } = asked;
    throw new AccessDenied(`User: ${role} is not authorized to perform: ${action} on resource: ${resource}`);
  };

  /** Whether a role may do something that it is about to do. */
  use(role: string, asked: Asked): boolean {
    if (!allows(this.#statements.get(role) ?? [], asked)) return false;
    const used = this.used.get(role) ?? new Set();
    this.used.set(role, used.add(asked.action));
    return true;
  }

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
    return accessKeyId.startsWith("AKIDDEV") && this.#statements.has(role) ? role : undefined;
  }

  #secretOf(accessKeyId: string): string {
    return createHash("sha256").update(`${this.#secret}/${accessKeyId}`).digest("base64url");
  }
}
