/**
 * LIMIT moves towards the scans: below projections (next to a sort it makes a TopN), into every branch of a union, to the
 * side of an outer join all of whose rows come out, into a scan without conditions. LIMIT 0 reads nothing.
 */
import { mapInputs, rejoin, rewritePlan, withInputs } from "../../logical/build.ts";
import type { LogicalLimit, LogicalPlan } from "../../logical/plan.ts";
import type { Rule } from "../rule.ts";
import { atMostOneRow } from "../unique.ts";

export const pushDownLimits: Rule = {
  name: "push-down-limits",
  apply: (plan) => rewritePlan(plan, (node) => (node.kind === "limit" ? pushLimit(node) : node)),
};

function pushLimit(plan: LogicalLimit): LogicalPlan {
  const { input, limit, offset } = plan;
  if (limit === undefined) return offset === 0 ? input : plan;
  if (limit === 0) return { kind: "values", columns: plan.columns, rows: [] };
  if (offset === 0 && atMostOneRow(input)) return input;
  switch (input.kind) {
    case "project":
      return withInputs(input, [pushLimit({ ...plan, input: input.input, columns: input.input.columns })]);
    case "limit": {
      if (input.limit === undefined) return plan;
      const most = Math.max(0, input.limit - offset);
      return pushLimit({ ...input, limit: Math.min(limit, most), offset: input.offset + offset });
    }
    default: {
      const reduced = mapLimited(input, limit + offset);
      return reduced === input ? plan : { ...plan, input: reduced };
    }
  }
}

/** The plan where it need not give more than so many rows, whichever they are. */
function mapLimited(plan: LogicalPlan, rows: number): LogicalPlan {
  const first = (input: LogicalPlan): LogicalPlan => {
    return pushLimit({ kind: "limit", input, limit: rows, offset: 0, columns: input.columns });
  };
  if (plan.kind === "union") return mapInputs(plan, first);
  if (plan.kind === "scan" && plan.filters.length === 0) return { ...plan, limit: Math.min(plan.limit ?? rows, rows) };
  if (plan.kind !== "join") return plan;
  if (plan.joinType === "left" || plan.joinType === "mark") return rejoin(plan, first(plan.left), plan.right);
  return plan.joinType === "right" ? rejoin(plan, plan.left, first(plan.right)) : plan;
}
