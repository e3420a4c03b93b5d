/** The HTTP API as one hono app: what every request goes through, then the native API and the Trino protocol. */
import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { QueryError } from "../errors.ts";
import { nearestName } from "../expr/nearest-name.ts";
import type { QueryService } from "../service/query-service.ts";
import { type Authentication, type RequestOrigin, tenantOf } from "./authenticate.ts";
import { ApiMetrics } from "./metrics.ts";
import { type NativeContext, nativeHandlers } from "./native.ts";
import { type Operation, operations } from "./operations.ts";
import { problemResponse, RequestFailure } from "./problem.ts";
import { fromText, type JsonSchema, validate } from "./schema.ts";
import { addTrinoRoutes } from "./trino/routes.ts";

export interface ApiOptions {
  readonly service: QueryService;
  readonly authentication: Authentication;
  /** Bytes of one response; Lambda allows 6 MB, of which base64 takes a quarter. Default 4.5 MB. */
  readonly responseBytesMax?: number;
  /** Receives what nobody else is told about unexpected failures. */
  readonly log?: (entry: FailureLog) => void;
}

export interface FailureLog {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly error: unknown;
}

export interface ApiEnvironment {
  Bindings: RequestOrigin;
  Variables: { requestId: string; route: string };
}

export type ApiContext = Context<ApiEnvironment>;

const requestBytesMax = 1 << 20;

export function createApi(options: ApiOptions): Hono<ApiEnvironment> {
  const { service, authentication, log } = options;
  const metrics = new ApiMetrics();
  const app = new Hono<ApiEnvironment>();
  app.use(async (context, next) => {
    const requestId = requestIdOf(context);
    context.set("requestId", requestId);
    metrics.started();
    const start = performance.now();
    await next();
    context.header("x-request-id", requestId);
    context.header("x-content-type-options", "nosniff");
    if (!context.res.headers.has("cache-control")) context.header("cache-control", "no-store");
    const route = context.get("route") ?? "other";
    metrics.ended(context.req.method, route, context.res.status, (performance.now() - start) / 1000);
  });
  app.use(bodyLimit({ maxSize: requestBytesMax, onError: tooLarge }));
  const native: NativeContext = { service, metrics, responseBytesMax: options.responseBytesMax ?? 4_500_000 };
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    app.on(operation.method.toUpperCase(), operation.path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      context.set("route", operation.path);
      const tenant = operation.open
        ? ""
        : tenantOf(authentication, context.req.header("authorization"), context.env ?? {});
      const query = queryOf(context, operation.query);
      const body = operation.body ? await bodyOf(context, operation.body) : undefined;
      const path = context.req.path;
      return nativeHandlers[name as keyof typeof operations]({
        ...native,
        tenant,
        id: context.req.param("id") ?? "",
        query,
        body,
        path,
      });
    });
  }
  addTrinoRoutes(app, service, (context) => ({
    service,
    tenant: tenantOf(authentication, context.req.header("authorization"), context.env ?? {}),
    origin: originOf(context),
    header: (name) => context.req.header(name),
    responseBytesMax: native.responseBytesMax,
  }));
  app.notFound((context) => problemResponse(unknownPath(context), context.get("requestId")));
  app.onError((error, context) => {
    const requestId = context.get("requestId");
    const response = problemResponse(error, requestId);
    if (response.status === 500) log?.({ requestId, method: context.req.method, path: context.req.path, error });
    return response;
  });
  return app;
}

/** The caller's own, if it is harmless; else API Gateway's; else a new one. */
function requestIdOf(context: ApiContext): string {
  const given = context.req.header("x-request-id");
  if (given && /^[\w.:-]{1,128}$/.test(given)) return given;
  const origin = context.env?.requestContext as { readonly requestId?: string } | undefined;
  return origin?.requestId ?? randomUUID();
}

/** As the client sees it: a proxy says what the connection to it was. */
function originOf(context: ApiContext): string {
  const { protocol, host } = new URL(context.req.url);
  const forwarded = context.req.header("x-forwarded-proto");
  return `${forwarded === "https" || forwarded === "http" ? forwarded : protocol.slice(0, -1)}://${host}`;
}

function queryOf(context: ApiContext, schema: JsonSchema): Readonly<Record<string, unknown>> {
  const query: Record<string, unknown> = {};
  for (const [name, texts] of Object.entries(context.req.queries())) {
    if (texts.length > 1) throw invalid(`${name} is given more than once`);
    query[name] = fromText(schema.properties?.[name] ?? {}, texts[0]!);
  }
  validate(schema, query);
  return query;
}

async function bodyOf(context: ApiContext, schema: JsonSchema): Promise<unknown> {
  const type = context.req.header("content-type") ?? "";
  // Anything else could be sent by a web page without asking the server first.
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new RequestFailure(415, invalid("the request's content-type must be application/json"));
  }
  let body: unknown;
  try {
    body = JSON.parse(await context.req.text());
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(`the request is not JSON: ${error.message}`);
    throw error;
  }
  validate(schema, body);
  return body;
}

function invalid(message: string): QueryError {
  return new QueryError("invalid_argument", message);
}

function tooLarge(context: ApiContext): Response {
  const error = new QueryError("limit_exceeded", `a request may have ${requestBytesMax} bytes`);
  return problemResponse(new RequestFailure(413, error), context.get("requestId"));
}

function unknownPath(context: ApiContext): RequestFailure {
  const { method, path } = context.req;
  const here = Object.values<Operation>(operations).filter((operation) => matches(operation.path, path));
  if (here.length > 0) {
    const allow = here.map((operation) => operation.method.toUpperCase()).join(", ");
    return new RequestFailure(405, invalid(`${path} does not take ${method}`), { allow });
  }
  const near = nearestName(
    path,
    Object.values<Operation>(operations).map((operation) => operation.path),
  );
  const hint = near ? { hint: `Did you mean ${near}?` } : {};
  return new RequestFailure(404, new QueryError("not_found", `there is nothing at ${path}`, hint));
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replace(/\{\w+\}/g, "[^/]+").replaceAll(".", "\\.")}$`).test(path);
}
