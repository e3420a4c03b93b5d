/** Makes a task's operators of its plan. */
import { QueryError, unsupported } from "../errors.ts";
import type { PhysicalPlan, ScanNode } from "../physical/plan.ts";
import type { ScanInput } from "../stages/graph.ts";
import { CsvScanOperator } from "./csv-scan.ts";
import { ExchangeMergeOperator } from "./exchange-merge.ts";
import { ExchangeReadOperator } from "./exchange-read.ts";
import { FilterOperator } from "./filter.ts";
import { HashAggregateOperator } from "./hash-aggregate.ts";
import { LimitOperator } from "./limit.ts";
import type { Operator, TaskContext } from "./operator.ts";
import { ProjectOperator } from "./project.ts";
import { ScanOperator } from "./scan.ts";
import { SortOperator } from "./sort.ts";
import { TopNOperator, topRowsMax } from "./top-n.ts";
import { UnionOperator } from "./union.ts";
import { ValuesOperator } from "./values.ts";

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
    case "aggregate":
      return new HashAggregateOperator(context, plan, build(plan.input, context, scans));
    case "exchange_read":
      if (plan.merge) return new ExchangeMergeOperator(context, { ...plan, merge: plan.merge });
      return new ExchangeReadOperator(context, plan);
    case "sort": {
      const input = build(plan.input, context, scans);
      if (plan.limit === undefined || plan.limit > topRowsMax) return new SortOperator(context, plan, input);
      return new TopNOperator(context, { ...plan, limit: plan.limit }, input);
    }
    case "values":
      return new ValuesOperator(context, plan);
    case "shared":
      return build(plan.input, context, scans);
    case "scan":
      return scan(plan, context, scans);
    case "hash_join":
    case "nested_loop_join":
    case "single_row":
      throw unsupported(`the operator ${plan.kind}`);
  }
}

function scan(node: ScanNode, context: TaskContext, scans: Iterator<ScanInput>): Operator {
  const { value: input } = scans.next();
  if (!input) throw new QueryError("internal", `the task has no input for the scan of ${node.label}`);
  if (input.format === "csv") return new CsvScanOperator(context, node, input);
  return new ScanOperator(context, node, input);
}
