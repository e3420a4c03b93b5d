/** The handle of one query: runs it once, when its answer is first asked for, and gives the answer in many forms. */
import type { RecordBatch, Table } from "apache-arrow";
import { joinStreams, resultRows } from "./arrow/result.ts";
import { type DataType, type Schema, typeName } from "./arrow/types.ts";
import type { EmbeddedCluster, QueryRunResult } from "./embedded/cluster.ts";
import { QueryError } from "./errors.ts";
import { accountOf, type QueryAccount } from "./explain/account.ts";
import type { Value } from "./expr/value.ts";
import { type JsValue, jsValue } from "./js-values.ts";
import type { PlannedQuery } from "./query.ts";
import type { QueryState } from "./scheduler/state.ts";
import type { PartitionSlice, TaskOptions } from "./stages/graph.ts";

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
  /** One Arrow IPC stream for each task of the last stage that gave rows, in order. */
  readonly streams: readonly Uint8Array[];
  readonly elapsedMs: number;
}

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
    return Buffer.concat(joinStreams(this.schema(), await this.streams()));
  }

  /** The answer as Arrow IPC streams, one for each task of the last stage that gave rows; column names are the engine's. */
  async streams(): Promise<readonly Uint8Array[]> {
    return (await this.#run()).streams;
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
    const { streams } = await this.#run();
    for (const stream of streams) yield* resultRows(stream);
  }

  /** Arrow record batches. */
  async *[Symbol.asyncIterator](): AsyncIterator<RecordBatch> {
    const ipc = await this.toIpc();
    yield* (await arrow()).RecordBatchReader.from(ipc);
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
    try {
      const streams = await readStreams(run);
      return { state: run.state, streams, elapsedMs: performance.now() - start };
    } finally {
      await run.release();
    }
  }
}

/** Loaded when first wanted: it is large, and most commands never need it. */
function arrow() {
  return import("apache-arrow");
}

/** The output of the last stage, in the order of its tasks. */
async function readStreams(run: QueryRunResult): Promise<Uint8Array[]> {
  const last = run.state.stages.at(-1)!;
  const slices = last.tasks.flatMap(({ win }) =>
    win!.result.partitions.map((slice): PartitionSlice => ({ ...slice, key: win!.result.key })),
  );
  return Promise.all(slices.filter((slice) => slice.rows > 0).map((slice) => readSlice(run, slice)));
}

async function readSlice(run: QueryRunResult, slice: PartitionSlice): Promise<Uint8Array> {
  if (slice.inline !== undefined) return Buffer.from(slice.inline, "base64");
  return run.objects.get(slice.key, { range: { from: slice.offset, to: slice.offset + slice.length } });
}
