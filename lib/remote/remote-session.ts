/** A session with a Volley API somewhere else: the interface of SessionContext, with nothing of the engine in this process. */
import { randomUUID } from "node:crypto";
import type { PathOptions } from "../catalog/table-source.ts";
import { QueryError, unsupported } from "../errors.ts";
import type { ParameterValue, ParameterValues } from "../expr/parameters.ts";
import type { AnswerKind } from "../output/query-answer.ts";
import type { DescribedTable, QuerySession, StatementOptions } from "../output/query-session.ts";
import { parse } from "../sql/parse.ts";
import type { Statement } from "../sql/statement-ast.ts";
import { splitStatements } from "../sql/tokens.ts";
import { RemoteClient, type RemoteOptions } from "./remote-client.ts";
import { RemoteHandle } from "./remote-handle.ts";

/** What may go with a statement that is sent away. */
export interface RemoteSqlOptions extends StatementOptions {
  /** Bytes of tables that the query may read. */
  readonly maxBytes?: number;
  /** US dollars that it may cost. */
  readonly maxCost?: number;
  /** Shown with the query. */
  readonly tags?: readonly string[];
}

/** Queries sent to a Volley somewhere else, over its HTTP API; used like a SessionContext. */
export class RemoteSession implements QuerySession {
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

  /** The tables and views that queries may name. */
  async tables(): Promise<readonly DescribedTable[]> {
    const { tables } = await this.#client.json<{ tables: DescribedTable[] }>({ method: "GET", path: "/v1/tables" });
    return tables;
  }

  /** Names Parquet data that the remote side can read, for everyone who asks it. */
  async registerParquet(name: string, path: string | readonly string[]): Promise<void> {
    await this.sql(`create or replace external table ${quoted(name)} stored as parquet location ${onePath(path)}`);
  }

  /** Names CSV data that the remote side can read, for everyone who asks it; types are guessed there. */
  async registerCsv(name: string, path: string | readonly string[], options: PathOptions = {}): Promise<void> {
    const given = Object.entries(options).map(([option, value]) => {
      const known = csvOptionNames[option];
      if (known === undefined) throw unsupported(`the option ${option} of registerCsv in a remote session`);
      return `${known} ${literal(String(value))}`;
    });
    const list = given.length > 0 ? ` options (${given.join(", ")})` : "";
    await this.sql(`create or replace external table ${quoted(name)} stored as csv location ${onePath(path)}${list}`);
  }

  /** Stops what this session started and has not seen ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const handle of this.#running) handle.cancel();
    await Promise.all([...this.#running].map((handle) => handle.stopped));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #submit(sql: string, statement: Statement, options: RemoteSqlOptions): Promise<RemoteHandle> {
    if (this.#closed) throw new QueryError("cancelled", "the session is closed");
    const { parameters, signal, maxBytes, maxCost, tags } = options;
    const drawn = options.planOnly === true && statement.kind === "query";
    const body = {
      sql: drawn ? drawing + sql : sql,
      // A request that is sent again after a lost answer must not run twice.
      idempotencyKey: randomUUID(),
      ...(parameters && { parameters: jsonParameters(parameters) }),
      ...(maxBytes !== undefined && { maxBytes }),
      ...(maxCost !== undefined && { maxCost }),
      ...(tags && { tags }),
    };
    const handle = await RemoteHandle.submit(this.#client, {
      body,
      answer: kindOf(statement),
      drawn,
      ...(signal && { signal }),
    }).catch((thrown) => {
      throw drawn ? withoutDrawing(thrown) : thrown;
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

const drawing = "explain (graph) ";

/** As if the word that draws were not there. */
function withoutDrawing(thrown: unknown): unknown {
  if (!(thrown instanceof QueryError) || thrown.span?.line !== 1) return thrown;
  const { code, message, hint, span, cause } = thrown;
  const { line, column, endLine, endColumn } = span;
  const back = (of: number) => of - drawing.length;
  const end = {
    ...(endLine && { endLine }),
    ...(endColumn && { endColumn: endLine === 1 ? back(endColumn) : endColumn }),
  };
  return new QueryError(code, message, { span: { line, column: back(column), ...end }, cause, ...(hint && { hint }) });
}

const csvOptionNames: Readonly<Record<string, string>> = {
  header: "header",
  delimiter: "delimiter",
  quote: "quote",
  escape: "escape",
  nullValue: "null_value",
};

function onePath(path: string | readonly string[]): string {
  const paths = typeof path === "string" ? [path] : path;
  if (paths.length === 1) return literal(paths[0]!);
  throw unsupported("a table of several paths in a remote session (a folder or a pattern is one path)");
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function quoted(name: string): string {
  return name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
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
