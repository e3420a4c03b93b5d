/** The scheduler's view of one query: plain data that `step` turns over. */
import type { QueryErrorJson } from "../errors.ts";
import type { StageGraph } from "../stages/graph.ts";
import type { Outcome, Win } from "./ports.ts";

export interface RunningAttempt {
  readonly attempt: number;
  readonly attemptId: string;
  readonly startedMs: number;
}

export interface TaskState {
  /** Attempts started so far. */
  readonly attempts: number;
  /** Failures that count towards the limit (throttles do not). */
  readonly failures: number;
  /** Throttles since its last attempt that ran. */
  readonly throttles: number;
  readonly running: readonly RunningAttempt[];
  /** Not started again before this time. */
  readonly notBeforeMs: number;
  /** How large an executor its next attempt gets: 0 is the smallest. */
  readonly tier: number;
  readonly win?: Win;
}

export interface StageState {
  readonly status: "waiting" | "opening" | "running" | "sealing" | "sealed";
  readonly generation: number;
  readonly tasks: readonly TaskState[];
  /** The longest that an attempt which won had waited before an executor took it. */
  readonly queuedMs: number;
}

export interface QueryState {
  readonly queryId: string;
  readonly status: "running" | Outcome;
  readonly graph: StageGraph;
  readonly stages: readonly StageState[];
  readonly error?: QueryErrorJson;
}

export interface StepOptions {
  /** Attempts that may run at once over the whole query. */
  readonly slots: number;
  readonly attemptsMax: number;
  /** The first retry waits about so long; each further one twice as long. */
  readonly backoffMs: number;
  /** Starts a second attempt of a task that runs so many times longer than its stage's median; 0: never. */
  readonly speculateFactor: number;
  readonly speculateMsMin: number;
  /** Sizes of executors: a task that ran out of memory is tried on the next larger one. */
  readonly tiers: number;
}

export const defaultStepOptions: Omit<StepOptions, "slots"> = {
  attemptsMax: 4,
  backoffMs: 50,
  speculateFactor: 0,
  speculateMsMin: 5000,
  tiers: 1,
};

export interface FailedEvent {
  readonly kind: "failed";
  readonly stage: number;
  readonly task: number;
  readonly attemptId: string;
  readonly error: QueryErrorJson;
}

export interface CommittedEvent {
  readonly kind: "committed";
  readonly stage: number;
  readonly task: number;
  readonly win: Win;
}

export type Event =
  /** The stage's records are there; `wins` are those that an earlier holder of the query already had. */
  | { readonly kind: "opened"; readonly stage: number; readonly wins: ReadonlyMap<number, Win> }
  | CommittedEvent
  | FailedEvent
  | { readonly kind: "sealed"; readonly stage: number }
  | { readonly kind: "tick" }
  | { readonly kind: "cancel" };

export type Command =
  /** Open the stage's records; answered by `opened`. */
  | { readonly kind: "open"; readonly stage: number }
  | {
      readonly kind: "invoke";
      readonly stage: number;
      readonly task: number;
      readonly attempt: number;
      readonly attemptId: string;
      readonly tier: number;
    }
  | { readonly kind: "abort"; readonly attemptIds: readonly string[] }
  /** Write the manifest of winners; answered by `sealed`. */
  | { readonly kind: "seal"; readonly stage: number }
  /** Send a tick at this time. */
  | { readonly kind: "wake"; readonly atMs: number }
  | { readonly kind: "end"; readonly outcome: Outcome };

/**
 * Nothing has started yet; or, with the stages of a scheduler that handed the query over, its attempts go on. What is won
 * and sealed comes from the records again.
 */
export function initialState(queryId: string, graph: StageGraph, before: readonly StageState[] = []): QueryState {
  const fresh: TaskState = { attempts: 0, failures: 0, throttles: 0, running: [], notBeforeMs: 0, tier: 0 };
  return {
    queryId,
    status: "running",
    graph,
    stages: graph.stages.map(({ id, tasks }) => ({
      status: "waiting",
      generation: 0,
      queuedMs: before[id]?.queuedMs ?? 0,
      tasks: Array.from({ length: tasks }, (_none, i): TaskState => {
        const { win: _, ...task } = { ...fresh, ...before[id]?.tasks[i] };
        return task;
      }),
    })),
  };
}
