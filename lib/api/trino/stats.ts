/** How a query stands, in the protocol's words: what progress bars of clients show. */
import type { QueryInfo, StageProgress } from "../../service/query-service.ts";

export function stateOf({ status }: QueryInfo): string {
  return status === "cancelled" ? "FAILED" : status.toUpperCase();
}

export function statsOf(state: string, info?: QueryInfo): object {
  const stages = info?.stages ?? [];
  const elapsed = info ? (info.finishedMs ?? Date.now()) - info.submittedMs : 0;
  const { queued, running, completed, total, rows, bytes } = splitsOf(stages);
  const rootStage = stageStats(stages.toReversed(), elapsed);
  return {
    state,
    queued: state === "QUEUED",
    scheduled: total > 0,
    nodes: 1,
    totalSplits: total,
    queuedSplits: queued,
    runningSplits: running,
    completedSplits: completed,
    progressPercentage: total === 0 ? 0 : (100 * completed) / total,
    runningPercentage: total === 0 ? 0 : (100 * running) / total,
    planningTimeMillis: 0,
    analysisTimeMillis: 0,
    cpuTimeMillis: 0,
    wallTimeMillis: elapsed,
    queuedTimeMillis: info?.startedMs ? info.startedMs - info.submittedMs : 0,
    elapsedTimeMillis: elapsed,
    finishingTimeMillis: 0,
    physicalInputTimeMillis: 0,
    processedRows: rows,
    processedBytes: bytes,
    physicalInputBytes: info?.usage.s3BytesRead ?? 0,
    physicalWrittenBytes: 0,
    internalNetworkInputBytes: 0,
    peakMemoryBytes: 0,
    spilledBytes: 0,
    ...(rootStage && { rootStage }),
  };
}

/** The last stage at the root, each other below the one that follows it: Volley's stages are a list. */
function stageStats([stage, ...below]: readonly StageProgress[], elapsed: number): object | undefined {
  if (!stage) return undefined;
  const { queued, running, completed, total, rows, bytes } = splitsOf([stage]);
  const done = total > 0 && completed === total;
  const input = stageStats(below, elapsed);
  return {
    stageId: String(stage.stage),
    state: done ? "FINISHED" : running > 0 ? "RUNNING" : completed > 0 ? "SCHEDULING" : "PLANNED",
    done,
    nodes: 1,
    totalSplits: total,
    queuedSplits: queued,
    runningSplits: running,
    completedSplits: completed,
    cpuTimeMillis: 0,
    wallTimeMillis: elapsed,
    processedRows: rows,
    processedBytes: bytes,
    physicalInputBytes: bytes,
    failedTasks: stage.retries,
    coordinatorOnly: false,
    subStages: input ? [input] : [],
  };
}

function splitsOf(stages: readonly StageProgress[]) {
  const sum = (of: (stage: StageProgress) => number) => stages.reduce((all, stage) => all + of(stage), 0);
  const [total, running, completed] = [sum(({ tasks }) => tasks), sum((each) => each.running), sum(({ done }) => done)];
  const queued = Math.max(0, total - running - completed);
  return { total, running, completed, queued, rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes) };
}
