/**
 * One step of the scheduler: (state, events) → (state, commands). Pure: time and chance come in with the events, so the
 * same code runs on functions, embedded, and in a simulation that can replay any seed. What happened since the last step
 * is one step: a stage of thousands of tasks is not looked through for each of them.
 */
import type { QueryErrorJson } from "../errors.ts";
import type {
  Command,
  CommittedEvent,
  Event,
  FailedEvent,
  QueryState,
  StageState,
  StepOptions,
  TaskState,
} from "./state.ts";

export interface StepInput {
  readonly events: readonly Event[];
  readonly nowMs: number;
  /** Uniform in [0, 1): jitter and attempt ids derive from it. */
  readonly random: number;
}

export interface StepResult {
  readonly state: QueryState;
  readonly commands: readonly Command[];
}

/** However often a task was refused, it is tried again after so long. */
const backoffMsMax = 20_000;

export function step(state: QueryState, input: StepInput, options: StepOptions): StepResult {
  const commands: Command[] = [];
  let current = state;
  for (const event of input.events) {
    if (current.status !== "running") break;
    const applied = apply(current, event, input, options);
    current = applied.state;
    commands.push(...applied.commands);
  }
  if (current.status !== "running") return { state: current, commands };
  const advanced = advance(current, input, options);
  return { state: advanced.state, commands: [...commands, ...advanced.commands] };
}

/** Takes the event into the state. */
function apply(state: QueryState, event: Event, input: StepInput, options: StepOptions): StepResult {
  switch (event.kind) {
    case "tick":
      return { state, commands: [] };
    case "cancel":
      return end({ ...state, status: "cancelled" });
    case "opened": {
      const stage = state.stages[event.stage]!;
      const tasks = stage.tasks.map((task, i) => {
        const win = event.wins.get(i);
        return win ? { ...task, running: [], win } : task;
      });
      return { state: withStage(state, event.stage, { ...stage, status: "running", tasks }), commands: [] };
    }
    case "sealed":
      return applySealed(state, event.stage);
    case "committed":
      return applyCommit(state, event, input);
    case "failed":
      return applyFailure(state, event, input, options);
  }
}

function applyCommit(state: QueryState, { stage, task, win }: CommittedEvent, { nowMs }: StepInput): StepResult {
  const old = state.stages[stage]?.tasks[task];
  if (!old || old.win) return { state, commands: [] };
  const losers = old.running.filter((attempt) => attempt.attemptId !== win.attemptId);
  const won = withTask(state, stage, task, { ...old, running: [], win });
  const winner = old.running.find((attempt) => attempt.attemptId === win.attemptId);
  const queuedMs = winner ? nowMs - winner.startedMs - win.result.elapsedMs : 0;
  const seen = won.stages[stage]!;
  const next = queuedMs > seen.queuedMs ? withStage(won, stage, { ...seen, queuedMs }) : won;
  return { state: next, commands: abort(losers.map((loser) => loser.attemptId)) };
}

function applySealed(state: QueryState, stage: number): StepResult {
  const sealed = withStage(state, stage, { ...state.stages[stage]!, status: "sealed" });
  return stage === state.stages.length - 1 ? end({ ...sealed, status: "finished" }) : { state: sealed, commands: [] };
}

function applyFailure(state: QueryState, event: FailedEvent, input: StepInput, options: StepOptions): StepResult {
  const task = state.stages[event.stage]?.tasks[event.task];
  if (!task || task.win || !task.running.some((attempt) => attempt.attemptId === event.attemptId)) {
    return { state, commands: [] };
  }
  const throttled = event.error.code === "throttled";
  const failures = task.failures + (throttled ? 0 : 1);
  const throttles = throttled ? task.throttles + 1 : 0;
  const larger = event.error.code === "out_of_memory" && task.tier + 1 < options.tiers;
  if (!(event.error.retryable || larger) || failures >= options.attemptsMax) {
    return end({ ...state, status: "failed", error: finalError(event.error, failures) });
  }
  const waitMs = Math.min(backoffMsMax, options.backoffMs * 2 ** (Math.max(1, failures + throttles) - 1));
  const retry: TaskState = {
    ...task,
    failures,
    throttles,
    tier: larger ? task.tier + 1 : task.tier,
    running: task.running.filter((attempt) => attempt.attemptId !== event.attemptId),
    notBeforeMs: input.nowMs + waitMs * (0.5 + spread(input.random, event.task)),
  };
  return { state: withTask(state, event.stage, event.task, retry), commands: [] };
}

