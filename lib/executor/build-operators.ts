/** Makes a task's operators of its plan. */
import { unsupported } from "../errors.ts";
import type { PhysicalPlan } from "../physical/plan.ts";
import type { ScanInput } from "../stages/graph.ts";
import { ExchangeReadOperator } from "./exchange-read.ts";
import { FilterOperator } from "./filter.ts";
import { LimitOperator } from "./limit.ts";
import type { Operator, TaskContext } from "./operator.ts";
import { ProjectOperator } from "./project.ts";
import { UnionOperator } from "./union.ts";

/** Scans take the task's scan inputs in the order in which this walk meets them: see lib/physical/scan-nodes.ts. */
export function buildOperators(plan: PhysicalPlan, context: TaskContext): Operator {
  const scans = context.task.scans[Symbol.iterator]();
  return build(plan, context, scans);
}

function build(plan: PhysicalPlan, context: TaskContext, scans: Iterator<ScanInput>): Operator {
  switch (plan.kind) {
    case "filter":
      return new FilterOperator(context, plan, build(plan.input, context, scans));
    case "project":
      return new ProjectOperator(context, plan, build(plan.input, context, scans));
    case "limit":
      return new LimitOperator(context, plan, build(plan.input, context, scans));
    case "union":
      return new UnionOperator(
        context,
        plan,
        plan.inputs.map((input) => build(input, context, scans)),
      );
    case "exchange_read":
      return new ExchangeReadOperator(context, plan);
    case "shared":
      return build(plan.input, context, scans);
    case "scan":
    case "values":
    case "aggregate":
    case "hash_join":
    case "nested_loop_join":
    case "sort":
    case "single_row":
      throw unsupported(`the operator ${plan.kind}`);
  }
}
