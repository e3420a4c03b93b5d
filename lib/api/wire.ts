/** The native API's requests and answers: the schemas that validate the one and describe the other, and their types. */
import { typeName } from "../arrow/types.ts";
import type { Cost, Usage } from "../bill/usage.ts";
import type { QueryErrorJson } from "../errors.ts";
import type {
  BillInfo,
  QueryInfo,
  QueryStatus,
  ResultColumnInfo,
  StageProgress,
  TableInfo,
} from "../service/query-service.ts";
import type { JsonParameters } from "./parameter-values.ts";
import { pagePattern } from "./result-page.ts";
import type { JsonSchema } from "./schema.ts";

export const resultFormats = ["json", "csv", "arrow"] as const;
export type ResultFormat = (typeof resultFormats)[number];

export const planFormats = ["text", "json", "dot", "svg"] as const;
export type PlanFormat = (typeof planFormats)[number];

const statuses = ["queued", "planning", "running", "finished", "failed", "cancelled"] as const;

/** API Gateway ends a request after 30 s. */
export const waitSecondsMax = 25;
export const sqlCharactersMax = 200_000;

export interface SubmitBody {
  readonly sql: string;
  readonly parameters?: JsonParameters;
  readonly format?: ResultFormat;
  readonly wait?: number;
  readonly maxBytes?: number;
  readonly maxCost?: number;
  readonly idempotencyKey?: string;
  readonly tags?: readonly string[];
}

const wait = {
  type: "number",
  minimum: 0,
  maximum: waitSecondsMax,
  description: "Seconds to wait for the query to end.",
} as const satisfies JsonSchema;

const format = { type: "string", enum: resultFormats, default: "json" } as const satisfies JsonSchema;

const typedValue: JsonSchema = {
  type: "object",
  description: 'A value with its type, such as {"type": "DATE", "value": "2026-11-22"}; binary values are base64.',
  properties: {
    type: { type: "string" },
    value: { anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }, { type: "null" }] },
  },
  required: ["type", "value"],
  additionalProperties: false,
};

const parameter: JsonSchema = {
  anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }, { type: "null" }, typedValue],
};

export const submitSchema: JsonSchema = {
  type: "object",
  properties: {
    sql: { type: "string", minLength: 1, maxLength: sqlCharactersMax, description: "One statement." },
    parameters: {
      description: "Values of $1, $2, … or ? as an array, or of $name as an object.",
      anyOf: [
        { type: "array", items: parameter, maxItems: 1000 },
        { type: "object", additionalProperties: parameter },
      ],
    },
    format: { ...format, description: "The form of an answer that comes at once." },
    wait: { ...wait, default: 5, description: "Seconds to wait for the answer; longer queries are answered with 202." },
    maxBytes: {
      type: "integer",
      minimum: 1,
      description:
        "Bytes of tables that the query may read: it does not start when it surely reads more, and stops when it has.",
    },
    maxCost: {
      type: "number",
      exclusiveMinimum: 0,
      description:
        "US dollars that the query may cost: it does not start when it surely costs more, and stops when it has.",
    },
    idempotencyKey: {
      type: "string",
      minLength: 1,
      maxLength: 128,
      description: "Asked again with the same key within a day, the same query answers.",
    },
    tags: {
      type: "array",
      items: { type: "string", minLength: 1, maxLength: 128 },
      maxItems: 20,
      description: "Your own words for what the query belongs to; shown with it.",
    },
  },
  required: ["sql"],
  additionalProperties: false,
};

function querySchema(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: "object", properties, additionalProperties: false };
}

export const getQuerySchema = querySchema({ wait });

export const listQuerySchema = querySchema({
  limit: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
  status: { type: "string", enum: statuses },
});

export const resultsQuerySchema = querySchema({
  format,
  page: { type: "string", pattern: pagePattern, description: "From `next` of the page before." },
  limit: { type: "integer", minimum: 1, maximum: 1_000_000, description: "Rows of a page at most (JSON and CSV)." },
  wait,
});

export const planQuerySchema = querySchema({ format: { type: "string", enum: planFormats, default: "text" } });

export const tasksQuerySchema = querySchema({
  stage: { type: "integer", minimum: 0, description: "Of this stage only." },
});

export const noQuerySchema = querySchema({});

/** A query as the API shows it. */
export interface QueryBody {
  readonly id: string;
  readonly status: QueryStatus;
  readonly sql: string;
  readonly tags?: readonly string[];
  /** ISO 8601, as all times. */
  readonly submittedAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly columns?: readonly ColumnBody[];
  readonly stages: readonly StageProgress[];
  readonly rowCount?: number;
  readonly resultBytes?: number;
  readonly usage: Usage;
  /** US dollars. */
  readonly cost: Cost;
  readonly bill: BillInfo;
  readonly error?: QueryErrorJson;
}

