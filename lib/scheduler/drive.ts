/**
 * Drives one query to its end: turns task records into events, events into commands by `step`, and carries the commands
 * out through the ports. Holds the query by a lease; whoever finds the lease over can start a driver on the same records.
 */
import { QueryError } from "../errors.ts";
import type { StageGraph } from "../stages/graph.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import {
  exchangeInputs,
  type Manifest,
  makeTask,
  manifestKey,
  scanInputs,
  type TaskMakerOptions,
} from "./make-task.ts";
import type { Clock, Invoker, Lease, Rng, StateStore, TaskKey, TaskRecord } from "./ports.ts";
import { type Command, type Event, initialState, type QueryState, type StageState, type StepOptions } from "./state.ts";
import { step } from "./step.ts";
import { TakenOverError } from "./taken-over.ts";

export interface DrivePorts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly state: StateStore;
  readonly invoker: Invoker;
  /** Where manifests are written, beside the shuffle. */
  readonly objects: ObjectStore;
}

export interface DriveOptions extends TaskMakerOptions {
  readonly owner: string;
  /** When the caller acquired it already. */
  readonly lease?: Lease;
  readonly steps: StepOptions;
  readonly leaseMs: number;
  readonly renewMs: number;
  /** The longest wait between two looks at the task records. */
  readonly pollMs: number;
  /** An attempt without an outcome after so long is given up as lost; absent: attempts cannot be lost. */
  readonly attemptMsMax?: number;
  /**
   * … and one that gave signs of life, but none for so long. One that never gave any may still wait to be started: it is
   * given up after so long too, and each further attempt of its task only after twice as long.
   */
  readonly silentMsMax?: number;
  /** Stops driving at this time, so that another can go on. */
  readonly handOverAtMs?: number;
  /** The stages of the scheduler that handed the query over. */
  readonly before?: readonly StageState[];
  readonly signal?: AbortSignal;
  /** Called after every change: for progress displays. */
  readonly onChange?: (state: QueryState) => void;
  /** Called with every record that was read: for accounts of what attempts used. */
  readonly onRecords?: (stage: number, records: readonly TaskRecord[]) => void;
}

export const defaultDriveTimes = { leaseMs: 10_000, renewMs: 3_000, pollMs: 1_000 } as const;

/**
 * Resolves with the final state, whatever the outcome; with a state that still runs when it is time to hand over: then the
 * lease is free. Rejects only when the lease is lost.
 */
export async function drive(graph: StageGraph, ports: DrivePorts, options: DriveOptions): Promise<QueryState> {
  const { queryId, owner, leaseMs } = options;
  const lease = options.lease ?? (await ports.state.acquire(queryId, owner, ports.clock.now(), leaseMs));
  if (!lease) throw new QueryError("duplicate", `query ${queryId} is driven by another scheduler`);
  return new Driver(graph, ports, options, lease).run();
}

class Driver {
  #state: QueryState;
  #lease: Lease;
  readonly #ports: DrivePorts;
  readonly #options: DriveOptions;
  readonly #events: Event[] = [{ kind: "tick" }];
  readonly #manifests = new Map<number, Manifest>();
  readonly #scans = new Map<number, ReturnType<typeof scanInputs>>();
  readonly #failuresSeen = new Set<string>();
  #wakeAtMs = Infinity;
  #renewedMs: number;

  constructor(graph: StageGraph, ports: DrivePorts, options: DriveOptions, lease: Lease) {
    this.#state = initialState(options.queryId, graph, options.before);
    this.#ports = ports;
    this.#options = options;
    this.#lease = lease;
    this.#renewedMs = ports.clock.now();
  }

