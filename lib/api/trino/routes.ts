/** The routes of the Trino client protocol. */
import type { Hono } from "hono";
import type { QueryService } from "../../service/query-service.ts";
import type { ApiContext, ApiEnvironment } from "../app.ts";
import { formPattern, parseForm } from "./form.ts";
import {
  acknowledgeSegment,
  cancelStatement,
  downloadSegment,
  getPage,
  pollStatement,
  postStatement,
  queryInfo,
  serverInfo,
  type TrinoRequest,
} from "./protocol.ts";

export type TrinoRequestOf = (context: ApiContext) => TrinoRequest;

export function addTrinoRoutes(app: Hono<ApiEnvironment>, service: QueryService, requestOf: TrinoRequestOf): void {
  const on = (
    method: string,
    path: string,
    handle: (request: TrinoRequest, context: ApiContext) => Promise<Response>,
  ) => {
    app.on(method, path, (context) => {
      context.set("route", path);
      return handle(requestOf(context), context);
    });
  };
  const open = (path: string, handle: (context: ApiContext) => Promise<Response>) => {
    app.get(path, (context) => {
      context.set("route", path);
      return handle(context);
    });
  };
  const id = (context: ApiContext) => context.req.param("id")!;
  on("POST", "/v1/statement", async (request, context) => postStatement(request, await context.req.text()));
  const form = (context: ApiContext) => parseForm(context.req.param("form")!);
  on("GET", `/v1/statement/queued/:id/:form{${formPattern}}/:token{[0-9]{1,9}}`, (request, context) =>
    pollStatement(request, id(context), form(context), Number(context.req.param("token"))),
  );
  on(
    "GET",
    `/v1/statement/executing/:id/:form{${formPattern}}/:place{[0-9]{1,9}(?:\\.[0-9]{1,15}){1,3}}`,
    (request, context) => getPage(request, id(context), form(context), context.req.param("place")!),
  );
  on("DELETE", "/v1/statement/:phase{queued|executing}/:id/:form/:rest", (request, context) =>
    cancelStatement(request, id(context)),
  );
  on("GET", "/v1/query/:id", (request, context) => queryInfo(request, id(context)));
  on("DELETE", "/v1/query/:id", (request, context) => cancelStatement(request, id(context)));
  // Clients fetch segments without their credentials: the token in the address is what lets them.
  open("/v1/spooled/download/:token", (context) => downloadSegment(service, context.req.param("token")!));
  open("/v1/spooled/ack/:token", (context) => acknowledgeSegment(service, context.req.param("token")!));
  open("/v1/info", async () => serverInfo());
}
