/** The order in which a plan's scans are numbered: planner and executor pair scans with their splits by it. */
import { nodesOf } from "./children.ts";
import type { PhysicalPlan, ScanNode } from "./plan.ts";

export function scanNodes(plan: PhysicalPlan): readonly ScanNode[] {
  return [...nodesOf(plan)].filter((node) => node.kind === "scan");
}
