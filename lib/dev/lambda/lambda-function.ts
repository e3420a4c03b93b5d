/** One function: its execution environments up to its reserved concurrency, and its queue of events. */
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Faults, luck, strikes } from "../faults.ts";
import { Environment, type InvocationResult } from "./environment.ts";

export interface FunctionOptions {
  readonly name: string;
  readonly arn: string;
  readonly codeDirectory: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  /** Execution environments at once. */
  readonly concurrency: number;
  readonly variables: Readonly<Record<string, string>>;
  /** The environments' own scratch folders go below it. */
  readonly scratchDirectory: string;
  /** Waits before the further attempts at an event that failed: AWS waits one and two minutes. */
  readonly retryDelaysMs: readonly number[];
  /** Events older than this are dropped; AWS: up to six hours. */
  readonly eventAgeMsMax: number;
  /** Environments that had nothing to do for so long end. */
  readonly idleMsMax: number;
  readonly freeze: boolean;
  readonly onLine?: (name: string, line: string) => void;
}

/** As the bill would have them. */
export interface FunctionCounts {
  /** Events that reached a handler. */
  invocations: number;
  errors: number;
  throttles: number;
  coldStarts: number;
  /** Run time and, for cold starts, init time, times the memory. */
  gbSeconds: number;
  /** Environments that ended on their own, by kill or by time-out. */
  lost: number;
  /** Events given up after the last attempt or for their age. */
  dropped: number;
  /** Of the largest event that was queued. */
  eventBytesMax: number;
}

/** There is no free environment; a synchronous caller gets 429. */
export class TooManyRequests extends Error {}

interface QueuedEvent {
  readonly requestId: string;
  readonly payload: Buffer;
  readonly receivedMs: number;
  readonly attempt: number;
}

export class LambdaFunction {
  readonly options: FunctionOptions;
  readonly counts: FunctionCounts = {
    invocations: 0,
    errors: 0,
    throttles: 0,
    coldStarts: 0,
    gbSeconds: 0,
    lost: 0,
    dropped: 0,
    eventBytesMax: 0,
  };
  /** Events that kill the process they are given to. */
  poison: ((payload: Buffer) => boolean) | undefined;
  readonly #faults: Readonly<Faults>;
  readonly #environments = new Set<Environment>();
  readonly #queue: QueuedEvent[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #reaper: NodeJS.Timeout;
  #running = 0;
  #closed = false;

  constructor(options: FunctionOptions, faults: Readonly<Faults>) {
    this.options = options;
    this.#faults = faults;
    this.#reaper = setInterval(() => this.#reap(), Math.max(50, options.idleMsMax / 4));
  }

  /** Events in progress. */
  get running(): number {
    return this.#running;
  }

  /** Events that wait for an environment, for their delivery or to be tried again. */
  get queued(): number {
    return this.#queue.length + this.#timers.size;
  }

