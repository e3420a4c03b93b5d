/** The native HTTP API as a test sees it: fetch, long polls, Arrow answers. */
import { randomUUID } from "node:crypto";

import { messagesOf } from "../../../lib/arrow/ipc-message.ts";
import { decodeSchema } from "../../../lib/arrow/ipc-schema.ts";
import { ResultDecoder } from "../../../lib/arrow/result.ts";
import type { DataType } from "../../../lib/arrow/types.ts";
import type { Cost, Usage } from "../../../lib/bill/usage.ts";
import { QueryError, type QueryErrorJson } from "../../../lib/errors.ts";
import { formatValue } from "../../../lib/expr/format-value.ts";
import type { BillInfo, StageProgress } from "../../../lib/service/query-service.ts";
import type { Row } from "../../support/cells.ts";

export interface QueryBody {
  readonly id: string;
  readonly status: string;
  readonly stages: readonly StageProgress[];
  readonly rowCount?: number;
  readonly resultBytes?: number;
  readonly usage: Usage;
  readonly cost: Cost;
  readonly bill: BillInfo;
  readonly error?: QueryErrorJson;
}

const attemptsMax = 10;
const endStates = new Set(["finished", "failed", "cancelled"]);

export class CloudClient {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.url = url;
    this.#headers = headers;
  }

  /** What was refused for the moment is asked again. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...this.#headers, ...(init.headers as object) };
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(new URL(path, this.url), { ...init, headers });
      if (attempt === attemptsMax || (response.status !== 429 && response.status !== 503)) return response;
      await response.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
    }
  }

  /** POST; does not wait for the answer unless told to. @throws QueryError of the problem in the response */
  async submit(sql: string, options: object = {}): Promise<QueryBody> {
    const body = JSON.stringify({ sql, wait: 0, idempotencyKey: randomUUID(), ...options });
    const headers = { "content-type": "application/json" };
    return answer(await this.fetch("/v1/queries", { method: "POST", headers, body }));
  }

  async get(id: string, waitSeconds = 0): Promise<QueryBody> {
    return answer(await this.fetch(`/v1/queries/${id}?wait=${waitSeconds}`));
  }

  /** Polls until it has ended, one way or the other. */
  async ended(id: string, waitSeconds = 20): Promise<QueryBody> {
    for (;;) {
      const body = await this.get(id, waitSeconds);
      if (endStates.has(body.status)) return body;
      if (waitSeconds === 0) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async cancel(id: string): Promise<QueryBody> {
    return answer(await this.fetch(`/v1/queries/${id}`, { method: "DELETE" }));
  }

  /** Runs a query to its end. @throws QueryError the query's */
  async query(sql: string, options: object = {}): Promise<QueryBody> {
    const body = await this.ended((await this.submit(sql, options)).id);
    if (body.error) throw QueryError.fromJSON(body.error);
    return body;
  }

  /** The rows of an answer as text, in the form of test/support/cells.ts. */
  async rows(sql: string): Promise<Row[]> {
    return this.results((await this.query(sql)).id);
  }

  async results(id: string): Promise<Row[]> {
    const response = await this.fetch(`/v1/queries/${id}/results?format=arrow`);
    if (!response.ok) throw await problem(response);
    const isLinks = response.headers.get("content-type")?.includes("json");
    if (!isLinks) return rowsOf(new Uint8Array(await response.arrayBuffer()));
    const { links } = (await response.json()) as { links: readonly { url: string }[] };
    const rows: Row[] = [];
    for (const { url } of links) {
      for (const row of rowsOf(new Uint8Array(await (await fetch(url)).arrayBuffer()))) rows.push(row);
    }
    return rows;
  }
}

async function answer(response: Response): Promise<QueryBody> {
  if (!response.ok) throw await problem(response);
  return (await response.json()) as QueryBody;
}

async function problem(response: Response): Promise<Error> {
  const text = await response.text();
  if (!response.headers.get("content-type")?.startsWith("application/problem+json")) {
    return new Error(`${response.status}: ${text}`);
  }
  return QueryError.fromJSON((JSON.parse(text) as { error: QueryErrorJson }).error);
}

function rowsOf(stream: Uint8Array): Row[] {
  let columns: readonly DataType[] = [];
  for (const message of messagesOf(stream)) {
    columns = decodeSchema(message.header).map((field) => field.type);
    break;
  }
  const rows: Row[] = [];
  for (const batch of new ResultDecoder().batches(stream)) {
    for (let row = 0; row < batch.rows; row++) {
      const values = batch.columns.map((column) => column[row]!);
      rows.push(values.map((value, i) => (value === null ? "NULL" : formatValue(value, columns[i]!))));
    }
  }
  return rows;
}
