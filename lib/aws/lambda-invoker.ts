/**
 * Starts tasks on executor functions by Event invocations, many at once. Very many go as a tree: groups of tasks to
 * executors that hand them on, since one function sends only some hundred invocations a second.
 */
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { QueryError } from "../errors.ts";
import type { Invoker } from "../scheduler/ports.ts";
import { encodeEvent, storeEvent } from "../service/executor-event.ts";
import type { Task } from "../stages/graph.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { pause, retry } from "./retry.ts";

export interface LambdaInvokerOptions {
  /** Function names or ARNs by tier. */
  readonly executors: readonly string[];
  /** Where tasks go that are too large for an event. */
  readonly objects: ObjectStore;
  /** More tasks than this at once are sent as groups. */
  readonly directMax?: number;
  readonly groupTasks?: number;
  readonly requestsAtOnce?: number;
  /** Waits between looks at the records: from this … */
  readonly pollMsMin?: number;
}

interface Waiting {
  readonly task: Task;
  readonly resolve: () => void;
  readonly reject: (error: QueryError) => void;
}

export class LambdaInvoker implements Invoker {
  readonly #client: LambdaClient;
  readonly #options: LambdaInvokerOptions;
  readonly #slots: Slots;
  #waiting: Waiting[] = [];
  #pollMs: number;
  #wake: AbortController | undefined;

  constructor(client: LambdaClient, options: LambdaInvokerOptions) {
    this.#client = client;
    this.#options = options;
    this.#slots = new Slots(options.requestsAtOnce ?? 64);
    this.#pollMs = options.pollMsMin ?? 20;
  }

  /** Resolves when Lambda took the task. @throws QueryError throttled when it has no room */
  invoke(task: Task): Promise<void> {
    this.#pollMs = this.#options.pollMsMin ?? 20;
    return new Promise((resolve, reject) => {
      // Whatever is asked for in one turn of the event loop is sent together.
      if (this.#waiting.push({ task, resolve, reject }) === 1) setImmediate(() => this.#flush());
    });
  }

  /** Executors look at the query's record now and then, and stop by themselves. */
  abort(): void {}

  /** Looks follow one another quickly at first, then ever slower, up to `ms`. */
  async wait(ms: number): Promise<void> {
    this.#wake = new AbortController();
    await pause(Math.min(ms, this.#pollMs), this.#wake.signal);
    this.#pollMs *= 1.4;
  }

  /** Ends a wait. */
  notify(): void {
    this.#wake?.abort();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const { directMax = 256, groupTasks = 32 } = this.#options;
    if (waiting.length <= directMax) {
      for (const one of waiting) void this.#send([one]);
      return;
    }
    for (const alike of groupsOf(waiting)) {
      for (let i = 0; i < alike.length; i += groupTasks) void this.#send(alike.slice(i, i + groupTasks));
    }
  }

  async #send(waiting: readonly Waiting[]): Promise<void> {
    const tasks = waiting.map(({ task }) => task);
    const event = encodeEvent(tasks);
    if (!event && tasks.length > 1) {
      const half = tasks.length >> 1;
      await Promise.all([this.#send(waiting.slice(0, half)), this.#send(waiting.slice(half))]);
      return;
    }
    try {
      const what = event ?? (await storeEvent(tasks[0]!, this.#options.objects));
      const name = this.#functionOf(tasks[0]!);
      await this.#slots.run(() => invokeFunction(this.#client, name, { ...what, sentMs: Date.now() }));
      for (const { resolve } of waiting) resolve();
    } catch (thrown) {
      for (const { reject } of waiting) reject(QueryError.from(thrown));
    }
  }

  #functionOf({ tier = 0 }: Task): string {
    const { executors } = this.#options;
    return executors[Math.min(tier, executors.length - 1)]!;
  }
}

/** Tasks of one stage for executors of one size. */
function groupsOf(waiting: readonly Waiting[]): Iterable<readonly Waiting[]> {
  return Map.groupBy(
    waiting,
    ({ task }) => `${task.queryId}/${task.stage}.${task.generation}/${task.tier ?? 0}`,
  ).values();
}

/** A scheduler for a query: throttles are waited out for a while. */
export async function invokeScheduler(client: LambdaClient, name: string, queryId: string): Promise<void> {
  const isThrottled = (error: unknown) => error instanceof QueryError && error.code === "throttled";
  const start = () => invokeFunction(client, name, { queryId });
  await retry(start, { attemptsMax: 6, baseMs: 50, waitMsMax: 1000, isTransient: isThrottled });
}

/** An Event invocation: resolves when it is queued. @throws QueryError throttled, unauthorized, internal */
export async function invokeFunction(client: LambdaClient, name: string, event: unknown): Promise<void> {
  const command = new InvokeCommand({
    FunctionName: name,
    InvocationType: "Event",
    Payload: new TextEncoder().encode(JSON.stringify(event)),
  });
  try {
    await retry(() => client.send(command), { attemptsMax: 4, baseMs: 50, waitMsMax: 1000, isTransient });
  } catch (thrown) {
    throw invokeError(name, thrown);
  }
}

/** Throttles are left to the scheduler, which backs off for all tasks; here only what may pass at once is repeated. */
function isTransient(thrown: unknown): boolean {
  const { $metadata, code, name } = thrown as { $metadata?: { httpStatusCode?: number }; code?: string; name?: string };
  const network = name === "TimeoutError" || (code !== undefined && /^E[A-Z]+$/.test(code));
  return ($metadata?.httpStatusCode ?? 0) >= 500 || network;
}

function invokeError(name: string, thrown: unknown): QueryError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const text = `invoking ${name} failed: ${error.name}: ${error.message}`;
  if (error.name === "TooManyRequestsException" || isTransient(thrown)) {
    return new QueryError("throttled", text, { cause: thrown });
  }
  if (error.name === "AccessDeniedException") return new QueryError("unauthorized", text, { cause: thrown });
  return new QueryError("internal", text, { cause: thrown });
}

/** Bounds how many run at once; the others wait in order. */
class Slots {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
