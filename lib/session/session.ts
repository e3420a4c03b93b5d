/** A session: registered tables and views, and the cluster that answers their queries. */
import { availableParallelism, totalmem } from "node:os";
import { typeName } from "../arrow/types.ts";
import { LocalCatalog } from "../catalog/local-catalog.ts";
import type { PathOptions } from "../catalog/table-source.ts";
import { EmbeddedCluster } from "../embedded/cluster.ts";
import { QueryError, unsupported } from "../errors.ts";
import type { WorkerFaults } from "../executor/worker.ts";
import type { AnswerKind } from "../output/query-answer.ts";
import type { DescribedTable, QuerySession, StatementOptions } from "../output/query-session.ts";
import { nodesOf } from "../physical/children.ts";
import { rowEstimator } from "../physical/estimate.ts";
import { type PlannedQuery, type PlanningOptions, planQuery } from "../query.ts";
import type { RemoteOptions } from "../remote/remote-client.ts";
import type { RemoteSession } from "../remote/remote-session.ts";
import type { Query } from "../sql/ast.ts";
import { parse } from "../sql/parse.ts";
import type { TaskOptions } from "../stages/graph.ts";
import type { SizingOptions } from "../stages/sizing.ts";
import { OwnTables } from "./own-tables.ts";
import { QueryHandle } from "./query-handle.ts";
import { runStatement } from "./statements.ts";

/** What an embedded cluster may use. */
export interface StandaloneOptions {
  /** Executor threads; default: the machine's cores. */
  readonly threads?: number;
  /** Memory of all executors together, in bytes, or such as "2GB"; default: three quarters of the machine's. */
  readonly memory?: number | string;
  /** Where shuffle and spill files go; default: the system's temporary directory. */
  readonly temporaryDirectory?: string;
  /** Rows of a batch. */
  readonly batchRows?: number;
  /** For tests: how work is cut, and what makes hash tables collide. */
  readonly testing?: TestingOptions;
}

/** Makes small data take the ways of large data. */
export interface TestingOptions extends Partial<SizingOptions> {
  readonly hashBits?: number;
  /** Bytes that a task may hold before its operators spill. */
  readonly taskMemoryBytes?: number;
  readonly broadcastRowsMax?: number;
  /** false: always use worker threads. */
  readonly inline?: boolean;
  /** Threads that die and attempts that fail by chance. @internal */
  readonly faults?: WorkerFaults;
}

/** What goes with one statement. */
export type SqlOptions = StatementOptions;

interface HandleRequest extends SqlOptions {
  /** Measure how long each operator takes. */
  readonly analyze?: boolean;
  readonly answer?: AnswerKind;
}

export const batchRowsDefault = 8192;
/** Scans of at most so many bytes run in the caller's thread when there is nothing else to the query. */
const inlineBytesMax = 512 << 10;
const inlineRowsMax = 20_000;

/** Where queries run: an embedded cluster, and the tables and views that they name. Close it when done. */
export class SessionContext implements QuerySession {
  /** @internal */
  readonly catalog = new LocalCatalog();
  /** Views by lower-case name: what CREATE VIEW was given. @internal */
  readonly views = new Map<string, { readonly name: string; readonly sql: string }>();
  /** Tables that CREATE TABLE made. @internal */
  readonly ownTables: OwnTables;
  /** @internal */
  readonly cluster: EmbeddedCluster;
  readonly #options: StandaloneOptions;
  #closed = false;

  private constructor(options: StandaloneOptions) {
    this.#options = options;
    const threads = options.threads ?? availableParallelism();
    if (!Number.isInteger(threads) || threads < 1) {
      throw new QueryError("invalid_argument", `threads must be a whole number from 1, not ${threads}`);
    }
    const { temporaryDirectory } = options;
    const memoryBytes = options.memory === undefined ? totalmem() * 0.75 : parseBytes(options.memory);
    this.ownTables = new OwnTables(temporaryDirectory);
    const faults = options.testing?.faults;
    this.cluster = new EmbeddedCluster({
      threads,
      memoryBytes,
      ...(temporaryDirectory && { temporaryDirectory }),
      ...(faults && { faults }),
    });
  }

  /** An embedded cluster in this process: nothing to start, nothing to keep running. */
  static async standalone(options: StandaloneOptions = {}): Promise<SessionContext> {
    return new SessionContext(options);
  }

  /**
   * A session with a Volley API: `volley serve`, or the cloud. With a bearer token, or signed with AWS credentials
   * (SigV4); without either, what VOLLEY_TOKEN or, for AWS hosts, AWS_ACCESS_KEY_ID and its kind say.
   */
  static async remote(url: string, options: RemoteOptions = {}): Promise<RemoteSession> {
    const { RemoteSession } = await import("../remote/remote-session.ts");
    return new RemoteSession(url, options);
  }

  /** Names Parquet data: a file, a folder or a pattern. It is opened once now, so that mistakes show early. */
  async registerParquet(name: string, path: string | readonly string[]): Promise<void> {
    await this.#register(name, path, "parquet");
  }

