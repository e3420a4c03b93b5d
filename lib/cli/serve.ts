/** `volley serve`: the HTTP API and the Trino protocol over a session of this process. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { createApi, type FailureLog } from "../api/app.ts";
import { type Authentication, hashToken } from "../api/authenticate.ts";
import { QueryError } from "../errors.ts";
import { EmbeddedQueryService } from "../service/embedded-query-service.ts";
import { SessionContext } from "../session/session.ts";
import { exit } from "./exit.ts";
import { registerTables, type TableArguments } from "./tables.ts";

export interface ServeArguments extends TableArguments {
  readonly port: number;
  readonly host: string;
  /** Secrets, each of which lets a client in. */
  readonly token: readonly string[];
  readonly threads?: number;
  readonly memory?: string;
}

const loopback = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i;

/** Serves until SIGINT or SIGTERM; resolves with the exit code. */
export async function runServe(options: ServeArguments): Promise<number> {
  const { threads, memory, host } = options;
  const tokens = options.token.length > 0 ? options.token : (process.env.VOLLEY_TOKEN?.split(",") ?? []);
  if (tokens.length === 0 && !loopback.test(host)) {
    throw new QueryError(
      "invalid_argument",
      `without a token, nobody but this machine may ask: --host ${host} needs one`,
      {
        hint: "Give --token, or the environment variable VOLLEY_TOKEN.",
      },
    );
  }
  await using session = await SessionContext.standalone({ ...(threads && { threads }), ...(memory && { memory }) });
  await registerTables(session, options);
  const authentication: Authentication =
    tokens.length === 0
      ? { kind: "none" }
      : { kind: "tokens", tokens: tokens.map((token) => ({ tenant: "default", sha256: hashToken(token) })) };
  const service = new EmbeddedQueryService(session);
  const api = createApi({ service, authentication, log: logFailure, responseBytesMax: Number.POSITIVE_INFINITY });
  const fetch = (request: Request) => (tokens.length === 0 && foreign(request)) || api.fetch(request);
  const server = serve({ fetch, port: options.port, hostname: host }) as Server;
  await Promise.race([once(server, "listening"), once(server, "error").then(([error]) => Promise.reject(error))]);
  const { port } = server.address() as AddressInfo;
  process.stdout.write(greeting(`http://${host.includes(":") ? `[${host}]` : host}:${port}`, tokens.length > 0));
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  await once(stop.signal, "abort");
  server.close();
  server.closeAllConnections();
  return exit.ok;
}

/**
 * Without a token, what a web page of another origin sends must not run: neither by a form, nor under a name of its own
 * that resolves to this machine.
 */
function foreign(request: Request): Response | undefined {
  const { hostname, host } = new URL(request.url);
  const origin = request.headers.get("origin");
  if (loopback.test(hostname) && (origin === null || URL.parse(origin)?.host === host)) return undefined;
  return new Response("requests of other origins need a token\n", { status: 403 });
}

function greeting(url: string, needsToken: boolean): string {
  const header = needsToken ? ' -H "authorization: Bearer $TOKEN"' : "";
  const body = `'{"sql": "select 1 as one"}'`;
  return `Volley answers at ${url}\n\n  curl${header} ${url}/v1/queries --json ${body}\n\n`;
}

function logFailure({ requestId, method, path, error }: FailureLog): void {
  process.stderr.write(`${requestId} ${method} ${path}: ${(error as Error).stack ?? error}\n`);
}
