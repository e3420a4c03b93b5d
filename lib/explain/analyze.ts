/** EXPLAIN ANALYZE: the plan of each stage with what its operators really did, summed over the stage's tasks. */
import { formatBytes, formatCount, formatMs } from "../bill/quantities.ts";
import { children } from "../physical/children.ts";
import { formatPhysical } from "../physical/format.ts";
import type { PhysicalPlan } from "../physical/plan.ts";
import type { StageState } from "../scheduler/state.ts";
import type { OperatorMetrics, Stage, StageGraph } from "../stages/graph.ts";
import { type QueryAccount, results, retries, sum } from "./account.ts";
import { indent, stageTitle } from "./stages.ts";

/** @param notes further lines about a stage */
export function formatAnalyzed(
  graph: StageGraph,
  stages: readonly StageState[],
  account: QueryAccount,
  notes: (stage: number) => readonly string[] = () => [],
): string {
  const texts = graph.stages.map((stage) => {
    const done = stages[stage.id]!;
    const summary = [stageSummary(done), ...notes(stage.id)].join("\n");
    return `${stageTitle(stage, graph)}\n${indent(summary)}\n${indent(formatOperators(stage, done))}`;
  });
  return [...texts, `Total: ${formatAccount(account)}`].join("\n");
}

/** One line for people. */
export function formatAccount(account: QueryAccount): string {
  const { stages, tasks, rowGroups, rowGroupsPruned, pagesPruned, filesPruned, spilledBytes } = account;
  const parts = [
    `${counted(stages, "stage")}, ${counted(tasks, "task")}, ${formatMs(account.elapsedMs)}`,
    `read ${counted(account.rowsRead, "row")}, ${formatBytes(account.bytesRead)}`,
  ];
  if (filesPruned > 0) parts.push(`skipped ${counted(filesPruned, "file")}`);
  if (rowGroupsPruned > 0) parts.push(`skipped ${formatCount(rowGroupsPruned)} of ${counted(rowGroups, "row group")}`);
  if (pagesPruned > 0) parts.push(`skipped ${counted(pagesPruned, "page")}`);
  if (stages > 1) {
    parts.push(
      `exchanged ${counted(account.rowsExchanged, "row")}, ${formatBytes(account.bytesExchanged)} between stages`,
    );
  }
  if (spilledBytes > 0) parts.push(`spilled ${formatBytes(spilledBytes)}`);
  if (account.retries > 0) parts.push(counted(account.retries, "retry", "retries"));
  return parts.join("; ");
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function stageSummary(stage: StageState): string {
  const tasks = results(stage);
  const slowest = Math.max(0, ...tasks.map((task) => task.elapsedMs));
  const parts = [
    `wrote ${counted(
      sum(tasks, (task) => task.rows),
      "row",
    )}, ${formatBytes(sum(tasks, (task) => task.bytes))}`,
    `tasks took ${formatMs(sum(tasks, (task) => task.elapsedMs))}, the slowest ${formatMs(slowest)}`,
    `memory ${formatBytes(Math.max(0, ...tasks.map((task) => task.memoryPeakBytes)))}`,
  ];
  if (retries(stage) > 0) parts.push(counted(retries(stage), "retry", "retries"));
  return parts.join("; ");
}

function formatOperators(stage: Stage, done: StageState): string {
  const measured = measure(stage.plan, mergeMetrics(results(done).map((task) => task.metrics)));
  return formatPhysical(stage.plan, {
    details: (node) => {
      const metrics = measured.get(node);
      return metrics ? [formatMetrics(metrics)] : [];
    },
  });
}

/** Which metrics are whose: operators have the shape of the plan, but for `shared`, which is none. */
function measure(plan: PhysicalPlan, metrics: OperatorMetrics | undefined): Map<PhysicalPlan, OperatorMetrics> {
  const found = new Map<PhysicalPlan, OperatorMetrics>();
  const visit = (node: PhysicalPlan, of: OperatorMetrics | undefined): void => {
    if (!of) return;
    if (node.kind === "shared") return visit(node.input, of);
    found.set(node, of);
    children(node).forEach((child, i) => void visit(child, of.children[i]));
  };
  visit(plan, metrics);
  return found;
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
    rows: sum(all, (metrics) => metrics.rows),
    batches: sum(all, (metrics) => metrics.batches),
    selfMs: sum(all, (metrics) => metrics.selfMs),
    counters,
    children: first.children.map((_, i) => mergeMetrics(all.flatMap((metrics) => metrics.children[i] ?? []))!),
  };
}

function formatMetrics(metrics: OperatorMetrics): string {
  const counters = Object.entries(metrics.counters)
    .filter(([, value]) => value > 0)
    .map(([name, value]) => {
      const text = /bytes/i.test(name) ? formatBytes(value) : formatCount(value);
      return `${readable(name)} ${text}`;
    });
  return [counted(metrics.rows, "row"), formatMs(metrics.selfMs), ...counters].join(", ");
}

/** rowGroupsPruned → row groups pruned; "bytesRead 1 MiB" reads better as "read 1 MiB". */
function readable(name: string): string {
  return name
    .replace(/^bytes(?=[A-Z])|Bytes$/, "")
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();
}
