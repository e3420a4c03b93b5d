/** EXPLAIN: any step of a query's way as rows of (plan_type, plan). */
import { formatLogical } from "../logical/format.ts";
import { formatPhysical } from "../physical/format.ts";
import type { PlannedQuery } from "../query.ts";
import type { ExplainMode } from "../sql/ast.ts";
import { formatStages } from "./stages.ts";

export function explain(planned: PlannedQuery, mode: ExplainMode): readonly (readonly [string, string])[] {
  switch (mode) {
    case "logical":
      return [
        ["logical_plan", formatLogical(planned.logical)],
        ["optimized_plan", formatLogical(planned.optimized)],
      ];
    case "physical":
      return [["physical_plan", formatPhysical(planned.physical)]];
    case "stages":
      return [["stages", formatStages(planned.graph)]];
    case "default":
      return [
        ["optimized_plan", formatLogical(planned.optimized)],
        ["stages", formatStages(planned.graph)],
      ];
  }
}
