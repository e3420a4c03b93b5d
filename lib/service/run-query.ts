/**
 * What a scheduler function does with one query: takes its lease, plans it (or goes on with the plan it finds), drives its
 * stages, keeps its record up to date, and hands it over before its own time is up.
 */

import { type Deployment, estimateQuery } from "../bill/estimate.ts";
import {
  addUsage,
  costOf,
  defaultPrices,
  noUsage,
  type PriceTable,
  subtractUsage,
  sumUsage,
  type Usage,
} from "../bill/usage.ts";
import type { CloudCatalog } from "../catalog/cloud-catalog.ts";
import { QueryError } from "../errors.ts";
import { accountOf, results, sum } from "../explain/account.ts";
import { formatAnalyzed } from "../explain/analyze.ts";
import { defaultDriveTimes, drive } from "../scheduler/drive.ts";
import { manifestKey } from "../scheduler/make-task.ts";
import type { Clock, Invoker, Lease, Rng, StateStore } from "../scheduler/ports.ts";
import { defaultStepOptions, type QueryState } from "../scheduler/state.ts";
import { TakenOverError } from "../scheduler/taken-over.ts";
import { parse } from "../sql/parse.ts";
import type { SizingOptions } from "../stages/sizing.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { billLines, stageBillLines } from "./format-bill.ts";
import { type InlineEnvironment, InlineInvoker, InlineState } from "./inline-tasks.ts";
import { bytesReadSoFar, tooCostly, tooManyBytes } from "./limits.ts";
import { planRows, planStatement } from "./plan-statement.ts";
import { type BillTotals, QueryBill } from "./query-bill.ts";
import type { StageProgress } from "./query-service.ts";
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
  /** How often executors say that they are alive. */
  readonly heartbeatMs: number;
  /** Memory of this function. */
  readonly memoryMb: number;
  readonly leaseMs: number;
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
/** What the query has cost is added up no oftener than this. */
const costCheckMs = 250;
/** Attempts that nobody wants any more see it with their next sign of life; then they need a while to stop. */
const sweepMsMin = 3000;

export async function runQuery(
  queryId: string,
  ports: SchedulerPorts,
  options: SchedulerOptions,
): Promise<SchedulerOutcome> {
  const record = await ports.queries.get(queryId);
  if (!record) return "nothing_to_do";
  // Whoever holds it goes on, or its lease runs out: then Lambda repeats its event, or the API starts another scheduler.
  const lease = hasEnded(record.progress)
    ? undefined
    : await ports.state.acquire(queryId, options.owner, ports.clock.now(), options.leaseMs);
  // What the former holder wrote last.
  const held = lease && (await ports.queries.get(queryId));
  if (lease && held && !hasEnded(held.progress)) {
    try {
      const { lease: _, ...found } = held;
      const former = { ...found, ...(record.lease && { lease: record.lease }) };
      return await new QueryRun(former, lease, ports, options).run();
    } finally {
      ports.state.forget?.(queryId);
    }
  }
  // It was invoked, and is billed, all the same.
  await ports.queries.addStrayUsage(queryId, addUsage(ports.usage(), { ...noUsage, lambdaInvocations: lease ? 0 : 1 }));
  return lease || hasEnded(record.progress) ? "nothing_to_do" : "held_by_another";
}