  /** Process ids of the environments. */
  get processes(): readonly number[] {
    return [...this.#environments].flatMap((environment) => environment.pid ?? []);
  }

  /** Of those that have an event. */
  get busyProcesses(): readonly number[] {
    return [...this.#environments].flatMap(({ occupied, pid }) => (occupied && pid ? [pid] : []));
  }

  /** A synchronous invocation. @throws TooManyRequests */
  invoke(payload: Buffer): Promise<InvocationResult> {
    const environment = this.#acquire();
    if (!environment) {
      this.counts.throttles++;
      throw new TooManyRequests();
    }
    return this.#run(environment, randomUUID(), payload);
  }

  /** A synchronous one that waits for an environment, up to a time. @throws TooManyRequests */
  async invokeWhenFree(payload: Buffer, waitMs: number): Promise<InvocationResult> {
    const lastMs = performance.now() + waitMs;
    let environment = this.#acquire();
    while (!environment) {
      if (performance.now() > lastMs || this.#closed) throw new TooManyRequests();
      await new Promise((resolve) => setTimeout(resolve, 10));
      environment = this.#acquire();
    }
    return this.#run(environment, randomUUID(), payload);
  }

  /** An asynchronous one: it waits for an environment, and is tried again when it fails. It may be delivered twice. */
  enqueue(payload: Buffer): string {
    const requestId = randomUUID();
    this.counts.eventBytesMax = Math.max(this.counts.eventBytesMax, payload.length);
    const { eventDelayMs, eventTwice } = this.#faults;
    for (let copies = strikes(eventTwice) ? 2 : 1; copies > 0; copies--) {
      const event = { requestId, payload, receivedMs: Date.now(), attempt: 0 };
      this.#deliver(event, luck.next() * eventDelayMs);
    }
    return requestId;
  }

  /** Kills environments that run something, as a failing machine would. Gives how many. */
  killRunning(count = Infinity): number {
    const busy = [...this.#environments].filter((each) => each.occupied).slice(0, count);
    for (const environment of busy) environment.kill();
    return busy.length;
  }

  /** Ends every process and drops every event; resolves when the processes are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#reaper);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#queue.length = 0;
    await this.restart();
  }

  /** Ends its environments: what comes next starts cold. */
  async restart(): Promise<void> {
    const ending = [...this.#environments];
    for (const environment of ending) environment.kill();
    while (ending.some((each) => this.#environments.has(each))) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** The one that was used last, a new one, or one that has just answered and is about to ask for more. */
  #acquire(): Environment | undefined {
    if (this.#closed) return undefined;
    const free = [...this.#environments].filter((each) => !each.occupied && each.state !== "gone");
    const idle = free.filter((each) => each.state === "idle").sort((a, b) => b.idleSinceMs - a.idleSinceMs);
    if (idle[0]) return idle[0];
    return this.#environments.size < this.options.concurrency ? this.#start() : free[0];
  }

  #start(): Environment {
    const { name, arn, concurrency: _, scratchDirectory, onLine, ...rest } = this.options;
    const folder = join(scratchDirectory, randomUUID());
    mkdirSync(folder, { recursive: true });
    const environment = new Environment({
      ...rest,
      functionName: name,
      functionArn: arn,
      scratchDirectory: folder,
      onLine: (line) => onLine?.(name, line),
      onChange: (changed) => {
        if (changed.state === "gone") {
          this.#environments.delete(changed);
          rmSync(folder, { recursive: true, force: true });
        }
        this.#dispatch();
      },
    });
    this.#environments.add(environment);
    this.counts.coldStarts++;
    return environment;
  }

  async #run(environment: Environment, requestId: string, payload: Buffer): Promise<InvocationResult> {
    this.#running++;
    this.counts.invocations++;
    const outcome = environment.invoke({ requestId, payload });
    const { executorKill, schedulerKill } = this.#faults;
    const [chance, withinMs] = this.options.name.includes("executor")
      ? [executorKill, 100]
      : [this.options.name.includes("scheduler") ? schedulerKill : 0, 1000];
    if (this.poison?.(payload)) environment.kill();
    else if (strikes(chance)) setTimeout(() => environment.kill(), luck.next() * withinMs);
    const result = await outcome;
    this.#running--;
    const billedMs = Math.ceil(result.durationMs + (result.initMs ?? 0));
    this.counts.gbSeconds += (billedMs / 1000) * (this.options.memoryMb / 1024);
    if (result.functionError) this.counts.errors++;
    return result;
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const environment = this.#acquire();
      if (!environment) return;
      const event = this.#queue.shift()!;
      if (Date.now() - event.receivedMs > this.options.eventAgeMsMax) this.counts.dropped++;
      else void this.#attempt(environment, event);
    }
  }

  async #attempt(environment: Environment, event: QueuedEvent): Promise<void> {
    const result = await this.#run(environment, event.requestId, event.payload);
    if (!result.functionError || this.#closed) return;
    const delayMs = this.options.retryDelaysMs[event.attempt];
    if (delayMs === undefined) {
      this.counts.dropped++;
      return;
    }
    this.#deliver({ ...event, attempt: event.attempt + 1 }, delayMs);
  }

  #deliver(event: QueuedEvent, delayMs: number): void {
    const queue = () => {
      this.#queue.push(event);
      this.#dispatch();
    };
    if (delayMs === 0) return queue();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      queue();
    }, delayMs);
    this.#timers.add(timer);
  }

  #reap(): void {
    const oldest = Date.now() - this.options.idleMsMax;
    for (const each of this.#environments) if (each.state === "idle" && each.idleSinceMs < oldest) each.kill();
  }
}
