/** The state store in this process's memory: the embedded cluster's, and the tests' model of the real one. */
import type { Usage } from "../bill/usage.ts";
import { QueryError } from "../errors.ts";
import type { Beat, Lease, Outcome, StateStore, TaskFailure, TaskKey, TaskRecord, Win } from "./ports.ts";
import { TakenOverError } from "./taken-over.ts";

interface StoredTask {
  win?: Win;
  failures: TaskFailure[];
  beats: Map<string, Beat>;
  handedOn: Usage[];
}

interface StoredQuery {
  epoch: number;
  lease?: Lease;
  outcome?: Outcome;
  stages: Map<string, StoredTask[]>;
}

export class MemoryStateStore implements StateStore {
  readonly #queries = new Map<string, StoredQuery>();

  async createQuery(queryId: string): Promise<void> {
    if (this.#queries.has(queryId)) throw new QueryError("duplicate", `query ${queryId} exists already`);
    this.#queries.set(queryId, { epoch: 0, stages: new Map() });
  }

  async acquire(queryId: string, owner: string, nowMs: number, durationMs: number): Promise<Lease | undefined> {
    const query = this.#query(queryId);
    if (query.lease && query.lease.untilMs > nowMs && query.lease.owner !== owner) return undefined;
    query.epoch++;
    query.lease = { owner, epoch: query.epoch, untilMs: nowMs + durationMs };
    return query.lease;
  }

  async renew(queryId: string, lease: Lease, nowMs: number, durationMs: number): Promise<Lease | undefined> {
    const query = this.#query(queryId);
    if (query.epoch !== lease.epoch) return undefined;
    query.lease = { ...lease, untilMs: nowMs + durationMs };
    return query.lease;
  }

  async openStage(queryId: string, lease: Lease, stage: number, generation: number, tasks: number): Promise<void> {
    const query = this.#held(queryId, lease);
    const key = stageKey(stage, generation);
    if (query.stages.has(key)) return;
    query.stages.set(
      key,
      Array.from({ length: tasks }, () => ({ failures: [], beats: new Map(), handedOn: [] })),
    );
  }

  async commitTask(key: TaskKey, win: Win): Promise<boolean> {
    const task = this.#task(key);
    if (!task) return false;
    task.win ??= win;
    return task.win.attemptId === win.attemptId;
  }

  async failTask(key: TaskKey, failure: TaskFailure): Promise<void> {
    this.#task(key)?.failures.push(failure);
  }

  async beat(key: TaskKey, attemptId: string, beat: Beat): Promise<void> {
    this.#task(key)?.beats.set(attemptId, beat);
  }

  async recordHandOn(key: TaskKey, _invocation: string, usage: Usage): Promise<void> {
    this.#task(key)?.handedOn.push(usage);
  }

  async listTasks(queryId: string, stage: number, generation: number): Promise<readonly TaskRecord[]> {
    const tasks = this.#queries.get(queryId)?.stages.get(stageKey(stage, generation)) ?? [];
    return tasks.map((stored, task) => ({ task, ...stored, failures: [...stored.failures] }));
  }

  async finishQuery(queryId: string, lease: Lease, outcome: Outcome): Promise<void> {
    this.#held(queryId, lease).outcome = outcome;
  }

  async removeQuery(queryId: string): Promise<void> {
    this.#queries.delete(queryId);
  }

  #query(queryId: string): StoredQuery {
    const query = this.#queries.get(queryId);
    if (!query) throw new QueryError("not_found", `there is no query ${queryId}`);
    return query;
  }

  #held(queryId: string, lease: Lease): StoredQuery {
    const query = this.#query(queryId);
    if (query.epoch !== lease.epoch) throw new TakenOverError();
    return query;
  }

  /** Undefined once the query is gone: a late executor has nobody to report to. */
  #task(key: TaskKey): StoredTask | undefined {
    return this.#queries.get(key.queryId)?.stages.get(stageKey(key.stage, key.generation))?.[key.task];
  }
}

function stageKey(stage: number, generation: number): string {
  return `${stage}.${generation}`;
}
