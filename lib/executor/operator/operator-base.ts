/**
 * What every operator shares: its life cycle, its counts, its arena. An operator file implements `nextBatch` and, when
 * it needs them, `openSelf` and `closeSelf`. By convention constructors take (context, node, ...children).
 */
import type { Batch } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import type { Column } from "../../expr/expr.ts";
import { Arena } from "../../kernels/arena.ts";
import type { OperatorMetrics } from "../../stages/graph.ts";
import type { Operator, TaskContext } from "./operator.ts";

export abstract class OperatorBase implements Operator {
  readonly columns: readonly Column[];
  protected readonly context: TaskContext;
  protected readonly children: readonly Operator[];
  /** Memory that lives until close; freed by the base class. */
  protected readonly arena: Arena;
  readonly #name: string;
  readonly #counters: Record<string, number> = {};
  #rows = 0;
  #batches = 0;
  #inclusiveMs = 0;
  #state: "new" | "open" | "closed" = "new";

  constructor(name: string, context: TaskContext, columns: readonly Column[], children: readonly Operator[] = []) {
    this.#name = name;
    this.context = context;
    this.columns = columns;
    this.children = children;
    this.arena = new Arena(context.memory);
  }

  /** Prepares this operator; by default opens the children in order. Overriders decide when to open which. */
  protected async openSelf(): Promise<void> {
    for (const child of this.children) await child.open();
  }

  /** The next batch, never empty; null at the end (and again when asked again). */
  protected abstract nextBatch(): Promise<Batch | null>;

  /** Gives back what the arena does not hold. Called once, also when open failed half-way. */
  protected async closeSelf(): Promise<void> {}

  /** Adds to a named counter of the metrics. */
  protected count(name: string, amount = 1): void {
    this.#counters[name] = (this.#counters[name] ?? 0) + amount;
  }

  /** Sets a named counter to the largest value seen. */
  protected countMax(name: string, value: number): void {
    this.#counters[name] = Math.max(this.#counters[name] ?? 0, value);
  }

  async open(): Promise<void> {
    if (this.#state !== "new") throw new QueryError("internal", `${this.#name} is opened twice`);
    this.#state = "open";
    if (!this.context.task.options.analyze) return this.openSelf();
    const start = performance.now();
    try {
      await this.openSelf();
    } finally {
      this.#inclusiveMs += performance.now() - start;
    }
  }

  async next(): Promise<Batch | null> {
    if (breathIsDue()) await breath();
    if (this.context.signal.aborted) throw cancelled(this.context.signal);
    const analyze = this.context.task.options.analyze === true;
    const start = analyze ? performance.now() : 0;
    const batch = await this.nextBatch();
    if (analyze) this.#inclusiveMs += performance.now() - start;
    if (batch !== null) {
      this.#rows += batch.length;
      this.#batches++;
    }
    return batch;
  }

  /** The parts of a long computation between two batches, with pauses in which an abort is heard. */
  protected async *paced<T>(parts: Iterable<T>): AsyncGenerator<T> {
    for (const part of parts) {
      yield part;
      if (!breathIsDue()) continue;
      await breath();
      if (this.context.signal.aborted) throw cancelled(this.context.signal);
    }
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const failures: unknown[] = [];
    const attempt = (part: Promise<void>) => part.catch((error) => void failures.push(error));
    await attempt(this.closeSelf());
    this.arena.free();
    for (const child of this.children) await attempt(child.close());
    if (failures.length > 0) throw failures[0];
  }

  metrics(): OperatorMetrics {
    const children = this.children.map((child) => child.metrics());
    const childrenMs = children.reduce((sum, child) => sum + inclusiveMs(child), 0);
    return {
      operator: this.#name,
      rows: this.#rows,
      batches: this.#batches,
      selfMs: Math.max(0, this.#inclusiveMs - childrenMs),
      counters: { ...this.#counters },
      children,
    };
  }
}

const breathEveryMs = 25;
const checkEvery = 8;
let calls = 0;
let lastBreathMs = 0;

/** Operators run from promise to promise: without a pause now and then, no message (an abort!) would ever be read. */
function breathIsDue(): boolean {
  return ++calls % checkEvery === 0 && performance.now() - lastBreathMs > breathEveryMs;
}

async function breath(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  lastBreathMs = performance.now();
}

/** A subtree's time: the sum of its operators' own. */
export function inclusiveMs(metrics: OperatorMetrics): number {
  return metrics.selfMs + metrics.children.reduce((sum, child) => sum + inclusiveMs(child), 0);
}

/** The error of work that its caller gave up. */
export function cancelled(signal: AbortSignal): QueryError {
  return signal.reason instanceof QueryError ? signal.reason : new QueryError("cancelled", "the query was cancelled");
}
