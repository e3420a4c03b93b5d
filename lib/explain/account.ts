/** What a query did, in a few numbers: sums over its tasks' own counts. */
import type { QueryState, StageState } from "../scheduler/state.ts";
import type { OperatorMetrics, TaskResult } from "../stages/graph.ts";

/** A finished query's numbers. Bytes are those of files and messages as stored. */
export interface QueryAccount {
  readonly stages: number;
  readonly tasks: number;
  /** Attempts beyond one a task. */
  readonly retries: number;
  /** Rows and bytes that scans read, before filters. */
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly rowGroups: number;
  /** Row groups of those that statistics showed to hold nothing wanted. */
  readonly rowGroupsPruned: number;
  readonly pagesPruned: number;
  /** Files of partitioned tables that were not opened, since their paths ruled every row out. */
  readonly filesPruned: number;
  /** What stages handed to other stages, as Arrow IPC. */
  readonly rowsExchanged: number;
  readonly bytesExchanged: number;
  readonly spilledBytes: number;
  /** The largest linear memory of any task. */
  readonly memoryPeakBytes: number;
  /** Rows of the answer. */
  readonly rows: number;
  /** Planning not counted. */
  readonly elapsedMs: number;
}

export function accountOf(state: QueryState, elapsedMs: number): QueryAccount {
  const last = state.stages.at(-1)!;
  const tasks = state.stages.flatMap(results);
  const handedOn = state.stages.slice(0, -1).flatMap(results);
  const scanned = (name: string) => sum(tasks, ({ metrics }) => scanCounter(metrics, name));
  return {
    stages: state.stages.length,
    tasks: tasks.length,
    retries: sum(state.stages, retries),
    rowsRead: scanned("rowsRead"),
    bytesRead: scanned("bytesRead"),
    rowGroups: scanned("rowGroups"),
    rowGroupsPruned: scanned("rowGroupsPruned"),
    pagesPruned: scanned("pagesPruned"),
    filesPruned: scanned("filesPruned"),
    rowsExchanged: sum(handedOn, ({ rows }) => rows),
    bytesExchanged: sum(handedOn, ({ bytes }) => bytes),
    spilledBytes: sum(tasks, ({ metrics }) => counterOf(metrics, "spilledBytes")),
    memoryPeakBytes: Math.max(0, ...tasks.map((task) => task.memoryPeakBytes)),
    rows: sum(results(last), ({ rows }) => rows),
    elapsedMs,
  };
}

/** The outcomes of a stage's tasks. */
export function results(stage: StageState): readonly TaskResult[] {
  return stage.tasks.flatMap((task) => (task.win ? [task.win.result] : []));
}

/** Attempts that were started beyond one a task. */
export function retries(stage: StageState): number {
  return sum(stage.tasks, (task) => Math.max(0, task.attempts - 1));
}

/** The sum of a counter over a tree of operators. */
export function counterOf(metrics: OperatorMetrics, name: string): number {
  return (metrics.counters[name] ?? 0) + sum(metrics.children, (child) => counterOf(child, name));
}

/** The sum over its scans: reads of exchanges count what other stages wrote. */
export function scanCounter(metrics: OperatorMetrics, name: string): number {
  const own = metrics.operator.endsWith("scan") ? (metrics.counters[name] ?? 0) : 0;
  return own + sum(metrics.children, (child) => scanCounter(child, name));
}

export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
