/** A progress bar on a terminal's standard error, for queries that take longer than a second. */
import { Presets, SingleBar } from "cli-progress";
import { formatBytes, formatCount } from "../bill/quantities.ts";
import { results, scanCounter, sum } from "../explain/account.ts";
import type { QueryState } from "../scheduler/state.ts";
import type { QueryHandle } from "../session/query-handle.ts";

const appearsAfterMs = 1000;

/** Returns the function that takes the bar away. Nothing is shown when the stream is no terminal. */
export function showProgress(handle: QueryHandle, stream: NodeJS.WriteStream): () => void {
  if (!stream.isTTY) return () => {};
  let bar: SingleBar | undefined;
  let state: QueryState | undefined;
  const timer = setTimeout(() => {
    bar = new SingleBar({ stream, clearOnComplete: true, format: barFormat, hideCursor: true }, Presets.shades_classic);
    const shown = describe(state);
    bar.start(shown.total, shown.done, shown.payload);
  }, appearsAfterMs);
  timer.unref();
  handle.onProgress((next) => {
    state = next;
    const shown = describe(next);
    bar?.update(shown.done, shown.payload);
  });
  return () => {
    clearTimeout(timer);
    bar?.stop();
  };
}

const barFormat =
  " {bar} {value}/{total} tasks | stage {stage}/{stages} | {rows} rows, {bytes} read | {duration_formatted}";

function describe(state: QueryState | undefined) {
  const stages = state?.stages ?? [];
  const done = stages.flatMap(results);
  const sealed = stages.filter((stage) => stage.status === "sealed").length;
  return {
    total: stages.reduce((sum, stage) => sum + stage.tasks.length, 0),
    done: done.length,
    payload: {
      stage: Math.min(stages.length, sealed + 1),
      stages: stages.length,
      rows: formatCount(sum(done, (task) => scanCounter(task.metrics, "rowsRead"))),
      bytes: formatBytes(sum(done, (task) => scanCounter(task.metrics, "bytesRead"))),
    },
  };
}
