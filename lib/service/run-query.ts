/**
 * What a scheduler function does with one query: takes its lease, plans it (or goes on with the plan it finds), drives its
 * stages, keeps its record up to date, and hands it over before its own time is up.
 */
import type { CloudCatalog } from "../catalog/cloud-catalog.ts";
import { QueryError } from "../errors.ts";
import { accountOf, results, sum } from "../explain/account.ts";
import { formatAnalyzed } from "../explain/analyze.ts";
import { defaultDriveTimes, drive } from "../scheduler/drive.ts";
import { manifestKey } from "../scheduler/make-task.ts";
import type { Clock, Invoker, Lease, Rng, StateStore, TaskRecord } from "../scheduler/ports.ts";
import { defaultStepOptions, type QueryState } from "../scheduler/state.ts";
import { TakenOverError } from "../scheduler/taken-over.ts";
import { parse } from "../sql/parse.ts";
import type { SizingOptions } from "../stages/sizing.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { estimateQuery } from "./estimate.ts";
import { type InlineEnvironment, InlineInvoker, InlineState } from "./inline-tasks.ts";
import { bytesReadSoFar, tooCostly, tooManyBytes } from "./limits.ts";
import { planRows, planStatement } from "./plan-statement.ts";
import { hasEnded, type QueryProgress, type QueryRecord, type QueryStore } from "./query-store.ts";
import { stageProgress } from "./stage-progress.ts";
import {
  readHandOver,
  readPlan,
  type StoredPlan,
  snapshotOf,
  storedPlan,
  writeHandOver,
  writePlan,
} from "./stored-plan.ts";
import { addUsage, costOf, type PriceTable, type Usage } from "./usage.ts";

export interface SchedulerPorts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly queries: QueryStore;
  readonly state: StateStore;
  readonly objects: ObjectStore;
  readonly invoker: Invoker;
  readonly catalog: () => Promise<CloudCatalog>;
  /** Where small queries run. */
  readonly inline: InlineEnvironment;
  /** Starts another scheduler on the query. */
  readonly handOver: (queryId: string) => Promise<void>;
  /** What this invocation has used up to now. */
  readonly usage: () => Usage;
}

export interface SchedulerOptions {
  readonly owner: string;
  readonly slots: number;
  readonly batchRows: number;
  /** By tier: the functions' memory, and what a task may hold there. */
  readonly executors: readonly { readonly memoryMb: number; readonly taskMemoryBytes: number }[];
  readonly executorTimeoutMs: number;
  /** An executor that gives no sign of life for so long is taken for lost. */
  readonly silentMsMax: number;
  readonly remainingMs: () => number;
  /** Queries that read at most so many bytes of tables run in the scheduler. */
  readonly inlineBytesMax: number;
  readonly sizing?: Partial<SizingOptions>;
  readonly prices?: PriceTable;
  /** Limits of the deployment, for every query. */
  readonly maxBytes?: number;
  readonly maxCost?: number;
  readonly progressMs?: number;
}

export type SchedulerOutcome = "ended" | "handed_over" | "held_by_another" | "nothing_to_do";

/** Time kept for handing over. */
const handOverMs = 20_000;
const progressMsDefault = 1000;

export async function runQuery(
  queryId: string,
  ports: SchedulerPorts,
  options: SchedulerOptions,
): Promise<SchedulerOutcome> {
  const record = await ports.queries.get(queryId);
  if (!record || hasEnded(record.progress)) return "nothing_to_do";
  const lease = await acquire(record, ports, options);
  if (!lease) return "held_by_another";
  // What the former holder wrote last.
  const held = await ports.queries.get(queryId);
  if (!held || hasEnded(held.progress)) return "nothing_to_do";
  return new QueryRun(held, lease, ports, options).run();
}

/** Waits once for another's lease to run out: its holder may have died. */
async function acquire(
  record: QueryRecord,
  ports: SchedulerPorts,
  options: SchedulerOptions,
): Promise<Lease | undefined> {
  const { clock, state } = ports;
  const attempt = () => state.acquire(record.request.id, options.owner, clock.now(), defaultDriveTimes.leaseMs);
  const lease = await attempt();
  if (lease) return lease;
  await new Promise((resolve) => setTimeout(resolve, defaultDriveTimes.leaseMs + 500));
  return attempt();
}

class QueryRun {
  readonly #id: string;
  readonly #record: QueryRecord;
  readonly #lease: Lease;
  readonly #ports: SchedulerPorts;
  readonly #options: SchedulerOptions;
  readonly #abort = new AbortController();
  /** By stage and attempt. */
  readonly #attempts = new Map<string, Usage>();
  /** Whether another scheduler had it before. */
  readonly #handedOver: boolean;
  #progress: QueryProgress;
  #changed = false;
  #lost = false;

  constructor(record: QueryRecord, lease: Lease, ports: SchedulerPorts, options: SchedulerOptions) {
    this.#id = record.request.id;
    this.#record = record;
    this.#lease = lease;
    this.#ports = ports;
    this.#options = options;
    this.#progress = record.progress;
    this.#handedOver = record.progress.status === "running";
  }