/** One random number for many tasks (the golden ratio spreads them evenly), that they may not all come back at once. */
function spread(random: number, task: number): number {
  return (random + task * 0.6180339887498949) % 1;
}

function finalError(error: QueryErrorJson, failures: number): QueryErrorJson {
  if (!error.retryable) return error;
  return { ...error, message: `${error.message} (gave up after ${failures} attempts)`, retryable: false };
}

function abort(attemptIds: readonly string[]): readonly Command[] {
  return attemptIds.length > 0 ? [{ kind: "abort", attemptIds }] : [];
}

/** Ends the query: whatever still runs is asked to stop. */
function end(state: QueryState): StepResult {
  if (state.status === "running") return { state, commands: [] };
  const running = state.stages.flatMap((stage) => stage.tasks.flatMap((task) => task.running));
  const ended: Command = { kind: "end", outcome: state.status };
  return { state, commands: [...abort(running.map((attempt) => attempt.attemptId)), ended] };
}

/** Opens stages whose inputs are sealed, starts attempts while there are slots, seals stages that are done. */
function advance(state: QueryState, input: StepInput, options: StepOptions): StepResult {
  const commands: Command[] = [];
  const stages = [...state.stages];
  let free = options.slots - runningCount(state);
  let wakeAt = Infinity;
  for (const { id, inputs } of state.graph.stages) {
    let stage = stages[id]!;
    if (stage.status === "waiting" && inputs.every((i) => stages[i]!.status === "sealed")) {
      stage = { ...stage, status: "opening" };
      stages[id] = stage;
      commands.push({ kind: "open", stage: id });
    }
    if (stage.status !== "running") continue;
    const slowMs = slowAfterMs(stage, options);
    const tasks = stage.tasks.map((task, i) => {
      if (task.win) return task;
      const at = startTime(task, slowMs);
      if (at > input.nowMs) wakeAt = Math.min(wakeAt, at);
      if (at > input.nowMs || free <= 0) return task;
      free--;
      const started = newAttempt(task, id, i, input);
      const { attempt, attemptId } = started;
      commands.push({ kind: "invoke", stage: id, task: i, attempt, attemptId, tier: task.tier });
      return { ...task, attempts: started.attempt, running: [...task.running, started] };
    });
    const done = tasks.every((task) => task.win);
    if (done) commands.push({ kind: "seal", stage: id });
    stages[id] = { ...stage, tasks, status: done ? "sealing" : "running" };
  }
  if (wakeAt < Infinity) commands.push({ kind: "wake", atMs: wakeAt });
  return { state: { ...state, stages }, commands };
}

function newAttempt(task: TaskState, stage: number, index: number, input: StepInput) {
  const attempt = task.attempts + 1;
  const name = [Math.floor(input.random * 2 ** 40), stage, index].map((part) => part.toString(36)).join("-");
  return { attempt, attemptId: `${attempt}-${name}`, startedMs: input.nowMs };
}

/** When a task may get another attempt: now, later, or never (Infinity) while its one attempt runs well. */
function startTime(task: TaskState, slowMs: number): number {
  const [running] = task.running;
  if (!running) return task.notBeforeMs;
  return task.running.length > 1 ? Infinity : running.startedMs + slowMs;
}

/**
 * A task of this stage that was sent so long ago gets a second attempt; Infinity while too few have ended to tell. Where
 * tasks wait for executors, one that has not ended may not have begun either: the queue's time comes on top.
 */
function slowAfterMs(stage: StageState, options: StepOptions): number {
  if (options.speculateFactor === 0) return Infinity;
  const elapsed = stage.tasks.flatMap(({ win }) => (win ? [win.result.elapsedMs] : []));
  if (elapsed.length * 2 < stage.tasks.length) return Infinity;
  const median = elapsed.sort((a, b) => a - b)[elapsed.length >> 1] ?? 0;
  return stage.queuedMs + Math.max(options.speculateMsMin, median * options.speculateFactor);
}

function runningCount(state: QueryState): number {
  return state.stages.reduce((sum, stage) => sum + stage.tasks.reduce((n, task) => n + task.running.length, 0), 0);
}

function withStage(state: QueryState, id: number, stage: StageState): QueryState {
  return { ...state, stages: state.stages.map((old, i) => (i === id ? stage : old)) };
}

function withTask(state: QueryState, stageId: number, taskId: number, task: TaskState): QueryState {
  const stage = state.stages[stageId]!;
  return withStage(state, stageId, { ...stage, tasks: stage.tasks.map((old, i) => (i === taskId ? task : old)) });
}
