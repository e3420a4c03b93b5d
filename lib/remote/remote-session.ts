/** A session with a Volley API somewhere else: the interface of SessionContext, with nothing of the engine in this process. */
import { randomUUID } from "node:crypto";
import { QueryError, unsupported } from "../errors.ts";
import type { ParameterValue, ParameterValues } from "../expr/parameters.ts";
import type { AnswerKind } from "../output/query-answer.ts";
import { parse } from "../sql/parse.ts";
import type { Statement } from "../sql/statement-ast.ts";
import { splitStatements } from "../sql/tokens.ts";
import { RemoteClient, type RemoteOptions } from "./remote-client.ts";
import { RemoteHandle } from "./remote-handle.ts";

/** What may go with a statement that is sent away. */
export interface RemoteSqlOptions {
  readonly parameters?: ParameterValues;
  readonly signal?: AbortSignal;
  /** Bytes of tables that the query may read. */
  readonly maxBytes?: number;
  /** US dollars that it may cost. */
  readonly maxCost?: number;
}

/** A table that the remote side knows. */
export interface RemoteTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
}

/** Queries sent to a Volley somewhere else, over its HTTP API; used like a SessionContext. */
export class RemoteSession {
  readonly #client: RemoteClient;
  readonly #running = new Set<RemoteHandle>();
  #closed = false;

  constructor(url: string, options: RemoteOptions = {}) {
    this.#client = new RemoteClient(url, options);
  }

  /**
   * Starts one statement; resolves when it is planned, or done.
   * @throws QueryError as SessionContext.sql does, and `unauthorized` or `not_found` when the API does not let one in or is not there
   */
  async sql(text: string, options: RemoteSqlOptions = {}): Promise<RemoteHandle> {
    const statements = await parse(text);
    if (statements.length === 0) throw new QueryError("syntax", "there is no statement");
    if (statements.length > 1) throw unsupported("more than one statement in a call of sql()");
    return this.#submit(text, statements[0]!, options);
  }

  /** Runs statements separated by `;` one after the other; gives a handle for each. */
  async *script(text: string, options: RemoteSqlOptions = {}): AsyncGenerator<RemoteHandle> {
    const statements = await parse(text);
    for (const [i, tokens] of splitStatements(text).entries()) {
      // Blanks before it, so that places in it are places in the whole text.
      const before = text.slice(0, tokens[0]!.start).replace(/[^\n]/gu, " ");
      yield await this.#submit(before + text.slice(tokens[0]!.start, tokens.at(-1)!.end), statements[i]!, options);
    }
  }

  async tables(): Promise<readonly RemoteTable[]> {
    const { tables } = await this.#client.json<{ tables: RemoteTable[] }>({ method: "GET", path: "/v1/tables" });
    return tables;
  }

  /** Stops what this session started and has not seen ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const handle of this.#running) handle.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #submit(sql: string, statement: Statement, options: RemoteSqlOptions): Promise<RemoteHandle> {
    if (this.#closed) throw new QueryError("cancelled", "the session is closed");
    const { parameters, signal, maxBytes, maxCost } = options;
    const body = {
      sql,
      // A request that is sent again after a lost answer must not run twice.
      idempotencyKey: randomUUID(),
      ...(parameters && { parameters: jsonParameters(parameters) }),
      ...(maxBytes !== undefined && { maxBytes }),
      ...(maxCost !== undefined && { maxCost }),
    };
    const handle = await RemoteHandle.submit(this.#client, {
      body,
      answer: kindOf(statement),
      ...(signal && { signal }),
    });
    for (const other of this.#running) if (other.done) this.#running.delete(other);
    if (!handle.done) this.#running.add(handle);
    return handle;
  }
}

function kindOf({ kind }: Statement): AnswerKind {
  if (kind === "explain") return "plans";
  return kind === "create_external_table" || kind === "create_view" || kind === "drop" ? "status" : "rows";
}

function jsonParameters(parameters: ParameterValues): unknown {
  if (Array.isArray(parameters)) return parameters.map(jsonParameter);
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, jsonParameter(value)]));
}

/** As lib/api/parameter-values.ts reads them. */
function jsonParameter(value: ParameterValue): unknown {
  if (typeof value === "bigint") {
    if (BigInt.asIntN(32, value) === value) return Number(value);
    const fits = BigInt.asIntN(64, value) === value;
    return { type: fits ? "BIGINT" : `DECIMAL(${String(value).replace("-", "").length},0)`, value: String(value) };
  }
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { type: "DOUBLE", value: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (value instanceof Date) return { type: "TIMESTAMP", value: value.toISOString().slice(0, -1) };
  if (value instanceof Uint8Array) return { type: "VARBINARY", value: Buffer.from(value).toString("base64") };
  if (typeof value === "object" && value !== null)
    throw unsupported("a typed constant as a parameter of a remote query");
  return value;
}
