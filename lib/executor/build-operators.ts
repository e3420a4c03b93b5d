/** Makes a task's operators of its plan. */
import { QueryError } from "../errors.ts";
import type { ColumnId } from "../expr/expr.ts";
import type { PhysicalPlan, ScanNode } from "../physical/plan.ts";
import type { ScanInput } from "../stages/graph.ts";
import { HashAggregateOperator } from "./aggregate/hash-aggregate.ts";
import { ExchangeMergeOperator } from "./exchange/exchange-merge.ts";
import { ExchangeReadOperator } from "./exchange/exchange-read.ts";
import { FilterOperator } from "./filter.ts";
import { HashJoinOperator } from "./join/hash-join.ts";
import { NestedLoopJoinOperator } from "./join/nested-loop-join.ts";
import type { RuntimeFilterTarget } from "./join/runtime-filter.ts";
import { LimitOperator } from "./limit.ts";
import type { Operator, TaskContext } from "./operator/operator.ts";
import { ProjectOperator } from "./project.ts";
import { CsvScanOperator } from "./scan/csv-scan.ts";
import { ScanOperator } from "./scan/scan.ts";
import { SingleRowOperator } from "./single-row.ts";
import { SortOperator } from "./sort/sort.ts";
import { TopNOperator, topRowsMax } from "./sort/top-n.ts";
import { UnionOperator } from "./union.ts";
import { UnnestOperator } from "./unnest.ts";
import { ValuesOperator } from "./values.ts";
import { WindowOperator } from "./window/window.ts";

/** Scans take the task's scan inputs in the order in which this walk meets them: see lib/physical/scan-nodes.ts. */
export function buildOperators(plan: PhysicalPlan, context: TaskContext): Operator {
  return build(plan, context, new TaskScans(context.task.scans));
}

/** The task's scan inputs, handed out in order, and the scans made of them. */
class TaskScans {
  readonly #inputs: Iterator<ScanInput>;
  readonly #made = new Map<ColumnId, RuntimeFilterTarget>();

  constructor(inputs: Iterable<ScanInput>) {
    this.#inputs = inputs[Symbol.iterator]();
  }

  next(): ScanInput | undefined {
    return this.#inputs.next().value;
  }

  /** Columns of scans that can be narrowed while the query runs: see HashJoinNode.runtimeFilters. */
  addTarget(node: ScanNode, scan: RuntimeFilterTarget): void {
    for (const { id } of node.columns) this.#made.set(id, scan);
  }

  target(column: ColumnId): RuntimeFilterTarget | undefined {
    return this.#made.get(column);
  }
}

function build(plan: PhysicalPlan, context: TaskContext, scans: TaskScans): Operator {
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
    case "window":
      return new WindowOperator(context, plan, build(plan.input, context, scans));
    case "unnest":
      return new UnnestOperator(context, plan, build(plan.input, context, scans));
    case "values":
      return new ValuesOperator(context, plan);
    case "shared":
      return build(plan.input, context, scans);
    case "scan":
      return scan(plan, context, scans);
    case "hash_join": {
      const buildInput = build(plan.build, context, scans);
      const probeInput = build(plan.probe, context, scans);
      return new HashJoinOperator(context, plan, buildInput, probeInput, (column) => scans.target(column));
    }
    case "nested_loop_join": {
      const buildInput = build(plan.build, context, scans);
      return new NestedLoopJoinOperator(context, plan, buildInput, build(plan.probe, context, scans));
    }
    case "single_row":
      return new SingleRowOperator(context, plan, build(plan.input, context, scans));
  }
}

function scan(node: ScanNode, context: TaskContext, scans: TaskScans): Operator {
  const input = scans.next();
  if (!input) throw new QueryError("internal", `the task has no input for the scan of ${node.label}`);
  if (input.format === "csv") return new CsvScanOperator(context, node, input);
  const scan = new ScanOperator(context, node, input);
  scans.addTarget(node, scan);
  return scan;
}
