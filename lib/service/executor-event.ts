/**
 * What an executor function is invoked with: one task, or several of one stage to hand on to other executors. Small events
 * are plain JSON, larger ones are deflated, and what is still too large for an event lies in the object store.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { QueryError } from "../errors.ts";
import type { Task } from "../stages/graph.ts";
import type { ObjectStore } from "../storage/object-store.ts";

export interface ExecutorEvent {
  readonly task?: Task;
  /** A TaskGroup: JSON, deflated, in base64. */
  readonly packed?: string;
  /** Key of an object that holds the same, as bytes. */
  readonly key?: string;
  /** When it was sent, in milliseconds since the epoch: what waited for long may not be wanted any more. */
  readonly sentMs?: number;
}

/** What differs between the tasks of a stage. */
type OwnFields = "task" | "attempt" | "attemptId" | "tier" | "scans" | "exchanges" | "outputKey";

interface TaskGroup {
  readonly shared: Omit<Task, OwnFields>;
  readonly each: readonly Pick<Task, OwnFields>[];
}

/** Events stay below this size: far from Lambda's limit, and mostly within what is billed as one request. */
export const eventBytesMax = 200 << 10;
const plainBytesMax = 48 << 10;

/** Undefined when the tasks do not fit into one event. */
export function encodeEvent(tasks: readonly Task[]): ExecutorEvent | undefined {
  const [first] = tasks;
  if (tasks.length === 1 && JSON.stringify(first).length <= plainBytesMax) return { task: first! };
  const packed = packTasks(tasks).toString("base64");
  return packed.length <= eventBytesMax ? { packed } : undefined;
}

/** For a task that is too large for an event. */
export async function storeEvent(task: Task, objects: ObjectStore): Promise<ExecutorEvent> {
  const key = `${task.outputKey}.task`;
  await objects.put(key, packTasks([task]));
  return { key };
}

/** @throws QueryError version when it is no event of this version */
export async function decodeEvent(event: ExecutorEvent, objects: ObjectStore): Promise<readonly Task[]> {
  if (event.task) return [event.task];
  if (event.packed) return unpackTasks(Buffer.from(event.packed, "base64"));
  if (event.key) return unpackTasks(await objects.get(event.key));
  throw new QueryError("version", "this executor was invoked with something that is no task");
}

function packTasks(tasks: readonly Task[]): Buffer {
  const {
    task: _t,
    attempt: _a,
    attemptId: _i,
    tier: _r,
    scans: _s,
    exchanges: _e,
    outputKey: _o,
    ...shared
  } = tasks[0]!;
  const each = tasks.map(({ task, attempt, attemptId, tier, scans, exchanges, outputKey }) => {
    return { task, attempt, attemptId, ...(tier !== undefined && { tier }), scans, exchanges, outputKey };
  });
  const group: TaskGroup = { shared, each };
  return deflateRawSync(JSON.stringify(group), { level: 3 });
}

function unpackTasks(bytes: Uint8Array): readonly Task[] {
  const { shared, each } = JSON.parse(inflateRawSync(bytes).toString()) as TaskGroup;
  return each.map((own) => ({ ...shared, ...own }));
}
