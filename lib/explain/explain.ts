/** EXPLAIN: any step of a query's way as rows of (plan_type, plan). */
import { estimateQuery, type QueryEstimate } from "../bill/estimate.ts";
import { formatPrice, formatReading } from "../bill/format-estimate.ts";
import { formatLogical } from "../logical/format.ts";
import { formatPhysical } from "../physical/format.ts";
import type { PlannedQuery } from "../query.ts";
import type { ExplainMode } from "../sql/ast.ts";
import { toDot } from "./graph.ts";
import { formatStages } from "./stages.ts";

/** @param deployed the estimate for the deployment that would run it; absent: nothing is billed here */
export function explain(
  planned: PlannedQuery,
  mode: ExplainMode,
  deployed?: QueryEstimate,
): readonly (readonly [string, string])[] {
  const estimate = () => deployed ?? estimateQuery(planned.graph, planned.snapshot);
  switch (mode) {
    case "cost":
      return [["estimate", `${formatReading(estimate())}\n${formatPrice(estimate())}`]];
    case "logical":
      return [
        ["logical_plan", formatLogical(planned.logical)],
        ["optimized_plan", formatLogical(planned.optimized)],
      ];
    case "physical":
      return [["physical_plan", formatPhysical(planned.physical)]];
    case "stages":
      return [["stages", formatStages(planned.graph)]];
    case "graph":
      return [["graph", toDot(planned.graph)]];
    case "default":
      return [
        ["optimized_plan", formatLogical(planned.optimized)],
        ["stages", formatStages(planned.graph)],
        ["estimate", [formatReading(estimate()), ...(deployed ? [formatPrice(deployed)] : [])].join("\n")],
      ];
  }
}
