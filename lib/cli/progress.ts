/** A progress bar on a terminal's standard error, for queries that take longer than a second. */
import { Presets, SingleBar } from "cli-progress";
import { formatBytes, formatCount } from "../bill/quantities.ts";
import type { AnswerProgress, QueryAnswer } from "../output/query-answer.ts";

const appearsAfterMs = 1000;
const atStart: AnswerProgress = { stages: 0, stagesDone: 0, tasks: 0, tasksDone: 0, rows: 0, bytes: 0 };

/** Returns the function that takes the bar away. Nothing is shown when the stream is no terminal. */
export function showProgress(handle: QueryAnswer, stream: NodeJS.WriteStream): () => void {
  if (!stream.isTTY) return () => {};
  let bar: SingleBar | undefined;
  let progress = atStart;
  const timer = setTimeout(() => {
    bar = new SingleBar({ stream, clearOnComplete: true, format: barFormat, hideCursor: true }, Presets.shades_classic);
    bar.start(progress.tasks, progress.tasksDone, payload(progress));
  }, appearsAfterMs);
  timer.unref();
  handle.onProgress((next) => {
    progress = next;
    bar?.setTotal(next.tasks);
    bar?.update(next.tasksDone, payload(next));
  });
  return () => {
    clearTimeout(timer);
    bar?.stop();
  };
}

const barFormat =
  " {bar} {value}/{total} tasks | stage {stage}/{stages} | {rows} rows, {bytes} read | {duration_formatted}";

function payload({ stages, stagesDone, rows, bytes }: AnswerProgress) {
  return {
    stage: Math.min(stages, stagesDone + 1),
    stages,
    rows: formatCount(rows),
    bytes: formatBytes(bytes),
  };
}