export interface ColumnBody {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

export interface TableBody {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnBody[];
}

export interface ArrowLinksBody {
  readonly columns: readonly ColumnBody[];
  readonly links: readonly { readonly url: string; readonly rows: number; readonly bytes: number }[];
  /** Seconds that the links hold. */
  readonly expiresIn: number;
}

export function queryBody(info: QueryInfo): QueryBody {
  const { id, status, sql, tags, stages, usage, cost, bill } = info;
  return {
    id,
    status,
    sql,
    ...(tags && { tags }),
    submittedAt: isoTime(info.submittedMs),
    ...(info.startedMs !== undefined && { startedAt: isoTime(info.startedMs) }),
    ...(info.finishedMs !== undefined && { finishedAt: isoTime(info.finishedMs) }),
    ...(info.columns && { columns: info.columns.map(columnBody) }),
    stages,
    ...(info.rows !== undefined && { rowCount: info.rows }),
    ...(info.resultBytes !== undefined && { resultBytes: info.resultBytes }),
    usage,
    cost,
    bill,
    ...(info.error && { error: info.error }),
  };
}

export function columnBody({ name, type, nullable }: ResultColumnInfo): ColumnBody {
  return { name, type: typeName(type), nullable };
}

export function tableBody({ schema, name, columns }: TableInfo): TableBody {
  return { schema, name, columns: columns.map(columnBody) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

const text: JsonSchema = { type: "string" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const dollars: JsonSchema = { type: "number", minimum: 0 };
const time: JsonSchema = { type: "string", format: "date-time" };

function object(properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

export function ref(name: keyof typeof answerSchemas): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

const column = object({ name: text, type: { ...text, examples: ["DECIMAL(15,2)"] }, nullable: { type: "boolean" } });

const units: JsonSchema = { type: "number", minimum: 0 };

const usage = object({
  lambdaGbSeconds: units,
  lambdaInvocations: count,
  s3Gets: count,
  s3Puts: count,
  s3BytesRead: count,
  s3BytesWritten: count,
  dynamoReadUnits: units,
  dynamoWriteUnits: units,
});

const cost = object({ lambda: dollars, s3: dollars, dynamo: dollars, total: dollars });

const queryProperties: Readonly<Record<string, JsonSchema>> = {
  id: text,
  status: { type: "string", enum: statuses },
  sql: text,
  tags: { type: "array", items: text },
  submittedAt: time,
  startedAt: time,
  finishedAt: time,
  columns: { type: "array", items: column },
  stages: {
    type: "array",
    items: object(
      {
        stage: count,
        tasks: count,
        running: count,
        done: count,
        retries: { ...count, description: "Attempts beyond one a task." },
        rows: count,
        bytes: count,
        usage: { ...usage, description: "Of the stage's attempts so far; the schedulers' own is the query's alone." },
        cost,
      },
      ["usage", "cost"],
    ),
  },
  rowCount: count,
  resultBytes: count,
  usage,
  cost,
  bill: object({
    final: { type: "boolean", description: "Whether nothing can be added any more: late attempts may still report." },
    unreported: { ...count, description: "Attempts and schedulers that died without a report …" },
    estimated: { ...usage, description: "… and the part of usage that was put in for them: at most what they used." },
  }),
  error: { $ref: "#/components/schemas/QueryError" },
};
const queryOptional = ["tags", "startedAt", "finishedAt", "columns", "rowCount", "resultBytes", "error"];

const row: JsonSchema = {
  type: "array",
  description:
    "Values in the order of the columns. BIGINT is a number up to 2^53 and a string of digits beyond, DECIMAL a string, " +
    "NaN and infinities are strings, dates and timestamps ISO 8601, VARBINARY base64, INTERVAL text.",
};
const next: JsonSchema = { type: "string", description: "Absent on the last page; ?page= gives the next." };

export const answerSchemas = {
  Query: object(queryProperties, queryOptional),
  Answer: object({ ...queryProperties, rows: { type: "array", items: row }, next }, [...queryOptional, "next"]),
  Results: object({ columns: { type: "array", items: column }, rows: { type: "array", items: row }, next }, ["next"]),
  ArrowLinks: object({
    columns: { type: "array", items: column },
    links: { type: "array", items: object({ url: text, rows: count, bytes: count }) },
    expiresIn: { ...count, description: "Seconds that the links hold." },
  }),
  Plan: object({
    logical: text,
    physical: text,
    stages: text,
    dot: text,
    estimate: object({
      bytes: { ...count, description: "Of tables, unless rows that are seen meanwhile spare some of it." },
      bytesLeast: { ...count, description: "What is read in any case." },
      files: count,
      stages: count,
      tasks: count,
      usage,
      cost,
      costLeast: { ...dollars, description: "The part of the cost that is sure." },
      prices: object({ region: text, date: { ...text, examples: ["2026-11-01"] } }),
    }),
  }),
  Tasks: object({
    tasks: {
      type: "array",
      items: object(
        {
          stage: count,
          task: count,
          attempt: { ...count, description: "The one that won." },
          rows: count,
          bytes: count,
          elapsedMs: { type: "number", minimum: 0 },
          memoryPeakBytes: count,
          usage,
          cost,
        },
        ["usage", "cost"],
      ),
    },
  }),
  Queries: object({ queries: { type: "array", items: { $ref: "#/components/schemas/Query" } } }),
  Tables: object({
    tables: {
      type: "array",
      items: object({ schema: text, name: text, columns: { type: "array", items: column } }),
    },
  }),
  Health: object({ status: text, version: text }),
  QueryError: object(
    {
      code: text,
      message: text,
      span: object({ line: count, column: count, endLine: count, endColumn: count }, ["endLine", "endColumn"]),
      hint: text,
      retryable: { type: "boolean" },
      cause: { $ref: "#/components/schemas/QueryError" },
    },
    ["span", "hint", "cause"],
  ),
  Problem: object(
    {
      type: { ...text, examples: ["urn:volley:problem:syntax"] },
      title: text,
      status: count,
      detail: text,
      requestId: text,
      queryId: text,
      error: { $ref: "#/components/schemas/QueryError" },
    },
    ["queryId"],
  ),
} as const satisfies Readonly<Record<string, JsonSchema>>;
