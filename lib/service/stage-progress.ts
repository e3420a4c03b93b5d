/** How far each stage is, for people. */
import type { Usage } from "../bill/usage.ts";
import { results, retries, sum } from "../explain/account.ts";
import type { StageState } from "../scheduler/state.ts";
import type { StageProgress } from "./query-service.ts";

export function stageProgress(stage: StageState, index: number, usage?: Usage): StageProgress {
  const done = results(stage);
  return {
    stage: index,
    tasks: stage.tasks.length,
    running: stage.tasks.filter(({ running, win }) => running.length > 0 && !win).length,
    done: done.length,
    retries: retries(stage),
    rows: sum(done, ({ rows }) => rows),
    bytes: sum(done, ({ bytes }) => bytes),
    ...(usage && { usage }),
  };
}