  async run(): Promise<SchedulerOutcome> {
    let state: QueryState | undefined;
    try {
      state = await this.#drive();
    } catch (thrown) {
      if (this.#lost) return "held_by_another";
      const reason = this.#abort.signal.aborted ? this.#abort.signal.reason : thrown;
      const error = QueryError.from(reason);
      const status = error.code === "cancelled" ? "cancelled" : "failed";
      await this.#write({ status, error: error.toJSON(), finishedMs: this.#ports.clock.now() });
    }
    // Should handing over fail, then so does this invocation: it is repeated, and the query goes on.
    return state ? this.#handOver(state) : "ended";
  }

  /** The state when it is time to hand over; undefined once the query has ended. @throws what made it fail */
  async #drive(): Promise<QueryState | undefined> {
    const { objects, clock } = this.#ports;
    // A query that waits in the queue has no plan yet, and nothing to look for.
    const fresh = this.#progress.status === "queued";
    const found = fresh ? undefined : await readPlan(objects, this.#id);
    const startedMs = this.#progress.startedMs ?? clock.now();
    if (!found) await this.#write({ status: "planning", startedMs });
    this.#abort.signal.throwIfAborted();
    const plan = found ?? (await this.#plan());
    this.#change({ status: "running", startedMs, columns: plan.analyze ? planColumns : plan.columns });
    const state = await this.#watched(() => this.#driveStages(plan));
    if (state.status === "running") return state;
    if (state.status !== "finished") {
      throw state.error ? QueryError.fromJSON(state.error) : new QueryError("cancelled", "the query was cancelled");
    }
    const answered = plan.analyze ? await this.#answerAnalyzed(plan, state) : state;
    const answer = results(answered.stages.at(-1)!);
    await this.#write({
      status: "finished",
      finishedMs: clock.now(),
      stages: state.stages.map(stageProgress),
      rows: sum(answer, ({ rows }) => rows),
      resultBytes: sum(answer, ({ bytes }) => bytes),
      resultKey: manifestKey(answered.queryId, answered.graph.stages.length - 1, 0),
    });
    return undefined;
  }

