/**
 * The Trino client protocol (https://trino.io/docs/current/develop/client-protocol.html) over the query service. It keeps
 * nothing: where an answer continues stands in nextUri, so that any process may serve any page, again and again.
 */
import { QueryError, type QueryErrorJson } from "../../errors.ts";
import { newQueryId } from "../../service/query-id.ts";
import type { QueryInfo, QueryService, ResultColumnInfo, ResultSlice, TableInfo } from "../../service/query-service.ts";
import { hasEnded } from "../../service/query-store.ts";
import { version } from "../../version.ts";
import { firstPlace, formatPlace, type Place, pageOf, parsePlace } from "../result-page.ts";
import type { Answer } from "./answer.ts";
import type { Knowledge } from "./context.ts";
import { describeQuery } from "./describe-query.ts";
import { trinoError } from "./errors.ts";
import { type AnswerForm, formatForm, formOf } from "./form.ts";
import { limitsOf } from "./limits.ts";
import { spooledPage } from "./segments.ts";
import { readSession } from "./session.ts";
import { translate } from "./statement.ts";
import { stateOf, statsOf } from "./stats.ts";
import { trinoColumn, trinoRow } from "./types.ts";

export interface TrinoRequest {
  readonly service: QueryService;
  readonly tenant: string;
  /** Scheme and host that the client used. */
  readonly origin: string;
  readonly header: (name: string) => string | undefined;
  readonly responseBytesMax: number;
}

