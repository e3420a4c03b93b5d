/** The handle of one query: runs it once, when its answer is first asked for, and gives the answer in many forms. */
import type { RecordBatch, Table } from "apache-arrow";
import { joinedStream, type ResultBatch, ResultDecoder } from "./arrow/result.ts";
import { type DataType, type Schema, typeName } from "./arrow/types.ts";
import type { Value } from "./arrow/value.ts";
import type { EmbeddedCluster } from "./embedded/cluster.ts";
import { QueryError } from "./errors.ts";
import { accountOf, type QueryAccount } from "./explain/account.ts";
import { type JsValue, jsValue } from "./output/js-values.ts";
import type { PlannedQuery } from "./query.ts";
import type { QueryState } from "./scheduler/state.ts";
import type { TaskOptions } from "./stages/graph.ts";
import { StoredAnswer } from "./stored-answer.ts";

export interface ResultColumn {
  readonly name: string;
  readonly type: DataType;
  /** The SQL spelling of the type. */
  readonly typeName: string;
}

/** What the rows are: a query's own, plans as (plan_type, plan), or the word that a statement succeeded. */
export type AnswerKind = "rows" | "plans" | "status";

export interface HandleOptions {
  readonly answer: AnswerKind;
  readonly task: TaskOptions;
  readonly inline: boolean;
  readonly signal?: AbortSignal;
}

interface Answer {
  readonly state: QueryState;
  readonly stored: StoredAnswer;
  readonly elapsedMs: number;
}

/** Answers of handles that nobody holds any more need no place on the disk. */
const abandoned = new FinalizationRegistry((stored: StoredAnswer) => void stored.release().catch(() => {}));

export class QueryHandle implements AsyncIterable<RecordBatch> {
  /** @internal */
  readonly planned: PlannedQuery;
  readonly columns: readonly ResultColumn[];
  /** @internal */
  readonly answer: AnswerKind;
  readonly #cluster: EmbeddedCluster;
  readonly #options: HandleOptions;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(state: QueryState) => void>();
  #answer: Promise<Answer> | undefined;

  /** @internal */
  constructor(cluster: EmbeddedCluster, planned: PlannedQuery, options: HandleOptions) {
    this.#cluster = cluster;
    this.planned = planned;
    this.#options = options;
    this.answer = options.answer;
    this.columns = planned.columns.map(({ type }, i) => ({ name: planned.names[i]!, type, typeName: typeName(type) }));
    if (options.signal?.aborted) this.cancel();
    else options.signal?.addEventListener("abort", () => this.cancel(), { once: true });
  }

  /** Starts the query if it has not started; resolves when it is done. @throws the QueryError that ended it. @internal */
  async run(): Promise<QueryState> {
    return (await this.#run()).state;
  }

  /** Calls back with the scheduler's state whenever it changes. @internal */
  onProgress(listener: (state: QueryState) => void): void {
    this.#listeners.add(listener);
  }

  /** Rows as arrays of values, so that columns of one name survive. */
  async toRows(): Promise<JsValue[][]> {
    const rows: JsValue[][] = [];
    for await (const values of this.values())
      rows.push(values.map((value, i) => jsValue(value, this.columns[i]!.type)));
    return rows;
  }

  /** Rows as objects. Of columns with one name the last one counts. */
  async toArray(): Promise<Record<string, JsValue>[]> {
    const rows = await this.toRows();
    return rows.map((row) => Object.fromEntries(row.map((value, i) => [this.columns[i]!.name, value])));
  }

  /** The answer as an apache-arrow Table. */
  async toArrow(): Promise<Table> {
    const ipc = await this.toIpc();
    return (await arrow()).tableFromIPC(ipc);
  }

  /** The answer as one Arrow IPC stream. */
  async toIpc(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.ipc()) pieces.push(piece.slice());
    return Buffer.concat(pieces);
  }

  /** The same in pieces, each valid until the next is asked for. */
  ipc(): AsyncGenerator<Uint8Array> {
    return joinedStream(this.schema(), this.messages());
  }

  /** The Arrow IPC streams of the last stage's tasks in order, in parts of whole messages; each valid until the next. @internal */
  async *messages(): AsyncGenerator<Uint8Array> {
    const { stored } = await this.#run();
    yield* stored.messages(this.#abort.signal);
  }

  /** Names, types and nullability of the answer's columns. */
  schema(): Schema {
    const fields = this.planned.columns.map(({ type, nullable }, i) => ({
      name: this.planned.names[i]!,
      type,
      nullable,
    }));
    return { fields };
  }

  /** Rows of engine values (see lib/expr/value.ts), for formatters. @internal */
  async *values(): AsyncGenerator<readonly Value[]> {
    for await (const { rows, columns } of this.batches()) {
      for (let row = 0; row < rows; row++) yield columns.map((column) => column[row]!);
    }
  }

  /** The same column by column, some thousand rows at a time. @internal */
  async *batches(): AsyncGenerator<ResultBatch> {
    const decoder = new ResultDecoder();
    for await (const part of this.messages()) yield* decoder.batches(part);
  }

  /** Arrow record batches, read from the disk as they are asked for when the answer is large. */
  async *[Symbol.asyncIterator](): AsyncIterator<RecordBatch> {
    const { RecordBatchReader } = await arrow();
    yield* await RecordBatchReader.from(copies(this.ipc()));
  }

  /** Prints the answer as a table. */
  async show(): Promise<void> {
    const { formatTable } = await import("./output/table.ts");
    process.stdout.write(`${await formatTable(this)}\n`);
  }

  /** The plan, as EXPLAIN prints it. */
  async explain(): Promise<string> {
    const { explain } = await import("./explain/explain.ts");
    return explain(this.planned, "default")
      .map(([title, text]) => `${title}:\n${text}`)
      .join("\n\n");
  }

  /** The stages as a graph: DOT text, or SVG that Graphviz drew (in WebAssembly; nothing to install). */
  async graph(format: "dot" | "svg"): Promise<string> {
    const { toDot, toSvg } = await import("./explain/graph.ts");
    return format === "dot" ? toDot(this.planned.graph) : toSvg(this.planned.graph);
  }

  /** What the query did: stages, tasks, rows, bytes, time. Runs it if it has not run. */
  async account(): Promise<QueryAccount> {
    const { state, elapsedMs } = await this.#run();
    return accountOf(state, elapsedMs);
  }

  /** Stops the query; whoever waits for its answer gets a QueryError `cancelled`. */
  cancel(): void {
    this.#abort.abort(new QueryError("cancelled", "the query was cancelled"));
  }

  #run(): Promise<Answer> {
    this.#answer ??= this.#execute();
    return this.#answer;
  }

  async #execute(): Promise<Answer> {
    const start = performance.now();
    const { graph, snapshot } = this.planned;
    const run = await this.#cluster.run({
      graph,
      snapshot,
      task: this.#options.task,
      inline: this.#options.inline,
      signal: this.#abort.signal,
      onChange: (state) => {
        for (const listener of this.#listeners) listener(state);
      },
    });
    const stored = await StoredAnswer.of(run);
    abandoned.register(this, stored);
    return { state: run.state, stored, elapsedMs: performance.now() - start };
  }
}

/** Loaded when first wanted: it is large, and most commands never need it. */
function arrow() {
  return import("apache-arrow");
}

/** For readers that keep what they get. */
async function* copies(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield piece.slice();
}
