/** What an executor function does with one event: runs its task and reports, or hands several on to other executors. */
import { randomUUID } from "node:crypto";
import type { Usage } from "../bill/usage.ts";
import { QueryError } from "../errors.ts";
import { executeTask } from "../executor/execute.ts";
import type { LinearMemory } from "../kernels/memory.ts";
import type { Invoker, StateStore, TaskKey } from "../scheduler/ports.ts";
import type { Task, TaskResult } from "../stages/graph.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { decodeEvent, type ExecutorEvent } from "./executor-event.ts";

export interface ExecutorPorts {
  readonly state: StateStore;
  /** Shuffle objects. */
  readonly objects: ObjectStore;
  readonly tables: ObjectStore;
  readonly invoker: Invoker;
  readonly memory: LinearMemory;
  readonly spillDirectory: string;
  /** What this invocation has used up to now. */
  readonly usage: () => Usage;
}

export interface InvocationLimits {
  readonly remainingMs: () => number;
  /** How often to say that the attempt is alive, and to ask whether its task is still wanted. */
  readonly watchMs?: number;
}

export interface TaskOutcome {
  readonly queryId: string;
  readonly stage: number;
  readonly task: number;
  readonly attemptId: string;
  readonly outcome: "won" | "lost" | "failed" | "handed_on" | "unwanted";
  readonly result?: TaskResult;
  readonly error?: QueryError;
}

/** An event that waited longer for an executor is looked up before it is worked on. */
const waitedMsMax = 2000;

/** Time kept for reporting before the function would be stopped. */
const reportMs = 3000;

/** Reports into the state store; rejects only when that fails: then the scheduler takes the attempt for lost. */
export async function runTasks(
  event: ExecutorEvent,
  ports: ExecutorPorts,
  limits: InvocationLimits,
): Promise<readonly TaskOutcome[]> {
  const tasks = await decodeEvent(event, ports.objects);
  const waited = event.sentMs !== undefined && Date.now() - event.sentMs > waitedMsMax;
  const [first] = tasks;
  if (tasks.length === 1)
    return [waited ? await runIfWanted(first!, ports, limits) : await runTask(first!, ports, limits)];
  const outcomes = await Promise.all(tasks.map((task) => handOn(task, ports)));
  await ports.state.recordHandOn?.(keyOf(first!), newDelivery(), ports.usage());
  return outcomes;
}

/** Its query may have ended while the event waited, or another attempt may have won. */
async function runIfWanted(task: Task, ports: ExecutorPorts, limits: InvocationLimits): Promise<TaskOutcome> {
  const { state, usage } = ports;
  const key = keyOf(task);
  const wanted = await state.isWanted?.(key).catch(() => true);
  if (wanted !== false) return runTask(task, ports, limits);
  const error = new QueryError("duplicate", "not wanted any more when it was its turn");
  await state.failTask(key, { ...attemptOf(task), delivery: newDelivery(), error: error.toJSON(), usage: usage() });
  return outcomeOf(task, "unwanted", { error });
}

function newDelivery(): string {
  return randomUUID().slice(0, 8);
}

async function handOn(task: Task, { invoker, state }: ExecutorPorts): Promise<TaskOutcome> {
  try {
    await invoker.invoke(task);
    return outcomeOf(task, "handed_on");
  } catch (thrown) {
    const error = QueryError.from(thrown);
    await state.failTask(keyOf(task), { ...attemptOf(task), error: error.toJSON() });
    return outcomeOf(task, "failed", { error });
  }
}

async function runTask(task: Task, ports: ExecutorPorts, limits: InvocationLimits): Promise<TaskOutcome> {
  const { state, memory, tables, objects, spillDirectory, usage } = ports;
  const key = keyOf(task);
  // An invocation may be delivered twice: each delivery writes an object of its own, and is billed.
  const delivery = newDelivery();
  const watch = watchTask(key, task.attemptId, ports, limits);
  const fail = async (error: QueryError) => {
    await watch.stop();
    if (await state.reportLate?.(key, task.attemptId, usage()).catch(() => false)) return;
    await state.failTask(key, { ...attemptOf(task), delivery, error: error.toJSON(), usage: usage() });
  };
  try {
    const outputKey = `${task.outputKey}.${delivery}`;
    const environment = { memory, tables, shuffle: objects, spillDirectory, signal: watch.signal };
    const done = await executeTask({ ...task, outputKey }, environment);
    await watch.stop();
    const result = { ...done, usage: usage() };
    if (await state.commitTask(key, { ...attemptOf(task), result })) return outcomeOf(task, "won", { result });
    // What a lost attempt used is billed all the same.
    const error = new QueryError("duplicate", "another attempt was first");
    await fail(error);
    return outcomeOf(task, "lost", { error });
  } catch (thrown) {
    const error = QueryError.from(thrown);
    await fail(error);
    return outcomeOf(task, "failed", { error });
  } finally {
    await watch.stop();
  }
}

/** Stops a task that nobody wants any more, and one that would run into the function's time limit. */
function watchTask(key: TaskKey, attemptId: string, { state, usage }: ExecutorPorts, limits: InvocationLimits) {
  const { remainingMs, watchMs = 5000 } = limits;
  const abort = new AbortController();
  const late = setTimeout(
    () => {
      abort.abort(new QueryError("timeout", "the task took longer than an executor may run"));
    },
    Math.min(2 ** 31 - 1, Math.max(0, remainingMs() - reportMs)),
  );
  const look = async () => {
    const [wanted] = await Promise.all([
      state.isWanted?.(key).catch(() => true),
      state.beat?.(key, attemptId, { atMs: Date.now(), usage: usage() }).catch(() => {}),
    ]);
    if (wanted === false) abort.abort(new QueryError("cancelled", "the query was cancelled"));
  };
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, watchMs);
  /** Resolves when nothing of it is under way any more: what it used is counted then. */
  const stop = async () => {
    clearTimeout(late);
    clearInterval(timer);
    await looking;
  };
  return { signal: abort.signal, stop };
}

function keyOf({ queryId, stage, generation, task }: Task): TaskKey {
  return { queryId, stage, generation, task };
}

function attemptOf({ attempt, attemptId }: Task) {
  return { attempt, attemptId };
}

function outcomeOf(
  { queryId, stage, task, attemptId }: Task,
  outcome: TaskOutcome["outcome"],
  more: Pick<TaskOutcome, "result" | "error"> = {},
): TaskOutcome {
  return { queryId, stage, task, attemptId, outcome, ...more };
}
