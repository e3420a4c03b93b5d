/** Row counts of physical plans, for sizing stages: what lowering wrote down, else rough guesses, of which only magnitudes matter. */
import type { CatalogSnapshot } from "../catalog/table.ts";
import type { PhysicalPlan } from "./plan.ts";

const filterKeeps = 0.3;
const elementsPerList = 3;

export function rowEstimator(snapshot: CatalogSnapshot): (plan: PhysicalPlan) => number {
  const known = new WeakMap<PhysicalPlan, number>();
  const estimate = (plan: PhysicalPlan): number => {
    const found = known.get(plan);
    if (found !== undefined) return found;
    const planned = plan.kind === "values" || plan.kind === "exchange_read" ? undefined : plan.rows;
    const rows = planned ?? estimateNode(plan, estimate, snapshot);
    known.set(plan, rows);
    return rows;
  };
  return estimate;
}

function estimateNode(plan: PhysicalPlan, rows: (plan: PhysicalPlan) => number, snapshot: CatalogSnapshot): number {
  switch (plan.kind) {
    case "scan": {
      const all = snapshot.get(plan.table)?.statistics.rows ?? 1_000_000;
      return Math.min(plan.limit ?? Infinity, all * (plan.filters.length > 0 ? filterKeeps : 1));
    }
    case "values":
      return plan.rows.length;
    case "filter":
      return rows(plan.input) * filterKeeps;
    case "project":
    case "window":
    case "shared":
      return rows(plan.input);
    case "unnest":
      return rows(plan.input) * elementsPerList;
    case "aggregate":
      return Math.min(plan.groupBy.length === 0 ? 1 : plan.groups, rows(plan.input));
    case "hash_join":
    case "nested_loop_join":
      return plan.kind === "hash_join" ? rows(plan.probe) : rows(plan.probe) * Math.max(1, rows(plan.build));
    case "sort":
      return Math.min(plan.limit ?? Infinity, rows(plan.input));
    case "limit":
      return Math.min(plan.limit ?? Infinity, rows(plan.input));
    case "union":
      return plan.inputs.reduce((sum, input) => sum + rows(input), 0);
    case "single_row":
      return 1;
    case "exchange_read":
      return plan.rows;
  }
}