  async run(): Promise<QueryState> {
    while (this.#state.status === "running") {
      if (this.#ports.clock.now() >= (this.#options.handOverAtMs ?? Infinity)) return this.#handOver();
      if (this.#options.signal?.aborted) this.#events.push({ kind: "cancel" });
      if (this.#events.length === 0) await this.#waitForEvents();
      while (this.#events.length > 0) await this.#take(this.#events.splice(0));
      await this.#keepLease();
    }
    return this.#state;
  }

  async #take(events: readonly Event[]): Promise<void> {
    const { clock, rng } = this.#ports;
    const { state, commands } = step(
      this.#state,
      { events, nowMs: clock.now(), random: rng.next() },
      this.#options.steps,
    );
    this.#state = state;
    this.#wakeAtMs = Infinity;
    // Invocations that start together are sent together.
    const invocations = commands.filter((command) => command.kind === "invoke");
    await Promise.all(invocations.map((command) => this.#invoke(command)));
    for (const command of commands) await this.#carryOut(command);
    this.#options.onChange?.(this.#state);
  }

  async #carryOut(command: Command): Promise<void> {
    const { state, invoker } = this.#ports;
    switch (command.kind) {
      case "open":
        return this.#open(command.stage);
      case "invoke":
        return; // sent already
      case "abort":
        return invoker.abort(command.attemptIds);
      case "seal":
        return this.#seal(command.stage);
      case "wake":
        this.#wakeAtMs = command.atMs;
        return;
      case "end":
        return state.finishQuery(this.#options.queryId, this.#lease, command.outcome);
    }
  }

  async #open(stage: number): Promise<void> {
    const { queryId } = this.#options;
    const { generation, tasks } = this.#state.stages[stage]!;
    await this.#ports.state.openStage(queryId, this.#lease, stage, generation, tasks.length);
    const records = await this.#ports.state.listTasks(queryId, stage, generation);
    this.#options.onRecords?.(stage, records);
    const wins = new Map(records.flatMap(({ task, win }) => (win ? [[task, win] as const] : [])));
    this.#events.push({ kind: "opened", stage, wins });
  }

  async #invoke(command: Extract<Command, { kind: "invoke" }>): Promise<void> {
    const stage = this.#state.graph.stages[command.stage]!;
    const { generation } = this.#state.stages[command.stage]!;
    const scans = this.#scans.get(stage.id) ?? scanInputs(stage, this.#options.snapshot);
    this.#scans.set(stage.id, scans);
    const exchanges = exchangeInputs(stage, command.task, this.#manifests);
    const inputs = { scans: scans[command.task]!, exchanges };
    try {
      await this.#ports.invoker.invoke(makeTask(stage, command.task, generation, command, inputs, this.#options));
    } catch (thrown) {
      const error = QueryError.from(thrown).toJSON();
      this.#events.push({ kind: "failed", stage: stage.id, task: command.task, attemptId: command.attemptId, error });
    }
  }

  /** The first manifest written is the one that counts: a driver that lost its lease midway reads the same winners. */
  async #seal(stage: number): Promise<void> {
    const { generation, tasks } = this.#state.stages[stage]!;
    let manifest: Manifest = { stage, generation, winners: tasks.map((task) => task.win!) };
    const key = manifestKey(this.#options.queryId, stage, generation);
    const { objects } = this.#ports;
    try {
      await objects.put(key, new TextEncoder().encode(JSON.stringify(manifest)), { ifAbsent: true });
    } catch (thrown) {
      if (QueryError.from(thrown).code !== "duplicate") throw thrown;
      manifest = JSON.parse(new TextDecoder().decode(await objects.get(key))) as Manifest;
    }
    this.#manifests.set(stage, manifest);
    this.#events.push({ kind: "sealed", stage });
  }

  async #waitForEvents(): Promise<void> {
    const now = this.#ports.clock.now();
    const wait = Math.max(0, Math.min(this.#options.pollMs, this.#wakeAtMs - now));
    await this.#ports.invoker.wait(wait);
    await this.#readRecords();
    if (this.#events.length === 0 && this.#ports.clock.now() >= this.#wakeAtMs) this.#events.push({ kind: "tick" });
  }

  /** Completion is derived from a consistent read of the records, never from a count of messages. */
  async #readRecords(): Promise<void> {
    for (const [stage, { status, generation, tasks }] of this.#state.stages.entries()) {
      if (status !== "running") continue;
      const records = await this.#ports.state.listTasks(this.#options.queryId, stage, generation);
      this.#options.onRecords?.(stage, records);
      for (const record of records) {
        const { task, win, failures } = record;
        if (win && !tasks[task]!.win) this.#events.push({ kind: "committed", stage, task, win });
        if (win) continue;
        await this.#giveUpLost({ queryId: this.#options.queryId, stage, generation, task }, record);
        for (const { attemptId, error } of failures) {
          const seen = `${stage}/${task}/${attemptId}`;
          if (this.#failuresSeen.has(seen)) continue;
          this.#failuresSeen.add(seen);
          this.#events.push({ kind: "failed", stage, task, attemptId, error });
        }
      }
    }
  }

  /** Attempts that cannot run any more and left no word: their executors died. */
  async #giveUpLost(key: TaskKey, { failures, beats }: TaskRecord): Promise<void> {
    const { attemptMsMax = Infinity, silentMsMax = Infinity } = this.#options;
    const now = this.#ports.clock.now();
    const { queuedMs, tasks } = this.#state.stages[key.stage]!;
    for (const { attempt, attemptId, startedMs } of tasks[key.task]!.running) {
      const beat = beats?.get(attemptId)?.atMs;
      const patienceMs = beat === undefined ? queuedMs + silentMsMax * 2 ** (attempt - 1) : silentMsMax;
      if (now - startedMs < attemptMsMax && now - Math.max(startedMs, beat ?? 0) < patienceMs) continue;
      if (failures.some((failure) => failure.attemptId === attemptId)) continue;
      const lost = new QueryError("executor_lost", `the executor of task ${key.stage}/${key.task} was lost`).toJSON();
      await this.#ports.state.failTask(key, { attempt, attemptId, error: lost, delivery: "lost" });
      this.#events.push({ kind: "failed", stage: key.stage, task: key.task, attemptId, error: lost });
    }
  }

  /** Lets go of the lease at once, so that whoever comes next need not wait for its end. */
  async #handOver(): Promise<QueryState> {
    await this.#ports.state.renew(this.#options.queryId, this.#lease, this.#ports.clock.now(), 0);
    return this.#state;
  }

  async #keepLease(): Promise<void> {
    const now = this.#ports.clock.now();
    if (now - this.#renewedMs < this.#options.renewMs || this.#state.status !== "running") return;
    const renewed = await this.#ports.state.renew(this.#options.queryId, this.#lease, now, this.#options.leaseMs);
    if (!renewed) throw new TakenOverError();
    this.#lease = renewed;
    this.#renewedMs = now;
  }
}