  /** Names CSV data. Types are guessed from the start of the first file unless `options.types` gives them. */
  async registerCsv(name: string, path: string | readonly string[], options: PathOptions = {}): Promise<void> {
    await this.#register(name, path, "csv", options);
  }

  async #register(
    name: string,
    path: string | readonly string[],
    format: "parquet" | "csv",
    options?: PathOptions,
  ): Promise<void> {
    const paths = typeof path === "string" ? [path] : path;
    await this.catalog.path(paths, format, options);
    this.catalog.register(name, { paths, format, ...(options && { options }) });
  }

  /**
   * Plans one statement. A query starts when its answer is first asked for; any other statement is done on return.
   * @throws QueryError when the text is no SQL, names what is not there, or asks for what Volley does not do
   */
  async sql(text: string, options: SqlOptions = {}): Promise<QueryHandle> {
    const statements = await parse(text);
    if (statements.length === 1) return runStatement(this, statements[0]!, options);
    if (statements.length === 0) throw new QueryError("syntax", "there is no statement");
    throw unsupported("more than one statement in a call of sql()");
  }

  /** Runs statements separated by `;` one after the other; gives a handle for each. */
  async *script(text: string, options: SqlOptions = {}): AsyncGenerator<QueryHandle> {
    for (const statement of await parse(text)) yield await runStatement(this, statement, options);
  }

  /** The tables and views that queries may name. */
  async tables(): Promise<readonly DescribedTable[]> {
    const { describeTables } = await import("./describe-tables.ts");
    const tables = await describeTables(this);
    return tables.map(({ schema, name, fields }) => ({
      schema,
      name,
      columns: fields.map((field) => ({ name: field.name, type: typeName(field.type), nullable: field.nullable })),
    }));
  }

  /** Starts the threads before they are needed. @internal */
  warm(): void {
    this.cluster.warm();
  }

  /** Plans a query without running it. @internal */
  plan(query: Query, options: SqlOptions = {}): Promise<PlannedQuery> {
    const { parameters } = options;
    return planQuery(query, {
      ...this.planning(),
      catalog: this.catalog,
      views: new Map([...this.views].map(([key, view]) => [key, view.sql])),
      ...(parameters && { parameters }),
    });
  }

  /** What planning depends on besides the query. @internal */
  planning(): Omit<PlanningOptions, "catalog"> {
    const { testing } = this.#options;
    const broadcastRowsMax = testing?.broadcastRowsMax;
    return {
      slots: this.cluster.threads,
      ...(testing && { sizing: definedOnly(testing) }),
      ...(broadcastRowsMax !== undefined && { broadcastRowsMax }),
    };
  }

  /** A handle that runs a planned query when it is first read. @internal */
  handle(planned: PlannedQuery, options: HandleRequest = {}): QueryHandle {
    if (this.#closed) throw new QueryError("cancelled", "the session is closed");
    const { testing } = this.#options;
    const task: TaskOptions = {
      batchRows: this.#options.batchRows ?? batchRowsDefault,
      memoryBytes: testing?.taskMemoryBytes ?? Math.floor(this.cluster.executorMemoryBytes * 0.8),
      ...(testing?.hashBits !== undefined && { hashBits: testing.hashBits }),
      ...(options.analyze && { analyze: true }),
    };
    const inline = testing?.inline !== false && isSmall(planned);
    const { answer = "rows", signal } = options;
    return new QueryHandle(this.cluster, planned, { task, inline, answer, ...(signal && { signal }) });
  }

  /** Stops every query, ends the threads and removes the temporary files. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.cluster.close();
    this.ownTables.close();
  }

  /** What `await using` calls. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A join of small tables can be large: what counts is every step on the way, not just what goes in and comes out. */
function isSmall({ snapshot, graph }: PlannedQuery): boolean {
  const bytes = [...snapshot.values()].reduce((sum, table) => sum + table.statistics.bytes, 0);
  if (bytes > inlineBytesMax) return false;
  const rows = rowEstimator(snapshot);
  return graph.stages.every(({ plan }) => [...nodesOf(plan)].every((node) => rows(node) <= inlineRowsMax));
}

function definedOnly(testing: TestingOptions): Partial<SizingOptions> {
  const { hashBits: _h, taskMemoryBytes: _m, broadcastRowsMax: _b, inline: _i, faults: _f, ...sizing } = testing;
  return sizing;
}

const units: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Bytes from a number or such as "512MB", "2GB", "1.5GiB" (powers of 1024). */
export function parseBytes(size: number | string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?\s*$/i.exec(String(size));
  const bytes = match ? Number(match[1]) * units[match[2]!.toUpperCase()]! : Number.NaN;
  if (bytes >= 1) return Math.floor(bytes);
  throw new QueryError("invalid_argument", `${size} is no size in bytes`, { hint: "Write such as 512MB or 2GB." });
}
