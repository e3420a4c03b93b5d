/** How far a query is, in a few numbers. */
import type { AnswerProgress } from "../output/query-answer.ts";
import type { QueryState } from "../scheduler/state.ts";
import { results, scanCounter, sum } from "./account.ts";

export function progressOf({ stages }: QueryState): AnswerProgress {
  const done = stages.flatMap(results);
  return {
    stages: stages.length,
    stagesDone: stages.filter((stage) => stage.status === "sealed").length,
    tasks: sum(stages, (stage) => stage.tasks.length),
    tasksDone: done.length,
    rows: sum(done, (task) => scanCounter(task.metrics, "rowsRead")),
    bytes: sum(done, (task) => scanCounter(task.metrics, "bytesRead")),
  };
}
