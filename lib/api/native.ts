/** What each operation of the native API does. */
import { formatPrice, formatReading } from "../bill/format-estimate.ts";
import { QueryError } from "../errors.ts";
import { drawDot } from "../explain/draw-dot.ts";
import type { QueryInfo, QueryService, ResultSlice } from "../service/query-service.ts";
import { version } from "../version.ts";
import type { ApiMetrics } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { mediaTypes, type OperationName } from "./operations.ts";
import { literalsOf } from "./parameter-values.ts";
import { QueryFailure } from "./problem.ts";
import {
  arrowStream,
  csvHeader,
  csvRow,
  firstPlace,
  formatPlace,
  jsonRow,
  type Page,
  type Place,
  pageOf,
  parsePlace,
  rowsBefore,
} from "./result-page.ts";
import {
  type ArrowLinksBody,
  columnBody,
  type PlanFormat,
  queryBody,
  type ResultFormat,
  type SubmitBody,
  tableBody,
} from "./wire.ts";

export interface NativeContext {
  readonly service: QueryService;
  readonly metrics: ApiMetrics;
  /** Bytes of one response. */
  readonly responseBytesMax: number;
}

/** A request that was let in and validated. */
export interface NativeRequest extends NativeContext {
  readonly tenant: string;
  readonly path: string;
  /** Of a query; empty where the path has none. */
  readonly id: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

type Handler = (request: NativeRequest) => Promise<Response>;

const waitSecondsDefault = 5;
/** Answers up to this size come with the response that started them. */
const inlineBytesMax = 1_000_000;
/** More JSON at once than this makes clients slow. */
const jsonBytesMax = 4_500_000;
const linkSeconds = 3600;
/** Answers up to this size are read before anything is sent, so that a failure can still be told. */
const bufferedBytesMax = 8_000_000;

export const nativeHandlers: Readonly<Record<OperationName, Handler>> = {
  submitQuery: async (request) => {
    const { service, tenant, path } = request;
    const { sql, parameters, format = "json", wait = waitSecondsDefault, ...limits } = request.body as SubmitBody;
    const submitted = await service.submit({
      sql,
      tenant,
      ...limits,
      ...(parameters && { parameters: literalsOf(parameters) }),
    });
    const info =
      wait > 0 ? await found(service.get(tenant, submitted.id, { waitMs: wait * 1000 }), submitted.id) : submitted;
    const location = { location: `${path}/${info.id}`, "x-volley-query-id": info.id };
    if (info.error) throw new QueryFailure(info.id, QueryError.fromJSON(info.error));
    if (info.status !== "finished" || info.resultBytes! > Math.min(inlineBytesMax, request.responseBytesMax)) {
      return json(queryBody(info), 202, location);
    }
    const slices = await service.results(tenant, info.id);
    if (format !== "json") return results(request, info, slices, format, firstPlace, location);
    const page = await jsonPage(request, info, slices, firstPlace);
    return new Response(`${JSON.stringify(queryBody(info)).slice(0, -1)},${rowsAndNext(page)}}`, {
      headers: { "content-type": mediaTypes.json, ...location },
    });
  },

  listQueries: async ({ service, tenant, query }) => {
    const queries = await service.list(tenant, query);
    return json({ queries: queries.map(queryBody) });
  },

  getQuery: async ({ service, tenant, id, query }) => {
    return json(queryBody(await found(service.get(tenant, id, { waitMs: waitMs(query) }), id)));
  },

  cancelQuery: async ({ service, tenant, id }) => json(queryBody(await found(service.cancel(tenant, id), id))),

  getResults: async (request) => {
    const { service, tenant, id, query } = request;
    const info = await found(service.get(tenant, id, { waitMs: waitMs(query) }), id);
    if (info.error) throw new QueryFailure(id, QueryError.fromJSON(info.error));
    if (info.status !== "finished") return json(queryBody(info), 202, { "retry-after": "1" });
    const place = parsePlace(query.page as string | undefined);
    const slices = await service.results(tenant, id);
    return results(request, info, slices, (query.format ?? "json") as ResultFormat, place);
  },

  getPlan: async ({ service, tenant, id, query }) => {
    const info = await found(service.get(tenant, id), id);
    const plan = await service.plan(tenant, id);
    if (!plan && info.error) throw new QueryFailure(id, QueryError.fromJSON(info.error));
    if (!plan) throw new QueryError("not_found", `the query ${id} is not planned yet`, { retryable: true });
    switch ((query.format ?? "text") as PlanFormat) {
      case "json":
        return json(plan);
      case "dot":
        return new Response(plan.dot, { headers: { "content-type": mediaTypes.dot } });
      case "svg": {
        // Labels are text that people wrote; the drawing must not run as a page of this origin.
        const headers = {
          "content-type": mediaTypes.svg,
          "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        };
        return new Response(await drawDot(plan.dot), { headers });
      }
      case "text": {
        const estimate = `${formatReading(plan.estimate)}\n${formatPrice(plan.estimate)}`;
        const text = `optimized plan:\n${plan.logical}\nstages:\n${plan.stages}\nestimate:\n${estimate}\n`;
        return new Response(text, { headers: { "content-type": mediaTypes.text } });
      }
    }
  },

  getTasks: async ({ service, tenant, id, query }) => {
    const tasks = await service.tasks(tenant, id);
    if (!tasks) throw new QueryError("not_found", `there is no query ${id}`);
    return json({ tasks: tasks.filter(({ stage }) => query.stage === undefined || stage === query.stage) });
  },

  listTables: async ({ service, tenant }) => json({ tables: (await service.tables(tenant)).map(tableBody) }),

  getHealth: async () => json({ status: "ok", version }),

  getMetrics: async ({ metrics }) => new Response(metrics.text(), { headers: { "content-type": mediaTypes.metrics } }),

  getOpenApi: async () => json(openApiDocument()),
};

async function found(query: Promise<QueryInfo | undefined>, id: string): Promise<QueryInfo> {
  const info = await query;
  if (info) return info;
  throw new QueryError("not_found", `there is no query ${id}`);
}

function waitMs({ wait = 0 }: Readonly<Record<string, unknown>>): number {
  return (wait as number) * 1000;
}

function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": mediaTypes.json, ...headers } });
}

/** A page of a finished query's answer. */
async function results(
  request: NativeRequest,
  info: QueryInfo,
  slices: readonly ResultSlice[],
  format: ResultFormat,
  from: Place,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  switch (format) {
    case "json": {
      const columns = JSON.stringify(info.columns!.map(columnBody));
      const text = `{"columns":${columns},${rowsAndNext(await jsonPage(request, info, slices, from))}}`;
      return new Response(text, { headers: { "content-type": mediaTypes.json, ...headers } });
    }
    case "csv":
      return csv(request, info, slices, from, headers);
    case "arrow":
      return arrow(request, info, slices, from, headers);
  }
}

function jsonPage(request: NativeRequest, info: QueryInfo, slices: readonly ResultSlice[], from: Place): Promise<Page> {
  const bytesMax = Math.min(jsonBytesMax, request.responseBytesMax);
  return pageOf(slices, from, jsonRow(info.columns!), { bytesMax, ...rowsMax(request) });
}

function rowsMax({ query }: NativeRequest): { rowsMax?: number } {
  return query.limit === undefined ? {} : { rowsMax: query.limit as number };
}

function rowsAndNext({ rows, next }: Page): string {
  return `"rows":[${rows.join(",\n")}]${next ? `,"next":"${formatPlace(next)}"` : ""}`;
}

/** The first page has the names of the columns; a link header leads to the next. */
async function csv(
  request: NativeRequest,
  info: QueryInfo,
  slices: readonly ResultSlice[],
  from: Place,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const bytesMax = request.responseBytesMax;
  const page = await pageOf(slices, from, csvRow(info.columns!), { bytesMax, ...rowsMax(request) });
  const first = rowsBefore(slices, from) === 0 ? [csvHeader(info.columns!)] : [];
  const text = [...first, ...page.rows].map((line) => `${line}\n`).join("");
  const next = page.next ? nextLink(info.id, "csv", page.next) : {};
  return new Response(text, { headers: { "content-type": mediaTypes.csv, ...headers, ...next } });
}

function nextLink(id: string, format: ResultFormat, next: Place): Readonly<Record<string, string>> {
  const page = formatPlace(next);
  return { link: `</v1/queries/${id}/results?format=${format}&page=${page}>; rel="next"`, "x-volley-next": page };
}

/** One stream when it fits a response, else links to the slices, else (where there are no links) whole slices page by page. */
async function arrow(
  request: NativeRequest,
  info: QueryInfo,
  slices: readonly ResultSlice[],
  from: Place,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  if (from.row > 0) throw new QueryError("invalid_argument", "a page of Arrow starts with a whole part of the answer");
  const columns = info.columns!;
  const stream = async (of: readonly ResultSlice[], extra: Readonly<Record<string, string>> = {}) => {
    const pieces = arrowStream(columns, of);
    const isSmall = bytesOf(of) <= bufferedBytesMax;
    const body = isSmall ? await joined(pieces) : (ReadableStream.from(pieces) as ReadableStream<Uint8Array>);
    return new Response(body, { headers: { "content-type": mediaTypes.arrow, ...headers, ...extra } });
  };
  const rest = slices.slice(from.slice);
  const bytesMax = request.responseBytesMax;
  if (bytesOf(rest) <= bytesMax) return stream(rest);
  const links = await linksTo(rest);
  if (links) {
    const body: ArrowLinksBody = { columns: columns.map(columnBody), links, expiresIn: linkSeconds };
    return json(body, 200, headers);
  }
  let [count, bytes] = [0, 0];
  while (count < rest.length && (count === 0 || bytes + rest[count]!.bytes <= bytesMax)) bytes += rest[count++]!.bytes;
  const next = { ...firstPlace, slice: from.slice + count };
  return stream(rest.slice(0, count), next.slice < slices.length ? nextLink(info.id, "arrow", next) : {});
}

function bytesOf(slices: readonly ResultSlice[]): number {
  return slices.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const copies: Uint8Array[] = [];
  for await (const piece of pieces) copies.push(piece.slice());
  return Buffer.concat(copies);
}

/** Undefined where there are no links. Slices that lie in a record instead of an object are small: they are their own links. */
async function linksTo(slices: readonly ResultSlice[]): Promise<ArrowLinksBody["links"] | undefined> {
  const urls = await Promise.all(slices.map((slice) => slice.link(linkSeconds)));
  if (urls.every((url) => url === undefined)) return undefined;
  const links = slices.map(async (slice, i) => {
    const { rows, bytes } = slice;
    return { url: urls[i] ?? dataUrl(await slice.read()), rows, bytes };
  });
  return Promise.all(links);
}

function dataUrl(bytes: Uint8Array): string {
  return `data:${mediaTypes.arrow};base64,${Buffer.from(bytes).toString("base64")}`;
}
