/**
 * What the attempts of a query used: as they reported it, and, for those that never will, as far as they ever said and a
 * little more. Attempts report with their records (lib/scheduler/ports.ts), also those that lost, failed or came late.
 */
import { addUsage, noUsage, sumUsage, type Usage } from "../bill/usage.ts";
import type { TaskRecord } from "../scheduler/ports.ts";
import type { Task } from "../stages/graph.ts";

/** An attempt that was started. */
export interface StartedAttempt {
  readonly stage: number;
  readonly generation: number;
  readonly task: number;
  readonly attemptId: string;
  readonly tier: number;
}

export interface BillTotals {
  /** Of all attempts; `estimated` is in it. */
  readonly usage: Usage;
  /** The part of it that nobody reported. */
  readonly estimated: Usage;
  /** Attempts that were given up and have not reported. */
  readonly unreported: number;
}

interface AttemptBill {
  readonly stage: number;
  readonly task: number;
  readonly started?: StartedAttempt;
  /** By delivery: an invocation may be delivered twice, and both are billed. */
  readonly reports: ReadonlyMap<string, Usage>;
  readonly lastBeat?: Usage;
  readonly isLost: boolean;
}

const nothing = { reports: new Map<string, Usage>(), isLost: false };

export class QueryBill {
  readonly #gigabytesByTier: readonly number[];
  readonly #heartbeatMs: number;
  readonly #attempts = new Map<string, AttemptBill>();
  /** By stage and task: what handing tasks on took. */
  readonly #handedOn = new Map<string, { readonly stage: number; readonly usage: Usage }>();

  /** @param heartbeatMs how long an attempt may work without a sign of life */
  constructor(gigabytesByTier: readonly number[], heartbeatMs: number) {
    this.#gigabytesByTier = gigabytesByTier;
    this.#heartbeatMs = heartbeatMs;
  }

  started({ stage, generation, task, attemptId, tier = 0 }: Pick<Task, keyof StartedAttempt>): void {
    this.#change(stage, task, attemptId, { started: { stage, generation, task, attemptId, tier } });
  }

  read(stage: number, records: readonly TaskRecord[]): void {
    for (const { task, win, failures, beats, handedOn = [] } of records) {
      if (win?.result.usage) this.#report(stage, task, win.attemptId, deliveryOf(win.result.key), win.result.usage);
      for (const { attemptId, delivery = "", usage, error } of failures) {
        if (usage) this.#report(stage, task, attemptId, delivery, usage);
        else if (error.code === "executor_lost") this.#change(stage, task, attemptId, { isLost: true });
      }
      for (const [attemptId, { usage }] of beats ?? []) {
        if (usage) this.#change(stage, task, attemptId, { lastBeat: usage });
      }
      if (handedOn.length > 0) this.#handedOn.set(`${stage}/${task}`, { stage, usage: sumUsage(handedOn) });
    }
  }

  /** Attempts that may still report. */
  get open(): readonly StartedAttempt[] {
    return [...this.#attempts.values()].flatMap(({ started, reports, isLost }) =>
      started && reports.size === 0 && !isLost ? [started] : [],
    );
  }

  /** Attempts that were given up and have not reported; a last look may find that they did. */
  get lost(): readonly StartedAttempt[] {
    return [...this.#attempts.values()].flatMap(({ started, reports, isLost }) =>
      started && reports.size === 0 && isLost ? [started] : [],
    );
  }

  /** Nobody waits for those that are still open any more. */
  giveUpOpen(): void {
    for (const { stage, task, attemptId } of this.open) this.#change(stage, task, attemptId, { isLost: true });
  }

  totals(): BillTotals {
    const attempts = [...this.#attempts.values()];
    const known = attempts.map((attempt) => this.#known(attempt));
    const lost = attempts.filter(({ reports, isLost }) => isLost && reports.size === 0);
    const estimated = sumUsage(lost.map((attempt) => this.#rest(attempt)));
    const handedOn = [...this.#handedOn.values()].map(({ usage }) => usage);
    return { usage: sumUsage([...known, ...handedOn, estimated]), estimated, unreported: lost.length };
  }

  stage(stage: number): Usage {
    const own = [...this.#attempts.values()].filter((attempt) => attempt.stage === stage);
    const handedOn = [...this.#handedOn.values()].filter((each) => each.stage === stage).map(({ usage }) => usage);
    return sumUsage([...own.map((attempt) => addUsage(this.#known(attempt), this.#rest(attempt))), ...handedOn]);
  }

  /** Of all attempts of each task that were reported or given up. */
  tasks(stage: number): ReadonlyMap<number, Usage> {
    const own = [...this.#attempts.values()].filter((attempt) => attempt.stage === stage);
    const byTask = new Map<number, Usage>();
    for (const attempt of own) {
      const usage = addUsage(this.#known(attempt), this.#rest(attempt));
      byTask.set(attempt.task, addUsage(byTask.get(attempt.task) ?? noUsage, usage));
    }
    return byTask;
  }

  /** Reported, or by its last sign of life. Whoever started it counted one invocation. */
  #known({ reports, lastBeat = noUsage }: AttemptBill): Usage {
    if (reports.size === 0) return lastBeat;
    return { ...sumUsage(reports.values()), lambdaInvocations: reports.size - 1 + invocationsIn(reports) };
  }

  /** What a lost attempt may have used since its last sign of life, at most: it would have given another. */
  #rest({ reports, isLost, started }: AttemptBill): Usage {
    if (!isLost || reports.size > 0) return noUsage;
    const gigabytes = this.#gigabytesByTier[started?.tier ?? 0] ?? this.#gigabytesByTier.at(-1) ?? 0;
    return { ...noUsage, lambdaGbSeconds: (this.#heartbeatMs / 1000) * gigabytes };
  }

  #report(stage: number, task: number, attemptId: string, delivery: string, usage: Usage): void {
    const reports = new Map(this.#attempts.get(`${stage}/${task}/${attemptId}`)?.reports);
    this.#change(stage, task, attemptId, { reports: reports.set(delivery, usage) });
  }

  #change(stage: number, task: number, attemptId: string, change: Partial<AttemptBill>): void {
    const key = `${stage}/${task}/${attemptId}`;
    this.#attempts.set(key, { ...nothing, stage, task, ...this.#attempts.get(key), ...change });
  }
}

function invocationsIn(reports: ReadonlyMap<string, Usage>): number {
  return [...reports.values()].reduce((sum, { lambdaInvocations }) => sum + lambdaInvocations, 0);
}

/** The delivery that wrote an object: its key ends with it (lib/service/run-tasks.ts). */
function deliveryOf(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}
