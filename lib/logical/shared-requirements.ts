/** Which columns of shared plans are needed, all references together. */
import type { ColumnId } from "../expr/expr.ts";
import { columnIdsOf, exprsOfAggregate, exprsOfWindowCall } from "../expr/walk.ts";
import { exprsOf } from "./build.ts";
import { inputsOf } from "./format.ts";
import type { LogicalPlan } from "./plan.ts";

/** Positions in the shared plan's columns, by its id. All of the root's columns are needed. */
export function sharedRequirements(plan: LogicalPlan): ReadonlyMap<number, ReadonlySet<number>> {
  const requirements = new Map<number, Set<number>>();
  visit(plan, new Set(plan.columns.map((column) => column.id)), requirements);
  return requirements;
}

function visit(plan: LogicalPlan, required: ReadonlySet<ColumnId>, found: Map<number, Set<number>>): void {
  switch (plan.kind) {
    case "shared": {
      const known = found.get(plan.id);
      const positions = known ?? new Set<number>();
      const before = positions.size;
      plan.columns.forEach((column, i) => {
        if (required.has(column.id)) positions.add(i);
      });
      found.set(plan.id, positions);
      if (known && positions.size === before) return;
      return visit(plan.input, new Set([...positions].map((i) => plan.input.columns[i]!.id)), found);
    }
    case "project": {
      const exprs = plan.exprs.filter((_, i) => required.has(plan.columns[i]!.id));
      return visit(plan.input, columnIdsOf(...exprs), found);
    }
    case "aggregate": {
      const calls = plan.aggregates.filter((_, i) => required.has(plan.columns[plan.groupBy.length + i]!.id));
      return visit(plan.input, columnIdsOf(...plan.groupBy, ...calls.flatMap(exprsOfAggregate)), found);
    }
    case "window": {
      const added = plan.columns.slice(plan.columns.length - plan.functions.length);
      const calls = plan.functions.filter((_, i) => required.has(added[i]!.id));
      const keys = [...plan.partitionBy, ...plan.orderBy.map((key) => key.expr)];
      return visit(plan.input, required.union(columnIdsOf(...keys, ...calls.flatMap(exprsOfWindowCall))), found);
    }
    case "union": {
      const positions = plan.columns.flatMap((column, i) => (required.has(column.id) ? [i] : []));
      for (const input of plan.inputs) visit(input, new Set(positions.map((i) => input.columns[i]!.id)), found);
      return;
    }
    default: {
      const needed = required.union(columnIdsOf(...exprsOf(plan)));
      for (const input of inputsOf(plan)) visit(input, needed, found);
    }
  }
}
