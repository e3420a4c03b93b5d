/** EXPLAIN ANALYZE: runs the query and prints what each stage and operator really did. */
import type { PlannedQuery } from "../query.ts";
import type { QueryHandle } from "../query-handle.ts";
import type { QueryState, StageState } from "../scheduler/state.ts";
import type { OperatorMetrics, TaskResult } from "../stages/graph.ts";
import { formatBytes, formatCount, formatMs } from "./quantities.ts";
import { indent, stageTitle } from "./stages.ts";

export async function explainAnalyze(
  planned: PlannedQuery,
  handle: QueryHandle,
): Promise<readonly (readonly [string, string])[]> {
  const state = await handle.run();
  const summary = totals(state, await handle.elapsedMs());
  const stages = planned.graph.stages.map((stage) => {
    const done = state.stages[stage.id]!;
    return `${stageTitle(stage, planned.graph)}\n${indent(stageSummary(done))}\n${indent(stageMetrics(done))}`;
  });
  return [["analyzed_plan", [...stages, summary].join("\n")]];
}

/** The outcomes of a stage's tasks. */
export function results(stage: StageState): readonly TaskResult[] {
  return stage.tasks.flatMap((task) => (task.win ? [task.win.result] : []));
}

/** Attempts that were started beyond one a task. */
export function retries(stage: StageState): number {
  return stage.tasks.reduce((sum, task) => sum + Math.max(0, task.attempts - 1), 0);
}

function stageSummary(stage: StageState): string {
  const tasks = results(stage);
  const sum = (of: (task: TaskResult) => number) => tasks.reduce((total, task) => total + of(task), 0);
  const slowest = Math.max(0, ...tasks.map((task) => task.elapsedMs));
  const memory = Math.max(0, ...tasks.map((task) => task.memoryPeakBytes));
  const parts = [
    `wrote ${formatCount(sum((task) => task.rows))} rows, ${formatBytes(sum((task) => task.bytes))}`,
    `tasks took ${formatMs(sum((task) => task.elapsedMs))}, the slowest ${formatMs(slowest)}`,
    `memory ${formatBytes(memory)}`,
  ];
  if (retries(stage) > 0) parts.push(`${retries(stage)} retries`);
  return parts.join("; ");
}

function stageMetrics(stage: StageState): string {
  const merged = mergeMetrics(results(stage).map((task) => task.metrics));
  return merged ? formatMetrics(merged, 0) : "";
}

/** Adds the metrics of the tasks of one stage, whose plans are the same tree. */
export function mergeMetrics(all: readonly OperatorMetrics[]): OperatorMetrics | undefined {
  const [first] = all;
  if (!first) return undefined;
  const counters: Record<string, number> = {};
  for (const metrics of all) {
    for (const [name, value] of Object.entries(metrics.counters)) counters[name] = (counters[name] ?? 0) + value;
  }
  return {
    operator: first.operator,
    rows: all.reduce((sum, metrics) => sum + metrics.rows, 0),
    batches: all.reduce((sum, metrics) => sum + metrics.batches, 0),
    selfMs: all.reduce((sum, metrics) => sum + metrics.selfMs, 0),
    counters,
    children: first.children.map((_, i) => mergeMetrics(all.flatMap((metrics) => metrics.children[i] ?? []))!),
  };
}

function formatMetrics(metrics: OperatorMetrics, depth: number): string {
  const counters = Object.entries(metrics.counters).map(([name, value]) => {
    return `${name}=${name.toLowerCase().endsWith("bytes") || name === "bytesRead" ? formatBytes(value) : formatCount(value)}`;
  });
  const parts = [`rows=${formatCount(metrics.rows)}`, `time=${formatMs(metrics.selfMs)}`, ...counters];
  const line = `${"  ".repeat(depth)}${metrics.operator}: ${parts.join(", ")}`;
  return [line, ...metrics.children.map((child) => formatMetrics(child, depth + 1))].join("\n");
}

function totals(state: QueryState, elapsedMs: number): string {
  const tasks = state.stages.flatMap(results);
  const read = tasks.reduce((sum, task) => sum + counterOf(task.metrics, "bytesRead"), 0);
  const shuffled = tasks.reduce((sum, task) => sum + task.bytes, 0);
  const spilled = tasks.reduce((sum, task) => sum + counterOf(task.metrics, "spilledBytes"), 0);
  const parts = [
    `${state.stages.length} stages, ${tasks.length} tasks, ${formatMs(elapsedMs)}`,
    `read ${formatBytes(read)}`,
    `wrote ${formatBytes(shuffled)} between stages`,
  ];
  if (spilled > 0) parts.push(`spilled ${formatBytes(spilled)}`);
  return `Total: ${parts.join("; ")}`;
}

/** The sum of a counter over a tree of operators. */
export function counterOf(metrics: OperatorMetrics, name: string): number {
  return (metrics.counters[name] ?? 0) + metrics.children.reduce((sum, child) => sum + counterOf(child, name), 0);
}
