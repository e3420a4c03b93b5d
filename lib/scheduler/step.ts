/**
 * One step of the scheduler: (state, event) → (state, commands). Pure: time and chance come in with the event, so the
 * same code runs on functions, embedded, and in a simulation that can replay any seed.
 */
import type { QueryErrorJson } from "../errors.ts";
import type { Command, Event, FailedEvent, QueryState, StageState, StepOptions, TaskState } from "./state.ts";

export interface StepInput {
  readonly event: Event;
  readonly nowMs: number;
  /** Uniform in [0, 1): jitter and attempt ids derive from it. */
  readonly random: number;
}

export interface StepResult {
  readonly state: QueryState;
  readonly commands: readonly Command[];
}

export function step(state: QueryState, input: StepInput, options: StepOptions): StepResult {
  if (state.status !== "running") return { state, commands: [] };
  const applied = apply(state, input, options);
  if (applied.state.status !== "running") return applied;
  const advanced = advance(applied.state, input, options);
  return { state: advanced.state, commands: [...applied.commands, ...advanced.commands] };
}

/** Takes the event into the state. */
function apply(state: QueryState, input: StepInput, options: StepOptions): StepResult {
  const { event } = input;
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
    case "committed": {
      const task = state.stages[event.stage]?.tasks[event.task];
      if (!task || task.win) return { state, commands: [] };
      const losers = task.running.filter((attempt) => attempt.attemptId !== event.win.attemptId);
      const won = withTask(state, event.stage, event.task, { ...task, running: [], win: event.win });
      return { state: won, commands: abort(losers.map((loser) => loser.attemptId)) };
    }
    case "failed":
      return applyFailure(state, event, input, options);
  }
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
  const failures = task.failures + (event.error.code === "throttled" ? 0 : 1);
  const larger = event.error.code === "out_of_memory" && task.tier + 1 < options.tiers;
  if (!(event.error.retryable || larger) || failures >= options.attemptsMax) {
    return end({ ...state, status: "failed", error: finalError(event.error, failures) });
  }
  const exponent = Math.min(10, Math.max(1, failures) - 1);
  const retry: TaskState = {
    ...task,
    failures,
    tier: larger ? task.tier + 1 : task.tier,
    running: task.running.filter((attempt) => attempt.attemptId !== event.attemptId),
    notBeforeMs: input.nowMs + options.backoffMs * 2 ** exponent * (0.5 + input.random),
  };
  return { state: withTask(state, event.stage, event.task, retry), commands: [] };
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
    const tasks = stage.tasks.map((task, i) => {
      if (task.win) return task;
      const at = startTime(task, stage, options);
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
function startTime(task: TaskState, stage: StageState, options: StepOptions): number {
  const [running] = task.running;
  if (!running) return task.notBeforeMs;
  if (task.running.length > 1 || options.speculateFactor === 0) return Infinity;
  const elapsed = stage.tasks.flatMap((other) => (other.win ? [other.win.result.elapsedMs] : [])).sort((a, b) => a - b);
  if (elapsed.length * 2 < stage.tasks.length) return Infinity;
  const median = elapsed[elapsed.length >> 1] ?? 0;
  return running.startedMs + Math.max(options.speculateMsMin, median * options.speculateFactor);
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
