/** The stage graph as text: each stage, where its rows go, and its piece of the plan. */
import { type FormatOptions, formatExpr } from "../expr/format.ts";
import { formatPhysical } from "../physical/format.ts";
import type { Partitioning } from "../physical/plan.ts";
import type { Stage, StageGraph } from "../stages/graph.ts";

export function formatStages(graph: StageGraph, options: FormatOptions = {}): string {
  return graph.stages
    .map((stage) => `${stageTitle(stage, graph, options)}\n${indent(formatPhysical(stage.plan, options))}`)
    .join("\n");
}

export function stageTitle(stage: Stage, graph: StageGraph, options: FormatOptions = {}): string {
  const tasks = stage.tasks === 1 ? "1 task" : `${stage.tasks} tasks`;
  const inputs = stage.inputs.length > 0 ? `, reads ${stage.inputs.map((id) => `stage ${id}`).join(", ")}` : "";
  const last = stage.id === graph.stages.length - 1;
  return `Stage ${stage.id}: ${tasks}${inputs} → ${last ? "result" : formatPartitioning(stage.output, options)}`;
}

export function formatPartitioning(partitioning: Partitioning, options: FormatOptions = {}): string {
  switch (partitioning.kind) {
    case "hash":
      return `hash(${partitioning.keys.map((key) => formatExpr(key, options)).join(", ")}) in ${partitioning.partitions} partitions`;
    case "range":
      return `range in ${partitioning.bounds.length + 1} partitions`;
    case "round_robin":
      return `dealt into ${partitioning.partitions} partitions`;
    case "broadcast":
    case "single":
      return partitioning.kind;
  }
}

export function indent(text: string, by = "  "): string {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => by + line)
    .join("\n");
}