/** QueryResults of the protocol, without its data. */
interface ResultsBody {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** A client asks again after so long. */
const pollMs = 1000;
const pageBytesMax = 4_000_000;

export async function postStatement(request: TrinoRequest, sql: string): Promise<Response> {
  const { service, tenant } = request;
  try {
    const session = readSession(request.header);
    const limits = limitsOf(session);
    const translated = await translate(sql, session, knowledgeOf(request));
    if (translated.kind === "query") {
      const { tags } = session;
      const query = { sql: translated.sql, tenant, ...limits, ...(tags.length > 0 && { tags }) };
      return running(request, await service.submit(query), formOf(session), 1);
    }
    return respond(request, answered(translated), translated.headers);
  } catch (thrown) {
    if (!(thrown instanceof QueryError) || thrown.code === "throttled") throw thrown;
    return respond(request, failed(newQueryId(), thrown));
  }
}

function answered({ columns, rows, updateType }: Answer): ResultsBody {
  return {
    id: newQueryId(),
    columns: columns.map((column) => trinoColumn(column, true)),
    ...(rows.length > 0 && { data: rows }),
    stats: statsOf("FINISHED"),
    ...(updateType && { updateType }),
  };
}

function knowledgeOf({ service, tenant }: TrinoRequest): Knowledge {
  let tables: Promise<readonly TableInfo[]> | undefined;
  return {
    tables: () => {
      tables ??= service.tables(tenant);
      return tables;
    },
    columnsOf: (sql) => describeQuery(service, tenant, sql),
  };
}

/** How a query stands, until it has ended; then its first page. */
export async function pollStatement(
  request: TrinoRequest,
  id: string,
  form: AnswerForm,
  token: number,
): Promise<Response> {
  const info = await request.service.get(request.tenant, id, { waitMs: pollMs });
  if (!info) throw new QueryError("not_found", `there is no query ${id}`);
  if (info.error) return respond(request, { ...failed(id, info.error), stats: statsOf("FAILED", info) });
  return hasEnded(info) ? page(request, info, form, firstPlace) : running(request, info, form, token + 1);
}

export async function getPage(request: TrinoRequest, id: string, form: AnswerForm, place: string): Promise<Response> {
  const info = await request.service.get(request.tenant, id);
  if (!info || !hasEnded(info)) throw new QueryError("not_found", `there is no such page of query ${id}`);
  if (info.error) return respond(request, { ...failed(id, info.error), stats: statsOf("FAILED", info) });
  return page(request, info, form, parsePlace(place));
}

export async function cancelStatement({ service, tenant }: TrinoRequest, id: string): Promise<Response> {
  await service.cancel(tenant, id);
  return new Response(null, { status: 204 });
}

/** GET /v1/query/{id}: what clients look at beside the answer. */
export async function queryInfo({ service, tenant }: TrinoRequest, id: string): Promise<Response> {
  const info = await service.get(tenant, id);
  if (!info) throw new QueryError("not_found", `there is no query ${id}`);
  const body = { queryId: id, state: stateOf(info), query: info.sql, queryStats: statsOf(stateOf(info), info) };
  return Response.json({ ...body, ...(info.error && { failureInfo: trinoError(info.error) }) });
}

export function serverInfo(): Response {
  const nodeVersion = { version: `volley ${version}` };
  return Response.json({ nodeVersion, environment: "volley", coordinator: true, starting: false, uptime: "0.00s" });
}

function running(request: TrinoRequest, info: QueryInfo, form: AnswerForm, token: number): Response {
  const { id } = info;
  const nextUri = `${request.origin}/v1/statement/queued/${id}/${formatForm(form)}/${token}`;
  return respond(request, { id, nextUri, stats: statsOf(stateOf(info), info) });
}

async function page(request: TrinoRequest, info: QueryInfo, form: AnswerForm, place: Place): Promise<Response> {
  const { service, tenant, origin } = request;
  const { parametric, encoding } = form;
  const columns = info.columns!;
  const slices = await service.results(tenant, info.id);
  const format = trinoRow(columns, parametric);
  const { segments } = service;
  const { data, next } = encoding
    ? await spooledPage({ queryId: info.id, slices, encoding, format, segments, origin }, place)
    : await directPage(request, slices, format, place);
  const nextUri = next && `${origin}/v1/statement/executing/${info.id}/${formatForm(form)}/${formatPlace(next)}`;
  const body = {
    id: info.id,
    ...(nextUri && { nextUri }),
    columns: columns.map((column: ResultColumnInfo) => trinoColumn(column, parametric)),
    stats: statsOf(next ? "RUNNING" : "FINISHED", info),
  };
  return respond(request, body, {}, data);
}

/** Rows as they are. */
async function directPage(
  request: TrinoRequest,
  slices: readonly ResultSlice[],
  format: ReturnType<typeof trinoRow>,
  from: Place,
) {
  const bytesMax = Math.min(pageBytesMax, request.responseBytesMax * 0.7);
  const { rows, next } = await pageOf(slices, from, format, { bytesMax });
  return { data: rows.length > 0 ? `[${rows.join(",\n")}]` : undefined, next };
}

/** A segment that has no link of its own; whoever has its token may have it. */
export async function downloadSegment(service: QueryService, token: string): Promise<Response> {
  const bytes = await service.segments.get(token);
  return new Response(Buffer.from(bytes), { headers: { "content-type": "application/octet-stream" } });
}

export async function acknowledgeSegment(service: QueryService, token: string): Promise<Response> {
  await service.segments.drop(token);
  return new Response(null, { status: 200 });
}

function failed(id: string, error: QueryError | QueryErrorJson): ResultsBody {
  return { id, stats: statsOf("FAILED"), error: trinoError(error) };
}

/** @param data JSON text, which may hold integers that JavaScript's numbers cannot */
function respond(
  { origin }: TrinoRequest,
  body: ResultsBody,
  headers: Readonly<Record<string, string>> = {},
  data?: string,
): Response {
  const infoUri = `${origin}/v1/query/${body.id}`;
  const text = JSON.stringify({ infoUri, warnings: [], ...body });
  const full = data === undefined ? text : `${text.slice(0, -1)},"data":${data}}`;
  return new Response(full, { headers: { "content-type": "application/json", ...headers } });
}