class QueryRun {
  readonly #id: string;
  readonly #record: QueryRecord;
  readonly #lease: Lease;
  readonly #ports: SchedulerPorts;
  readonly #options: SchedulerOptions;
  readonly #abort = new AbortController();
  readonly #bill: QueryBill;
  /** What former schedulers left unsaid. */
  readonly #died: NonNullable<QueryProgress["died"]>;
  #inline = false;
  #state: QueryState | undefined;
  #costCheckedMs = 0;
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
    const { handedOver: _, ...progress } = record.progress;
    this.#progress = progress;
    this.#handedOver = record.progress.status === "running";
    const { executors, heartbeatMs } = options;
    this.#bill = new QueryBill(
      executors.map(({ memoryMb }) => memoryMb / 1024),
      heartbeatMs,
    );
    this.#died = diedWithoutReport(record, ports.clock.now(), options);
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
      await this.#writeEnd({ status, error: error.toJSON(), finishedMs: this.#ports.clock.now() });
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
    await this.#writeEnd({
      status: "finished",
      finishedMs: clock.now(),
      rows: sum(answer, ({ rows }) => rows),
      resultBytes: sum(answer, ({ bytes }) => bytes),
      resultKey: manifestKey(answered.queryId, answered.graph.stages.length - 1, 0),
    });
    return undefined;
  }

  async #plan(): Promise<StoredPlan> {
    const { sql, parameters, maxBytes, maxCost } = this.#record.request;
    const { slots, sizing, inlineBytesMax, prices = defaultPrices } = this.#options;
    const [statement, more] = await parse(sql);
    if (!statement || more) throw new QueryError("syntax", "a query is one statement");
    const catalog = await this.#ports.catalog();
    const { planned, analyze } = await planStatement(statement, {
      catalog,
      slots,
      ...(sizing && { sizing }),
      ...(parameters && { parameters }),
      deployment: this.#deployment(),
      prices,
    });
    const estimate = estimateQuery(planned.graph, planned.snapshot, this.#deployment(), prices);
    const bytesMax = Math.min(maxBytes ?? Infinity, this.#options.maxBytes ?? Infinity);
    const costMax = Math.min(maxCost ?? Infinity, this.#options.maxCost ?? Infinity);
    // Statistics of row groups tell what is read for sure; filters and joins may spare what is beyond that.
    if (estimate.bytesLeast > bytesMax) throw tooManyBytes(bytesMax, estimate.bytesLeast);
    if (estimate.costLeast > costMax) throw tooCostly(costMax, estimate.costLeast);
    const plan = storedPlan(planned, estimate, { analyze, inline: estimate.bytes <= inlineBytesMax });
    return writePlan(this.#ports.objects, this.#id, plan);
  }

  async #driveStages(plan: StoredPlan): Promise<QueryState> {
    const { clock, rng, objects } = this.#ports;
    const { owner, slots, batchRows, executors, executorTimeoutMs, remainingMs } = this.#options;
    const { signal } = this.#abort;
    this.#inline = plan.inline;
    const state = plan.inline ? new InlineState(this.#ports.state, this.#id) : this.#ports.state;
    const invoker = plan.inline ? this.#inlineInvoker(state) : this.#billed(this.#ports.invoker);
    const before = this.#handedOver && !plan.inline ? await readHandOver(objects, this.#id) : undefined;
    for (const attempt of before?.open ?? []) this.#bill.started(attempt);
    return drive(
      plan.graph,
      { clock, rng, state, invoker, objects },
      {
        ...this.#driveTimes(),
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
        ...(before && { before: before.stages }),
        signal,
        onChange: (changed) => this.#watchProgress(changed),
        onRecords: (stage, records) => this.#bill.read(stage, records),
      },
    );
  }

  /** EXPLAIN ANALYZE: what the query did becomes the answer, as a query over values of its own. */
  async #answerAnalyzed(plan: StoredPlan, state: QueryState): Promise<QueryState> {
    const account = accountOf(state, this.#ports.clock.now() - this.#progress.startedMs!);
    const { prices = defaultPrices } = this.#options;
    const { usage } = this.#counted();
    const totals = this.#bill.totals();
    const analyzed = formatAnalyzed(plan.graph, state.stages, account, (stage) =>
      stageBillLines(stage, this.#bill, prices),
    );
    const own = subtractUsage(usage, totals.usage);
    const text = [analyzed, ...billLines(usage, own, totals, prices)].join("\n");
    const planned = planRows(["plan_type", "plan"], [["analyzed_plan", text]], { slots: 1 });
    const queryId = `${this.#id}/answer`;
    const inline = new InlineState(undefined, queryId);
    const invoker = this.#inlineInvoker(inline);
    const ports = { ...this.#ports, state: inline, invoker };
    const { batchRows, executors, owner } = this.#options;
    return drive(planned.graph, ports, {
      ...this.#driveTimes(),
      queryId,
      owner,
      lease: this.#lease,
      snapshot: new Map(),
      task: { batchRows, memoryBytes: executors[0]!.taskMemoryBytes },
      steps: { ...defaultStepOptions, slots: 1 },
      signal: this.#abort.signal,
    });
  }

  #driveTimes() {
    const { leaseMs } = this.#options;
    return { ...defaultDriveTimes, leaseMs, renewMs: leaseMs * 0.3 };
  }

  async #handOver(state: QueryState): Promise<SchedulerOutcome> {
    await writeHandOver(this.#ports.objects, this.#id, { stages: state.stages, open: this.#bill.open });
    await this.#write({ handedOver: true });
    await this.#ports.handOver(this.#id);
    return "handed_over";
  }

  #watchProgress(state: QueryState): void {
    this.#state = state;
    this.#changed = true;
    const { maxBytes, maxCost } = this.#record.request;
    const bytesMax = Math.min(maxBytes ?? Infinity, this.#options.maxBytes ?? Infinity);
    const costMax = Math.min(maxCost ?? Infinity, this.#options.maxCost ?? Infinity);
    if (bytesMax < Infinity && bytesReadSoFar(state) > bytesMax) this.#abort.abort(tooManyBytes(bytesMax));
    // Adding up very many attempts takes a while.
    if (costMax === Infinity || this.#ports.clock.now() < this.#costCheckedMs + costCheckMs) return;
    this.#costCheckedMs = this.#ports.clock.now();
    const { total } = costOf(this.#counted().usage, this.#options.prices);
    if (total > costMax) this.#abort.abort(tooCostly(costMax));
  }

  #stages(): readonly StageProgress[] {
    if (!this.#state) return this.#progress.stages;
    return this.#state.stages.map((stage, i) => stageProgress(stage, i, this.#bill.stage(i)));
  }

  #deployment(): Deployment {
    const { executors, memoryMb, inlineBytesMax } = this.#options;
    return { executorMemoryMb: executors[0]!.memoryMb, schedulerMemoryMb: memoryMb, inlineBytesMax };
  }

  #inlineInvoker(state: StateStore): InlineInvoker {
    return new InlineInvoker(state, this.#ports.inline, this.#abort.signal, this.#ports.usage);
  }

  /** The invoker, with what it starts in the books. */
  #billed(invoker: Invoker): Invoker {
    return {
      invoke: async (task) => {
        await invoker.invoke(task);
        this.#bill.started(task);
      },
      abort: (attemptIds) => invoker.abort(attemptIds),
      wait: (ms) => invoker.wait(ms),
    };
  }

  /**
   * The query's end, and then, while its function still runs, what attempts report that nobody waited for: losers, those
   * of a query that was cancelled or failed. They stop when they see that they are not wanted, and say what they used.
   */
  async #writeEnd(change: Partial<QueryProgress>): Promise<void> {
    const unknown = this.#inline ? 0 : this.#bill.open.length + this.#bill.lost.length;
    await this.#write({ ...change, ...(unknown === 0 && { billed: true }) });
    if (unknown === 0) return;
    await this.#sweep().catch(() => {});
    this.#bill.giveUpOpen();
    await this.#write({ billed: true });
  }

  async #sweep(): Promise<void> {
    const { clock, state } = this.#ports;
    const { heartbeatMs, remainingMs } = this.#options;
    const until = clock.now() + Math.min(heartbeatMs * 2 + sweepMsMin, remainingMs() - sweepMsMin);
    for (let pause = 100; ; pause = Math.min(1000, pause * 1.5)) {
      const unknown = [...this.#bill.open, ...this.#bill.lost];
      const stages = new Map(unknown.map((attempt) => [`${attempt.stage}.${attempt.generation}`, attempt]));
      for (const { stage, generation } of stages.values()) {
        this.#bill.read(stage, await state.listTasks(this.#id, stage, generation, { late: true }));
      }
      if (this.#bill.open.length === 0 || clock.now() > until) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
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
    const writtenMs = this.#ports.clock.now();
    const progress = { ...this.#progress, stages: this.#stages(), writtenMs, ...this.#counted() };
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

  #counted(): Pick<QueryProgress, "usage" | "ownUsage" | "estimated" | "unreported" | "died"> {
    const ownUsage = addUsage(this.#record.progress.ownUsage, this.#ports.usage());
    // Each scheduler that took the lease was an invocation.
    const schedulers = { ...noUsage, lambdaInvocations: this.#lease.epoch };
    // What tasks used that ran here is in this invocation's own use.
    const attempts = this.#inline ? noAttempts : this.#bill.totals();
    return {
      ownUsage,
      usage: sumUsage([ownUsage, schedulers, this.#died.usage, attempts.usage]),
      estimated: addUsage(this.#died.usage, attempts.estimated),
      unreported: this.#died.schedulers + attempts.unreported,
      ...(this.#died.schedulers > 0 && { died: this.#died }),
    };
  }
}

const noAttempts: BillTotals = { usage: noUsage, estimated: noUsage, unreported: 0 };

/** A scheduler that did not hand the query over worked on unseen after its last word: until its lease was over, at most. */
function diedWithoutReport(
  { progress, lease }: QueryRecord,
  nowMs: number,
  { leaseMs, memoryMb }: SchedulerOptions,
): NonNullable<QueryProgress["died"]> {
  const { died = { schedulers: 0, usage: noUsage }, handedOver, writtenMs } = progress;
  if (!lease || handedOver) return died;
  const fromMs = writtenMs ?? lease.untilMs - leaseMs;
  const seconds = Math.max(0, Math.min(nowMs, lease.untilMs) - fromMs) / 1000;
  const usage = { ...noUsage, lambdaGbSeconds: (seconds * memoryMb) / 1024 };
  return { schedulers: died.schedulers + 1, usage: addUsage(died.usage, usage) };
}

const planColumns = planRows(["plan_type", "plan"], [["", ""]], { slots: 1 }).columns.map(
  ({ name, type, nullable }) => {
    return { name, type, nullable };
  },
);
