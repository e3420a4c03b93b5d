/** The shape of a physical plan: a node's inputs in their fixed order, and a node with other inputs. */
import type { PhysicalPlan } from "./plan.ts";

/** Inputs in order; joins give build, then probe. */
export function children(plan: PhysicalPlan): readonly PhysicalPlan[] {
  switch (plan.kind) {
    case "scan":
    case "values":
    case "exchange_read":
      return [];
    case "filter":
    case "project":
    case "aggregate":
    case "sort":
    case "window":
    case "unnest":
    case "limit":
    case "single_row":
    case "shared":
      return [plan.input];
    case "hash_join":
    case "nested_loop_join":
      return [plan.build, plan.probe];
    case "union":
      return plan.inputs;
  }
}

/** The same node over other inputs, given in the order of `children`. */
export function withChildren(plan: PhysicalPlan, inputs: readonly PhysicalPlan[]): PhysicalPlan {
  switch (plan.kind) {
    case "scan":
    case "values":
    case "exchange_read":
      return plan;
    case "filter":
    case "project":
    case "aggregate":
    case "sort":
    case "window":
    case "unnest":
    case "limit":
    case "single_row":
    case "shared":
      return { ...plan, input: inputs[0]! };
    case "hash_join":
    case "nested_loop_join":
      return { ...plan, build: inputs[0]!, probe: inputs[1]! };
    case "union":
      return { ...plan, inputs };
  }
}

/** Every node, parents before children, in the order of `children`. */
export function* nodesOf(plan: PhysicalPlan): Iterable<PhysicalPlan> {
  yield plan;
  for (const child of children(plan)) yield* nodesOf(child);
}