  async #plan(): Promise<StoredPlan> {
    const { sql, parameters, maxBytes, maxCost } = this.#record.request;
    const { slots, sizing, executors, inlineBytesMax, prices } = this.#options;
    const [statement, more] = await parse(sql);
    if (!statement || more) throw new QueryError("syntax", "a query is one statement");
    const catalog = await this.#ports.catalog();
    const { planned, analyze } = await planStatement(statement, {
      catalog,
      slots,
      ...(sizing && { sizing }),
      ...(parameters && { parameters }),
    });
    const estimate = estimateQuery(planned.graph, planned.snapshot, executors[0]!.memoryMb, prices);
    const bytesMax = Math.min(maxBytes ?? Infinity, this.#options.maxBytes ?? Infinity);
    const costMax = Math.min(maxCost ?? Infinity, this.#options.maxCost ?? Infinity);
    if (estimate.bytes > bytesMax) throw tooManyBytes(bytesMax, estimate.bytes);
    if (estimate.cost.total > costMax) throw tooCostly(costMax, estimate.cost.total);
    const plan = storedPlan(planned, { analyze, inline: estimate.bytes <= inlineBytesMax });
    return writePlan(this.#ports.objects, this.#id, plan);
  }

  async #driveStages(plan: StoredPlan): Promise<QueryState> {
    const { clock, rng, objects } = this.#ports;
    const { owner, slots, batchRows, executors, executorTimeoutMs, remainingMs } = this.#options;
    const { signal } = this.#abort;
    const state = plan.inline ? new InlineState(this.#ports.state, this.#id) : this.#ports.state;
    const invoker = plan.inline ? new InlineInvoker(state, this.#ports.inline, signal) : this.#ports.invoker;
    const before = this.#handedOver && !plan.inline ? await readHandOver(objects, this.#id) : undefined;
    return drive(
      plan.graph,
      { clock, rng, state, invoker, objects },
      {
        ...defaultDriveTimes,
        queryId: this.#id,
        owner,
        lease: this.#lease,
        snapshot: snapshotOf(plan),
        task: { batchRows, memoryBytes: executors[0]!.taskMemoryBytes, ...(plan.analyze && { analyze: true }) },
        memoryBytesByTier: executors.map(({ taskMemoryBytes }) => taskMemoryBytes),
        steps: { ...defaultStepOptions, slots, tiers: executors.length, speculateFactor: 4 },
        attemptMsMax: executorTimeoutMs * 1.1 + 2000,
        silentMsMax: this.#options.silentMsMax,
        handOverAtMs: clock.now() + remainingMs() - handOverMs,
        ...(before && { before }),
        signal,
        onChange: (changed) => this.#watchProgress(changed),
        onRecords: (stage, records) => this.#countAttempts(stage, records),
      },
    );
  }

  /** EXPLAIN ANALYZE: what the query did becomes the answer, as a query over values of its own. */
  async #answerAnalyzed(plan: StoredPlan, state: QueryState): Promise<QueryState> {
    const account = accountOf(state, this.#ports.clock.now() - this.#progress.startedMs!);
    const { usage } = this.#counted();
    const { total } = costOf(usage, this.#options.prices);
    const text = `${formatAnalyzed(plan.graph, state.stages, account)}\nCost: ${formatUsage(usage, total)}`;
    const planned = planRows(["plan_type", "plan"], [["analyzed_plan", text]], { slots: 1 });
    const queryId = `${this.#id}/answer`;
    const inline = new InlineState(undefined, queryId);
    const invoker = new InlineInvoker(inline, this.#ports.inline, this.#abort.signal);
    const ports = { ...this.#ports, state: inline, invoker };
    const { batchRows, executors, owner } = this.#options;
    return drive(planned.graph, ports, {
      ...defaultDriveTimes,
      queryId,
      owner,
      lease: this.#lease,
      snapshot: new Map(),
      task: { batchRows, memoryBytes: executors[0]!.taskMemoryBytes },
      steps: { ...defaultStepOptions, slots: 1 },
      signal: this.#abort.signal,
    });
  }

  async #handOver(state: QueryState): Promise<SchedulerOutcome> {
    await writeHandOver(this.#ports.objects, this.#id, state.stages);
    await this.#write({ stages: state.stages.map(stageProgress) });
    await this.#ports.handOver(this.#id);
    return "handed_over";
  }

  #watchProgress(state: QueryState): void {
    this.#change({ stages: state.stages.map(stageProgress) });
    const { maxBytes, maxCost } = this.#record.request;
    const bytesMax = Math.min(maxBytes ?? Infinity, this.#options.maxBytes ?? Infinity);
    const costMax = Math.min(maxCost ?? Infinity, this.#options.maxCost ?? Infinity);
    if (bytesMax < Infinity && bytesReadSoFar(state) > bytesMax) this.#abort.abort(tooManyBytes(bytesMax));
    if (costMax === Infinity) return;
    const { total } = costOf(this.#counted().usage, this.#options.prices);
    if (total > costMax) this.#abort.abort(tooCostly(costMax));
  }

  #countAttempts(stage: number, records: readonly TaskRecord[]): void {
    for (const { task, win, failures } of records) {
      const usage = win?.result.usage;
      if (usage) this.#attempts.set(`${stage}/${task}/${win.attemptId}`, usage);
      for (const failure of failures) {
        if (failure.usage) this.#attempts.set(`${stage}/${task}/${failure.attemptId}`, failure.usage);
      }
    }
  }

  /** Runs `work` while the record follows its progress, and the mark of cancellation is looked for. */
  async #watched<T>(work: () => Promise<T>): Promise<T> {
    let writing = Promise.resolve();
    const tick = async () => {
      if (this.#changed) return this.#write({});
      const record = await this.#ports.queries.get(this.#id);
      if (record?.cancelRequested) this.#cancel();
    };
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      writing = tick()
        .catch((thrown) => this.#failedWrite(thrown))
        .finally(() => {
          busy = false;
        });
    }, this.#options.progressMs ?? progressMsDefault);
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof TakenOverError) this.#lost = true;
      throw thrown;
    } finally {
      clearInterval(timer);
      await writing;
    }
  }

  /** A record that cannot be written now is written later; but a query that another holds is left to it. */
  #failedWrite(thrown: unknown): void {
    if (!(thrown instanceof TakenOverError)) return;
    this.#lost = true;
    this.#abort.abort(thrown);
  }

  #change(change: Partial<QueryProgress>): void {
    this.#progress = { ...this.#progress, ...change };
    this.#changed = true;
  }

  async #write(change: Partial<QueryProgress>): Promise<void> {
    this.#change(change);
    this.#changed = false;
    const progress = { ...this.#progress, ...this.#counted() };
    try {
      const { cancelRequested } = await this.#ports.queries.update(this.#id, this.#lease, progress);
      if (cancelRequested && !hasEnded(progress)) this.#cancel();
    } catch (thrown) {
      if (thrown instanceof TakenOverError) this.#lost = true;
      throw thrown;
    }
  }

  #cancel(): void {
    this.#abort.abort(new QueryError("cancelled", "the query was cancelled"));
  }

  #counted(): { readonly usage: Usage; readonly ownUsage: Usage } {
    const ownUsage = addUsage(this.#record.progress.ownUsage, this.#ports.usage());
    const usage = [...this.#attempts.values()].reduce(addUsage, ownUsage);
    return { usage, ownUsage };
  }
}

const planColumns = planRows(["plan_type", "plan"], [["", ""]], { slots: 1 }).columns.map(
  ({ name, type, nullable }) => {
    return { name, type, nullable };
  },
);

function formatUsage(usage: Usage, dollars: number): string {
  const { lambdaGbSeconds, lambdaInvocations, s3Gets, s3Puts, dynamoReadUnits, dynamoWriteUnits } = usage;
  return [
    `$${dollars.toPrecision(3)}`,
    `${lambdaGbSeconds.toFixed(2)} GB-s in ${lambdaInvocations} invocations`,
    `${s3Gets} GET, ${s3Puts} PUT`,
    `${dynamoReadUnits} read and ${dynamoWriteUnits} write units`,
  ].join("; ");
}
