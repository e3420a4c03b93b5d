/** The handle of one query: runs it once, when its answer is first asked for. */
import { type Schema, typeName } from "../arrow/types.ts";
import type { EmbeddedCluster } from "../embedded/cluster.ts";
import { QueryError } from "../errors.ts";
import { accountOf, type QueryAccount } from "../explain/account.ts";
import { progressOf } from "../explain/progress.ts";
import { type AnswerKind, type AnswerProgress, QueryAnswer, type ResultColumn } from "../output/query-answer.ts";
import type { PlannedQuery } from "../query.ts";
import type { QueryState } from "../scheduler/state.ts";
import type { TaskOptions } from "../stages/graph.ts";
import { type AnswerSlice, StoredAnswer } from "./stored-answer.ts";

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

/** One query: planned, and run when its answer is first asked for. Read it as often and in as many forms as you like. */
export class QueryHandle extends QueryAnswer {
  /** @internal */
  readonly planned: PlannedQuery;
  override readonly columns: readonly ResultColumn[];
  /** @internal */
  override readonly answer: AnswerKind;
  readonly #cluster: EmbeddedCluster;
  readonly #options: HandleOptions;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(state: QueryState) => void>();
  #answer: Promise<Answer> | undefined;

  /** @internal */
  constructor(cluster: EmbeddedCluster, planned: PlannedQuery, options: HandleOptions) {
    super();
    this.#cluster = cluster;
    this.planned = planned;
    this.#options = options;
    this.answer = options.answer;
    this.columns = planned.columns.map(({ type }, i) => ({ name: planned.names[i]!, type, typeName: typeName(type) }));
    if (options.signal?.aborted) this.cancel();
    else options.signal?.addEventListener("abort", () => this.cancel(), { once: true });
  }

  /** Starts the query if it has not started; resolves when it is done. @throws the QueryError that ended it. @internal */
  override async run(): Promise<QueryState> {
    return (await this.#run()).state;
  }

  /** Calls back with the scheduler's state whenever it changes. @internal */
  onState(listener: (state: QueryState) => void): void {
    this.#listeners.add(listener);
  }

  /** @internal */
  override onProgress(listener: (progress: AnswerProgress) => void): void {
    this.onState((state) => listener(progressOf(state)));
  }

  /** The Arrow IPC streams of the last stage's tasks in order, in parts of whole messages; each valid until the next. @internal */
  override async *messages(): AsyncGenerator<Uint8Array> {
    const { stored } = await this.#run();
    yield* stored.messages(this.#abort.signal);
  }

  /** The answer as one Arrow IPC stream for each task that gave rows. @internal */
  async slices(): Promise<readonly AnswerSlice[]> {
    return (await this.#run()).stored.slices();
  }

  /** Names, types and nullability of the answer's columns. */
  override schema(): Schema {
    const fields = this.planned.columns.map(({ type, nullable }, i) => ({
      name: this.planned.names[i]!,
      type,
      nullable,
    }));
    return { fields };
  }

  /** The plan, as EXPLAIN prints it. */
  override async explain(): Promise<string> {
    const { explain } = await import("../explain/explain.ts");
    return explain(this.planned, "default")
      .map(([title, text]) => `${title}:\n${text}`)
      .join("\n\n");
  }

  /** The stages as a graph: DOT text, or SVG that Graphviz drew (in WebAssembly; nothing to install). */
  override async graph(format: "dot" | "svg"): Promise<string> {
    const { toDot, toSvg } = await import("../explain/graph.ts");
    return format === "dot" ? toDot(this.planned.graph) : toSvg(this.planned.graph);
  }

  /** What the query did: stages, tasks, rows, bytes, time. Runs it if it has not run. */
  async account(): Promise<QueryAccount> {
    const { state, elapsedMs } = await this.#run();
    return accountOf(state, elapsedMs);
  }

  /** @internal */
  override async summary(): Promise<string> {
    const { formatAccount } = await import("../explain/analyze.ts");
    return formatAccount(await this.account());
  }

  /** Stops the query; whoever waits for its answer gets a QueryError `cancelled`. */
  override cancel(): void {
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
