/** Every operation of the native API: how it is asked, how it answers. The routes are made of these, and openapi.json. */
import type { JsonSchema } from "./schema.ts";
import {
  type answerSchemas,
  getQuerySchema,
  listQuerySchema,
  noQuerySchema,
  planQuerySchema,
  ref,
  resultsQuerySchema,
  submitSchema,
  tasksQuerySchema,
} from "./wire.ts";

export interface Operation {
  readonly method: "get" | "post" | "delete";
  /** With {name} for what varies. */
  readonly path: string;
  readonly summary: string;
  /** Fields of the query string. */
  readonly query: JsonSchema;
  readonly body?: JsonSchema;
  /** By status, then media type. */
  readonly answers: Readonly<Record<number, Readonly<Record<string, JsonSchema>>>>;
  /** Without a token. */
  readonly open?: boolean;
}

export const mediaTypes = {
  json: "application/json",
  csv: "text/csv; charset=utf-8",
  arrow: "application/vnd.apache.arrow.stream",
  dot: "text/vnd.graphviz; charset=utf-8",
  svg: "image/svg+xml",
  text: "text/plain; charset=utf-8",
  metrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const;

const text: JsonSchema = { type: "string" };
const binary: JsonSchema = { type: "string", format: "binary" };

function json(name: keyof typeof answerSchemas): Readonly<Record<string, JsonSchema>> {
  return { [mediaTypes.json]: ref(name) };
}

export const operations = {
  submitQuery: {
    method: "post",
    path: "/v1/queries",
    summary: "Asks a query. Small answers that are ready in time come at once, in the form asked for.",
    query: noQuerySchema,
    body: submitSchema,
    answers: {
      200: { ...json("Answer"), [mediaTypes.csv]: text, [mediaTypes.arrow]: binary },
      202: json("Query"),
    },
  },
  listQueries: {
    method: "get",
    path: "/v1/queries",
    summary: "The caller's queries, newest first.",
    query: listQuerySchema,
    answers: { 200: json("Queries") },
  },
  getQuery: {
    method: "get",
    path: "/v1/queries/{id}",
    summary: "How a query stands: state, progress of its stages, cost so far. Waits for its end if asked to.",
    query: getQuerySchema,
    answers: { 200: json("Query") },
  },
  cancelQuery: {
    method: "delete",
    path: "/v1/queries/{id}",
    summary: "Stops a query. One that has ended stays as it is.",
    query: noQuerySchema,
    answers: { 200: json("Query") },
  },
  getResults: {
    method: "get",
    path: "/v1/queries/{id}/results",
    summary: "A finished query's rows, in pages; Arrow as one stream, or as links to its parts when it is large.",
    query: resultsQuerySchema,
    answers: {
      200: {
        [mediaTypes.json]: { anyOf: [ref("Results"), ref("ArrowLinks")] },
        [mediaTypes.csv]: text,
        [mediaTypes.arrow]: binary,
      },
      202: json("Query"),
    },
  },
  getPlan: {
    method: "get",
    path: "/v1/queries/{id}/plan",
    summary: "A query's plan: as text, as parts, or as a graph of its stages.",
    query: planQuerySchema,
    answers: {
      200: { [mediaTypes.text]: text, ...json("Plan"), [mediaTypes.dot]: text, [mediaTypes.svg]: text },
    },
  },
  getTasks: {
    method: "get",
    path: "/v1/queries/{id}/tasks",
    summary: "What the tasks of a query's finished stages did, used and cost.",
    query: tasksQuerySchema,
    answers: { 200: json("Tasks") },
  },
  listTables: {
    method: "get",
    path: "/v1/tables",
    summary: "The tables that can be asked, with their columns.",
    query: noQuerySchema,
    answers: { 200: json("Tables") },
  },
  getHealth: {
    method: "get",
    path: "/healthz",
    summary: "Whether the API runs.",
    query: noQuerySchema,
    answers: { 200: json("Health") },
    open: true,
  },
  getMetrics: {
    method: "get",
    path: "/metrics",
    summary: "Counts of this process's requests, as OpenMetrics.",
    query: noQuerySchema,
    answers: { 200: { [mediaTypes.metrics]: text } },
  },
  getOpenApi: {
    method: "get",
    path: "/openapi.json",
    summary: "This description.",
    query: noQuerySchema,
    answers: { 200: { [mediaTypes.json]: { type: "object" } } },
    open: true,
  },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof operations;
