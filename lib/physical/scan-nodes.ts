/** The scans of a plan in the order of a task's `scans`: pre-order, the build side before the probe side. */
import type { PhysicalPlan, ScanNode } from "./plan.ts";

/** The inputs of a node, in the order in which every traversal visits them. */
export function planChildren(plan: PhysicalPlan): readonly PhysicalPlan[] {
  switch (plan.kind) {
    case "scan":
    case "values":
    case "exchange_read":
      return [];
    case "hash_join":
    case "nested_loop_join":
      return [plan.build, plan.probe];
    case "union":
      return plan.inputs;
    case "filter":
    case "project":
    case "aggregate":
    case "sort":
    case "limit":
    case "single_row":
    case "shared":
      return [plan.input];
  }
}

export function scanNodes(plan: PhysicalPlan): readonly ScanNode[] {
  if (plan.kind === "scan") return [plan];
  return planChildren(plan).flatMap(scanNodes);
}
