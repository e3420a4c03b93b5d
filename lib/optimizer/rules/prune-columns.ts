/**
 * Columns that nobody reads are not made: scans read fewer, projections and aggregates compute fewer. What the joins'
 * order costs depends on it, for rows that carry less are cheaper to move. Shared plans keep theirs until lowering knows
 * all of their readers.
 */
import type { ColumnId } from "../../expr/expr.ts";
import { columnIdsOf, exprsOfAggregate, exprsOfWindowCall } from "../../expr/walk.ts";
import { exprsOf, mapInputs, outputIds, windowColumns, windowPlan, withInputs } from "../../logical/build.ts";
import type { LogicalAggregate, LogicalPlan, LogicalScan } from "../../logical/plan.ts";
import type { Rule } from "../rule.ts";

export const pruneColumns: Rule = { name: "prune-columns", apply: (plan) => prune(plan, outputIds(plan)) };

function prune(plan: LogicalPlan, required: ReadonlySet<ColumnId>): LogicalPlan {
  switch (plan.kind) {
    case "scan":
      return pruneScan(plan, required);
    case "project": {
      const kept = plan.columns.flatMap((column, i) => (required.has(column.id) ? [i] : []));
      const exprs = kept.map((i) => plan.exprs[i]!);
      const input = prune(plan.input, columnIdsOf(...exprs));
      if (kept.length === plan.columns.length) return withInputs(plan, [input]);
      return { ...plan, input, exprs, columns: kept.map((i) => plan.columns[i]!) };
    }
    case "aggregate":
      return pruneAggregate(plan, required);
    case "window": {
      const added = windowColumns(plan);
      const kept = plan.functions.flatMap((_, i) => (required.has(added[i]!.id) ? [i] : []));
      const functions = kept.map((i) => plan.functions[i]!);
      if (functions.length === 0) return prune(plan.input, required);
      const keys = [...plan.partitionBy, ...plan.orderBy.map((key) => key.expr)];
      const input = prune(plan.input, required.union(columnIdsOf(...keys, ...functions.flatMap(exprsOfWindowCall))));
      return windowPlan(
        input,
        { ...plan, functions },
        kept.map((i) => added[i]!),
      );
    }
    case "union": {
      const kept = plan.columns.flatMap((column, i) => (required.has(column.id) ? [i] : []));
      const inputs = plan.inputs.map((input) => prune(input, new Set(kept.map((i) => input.columns[i]!.id))));
      // Positions must stay the same in every branch: a branch that gives more than it was asked for spoils it.
      const aligned = inputs.every((input, b) => {
        const ids = kept.map((i) => plan.inputs[b]!.columns[i]!.id);
        return input.columns.length === ids.length && input.columns.every((column, i) => column.id === ids[i]);
      });
      if (aligned) return { ...plan, inputs, columns: kept.map((i) => plan.columns[i]!) };
      return mapInputs(plan, (input) => prune(input, outputIds(input)));
    }
    case "single_row":
    case "values":
      return mapInputs(plan, (input) => prune(input, outputIds(input)));
    case "shared":
      return plan;
    case "filter":
    case "unnest":
    case "join":
    case "sort":
    case "limit": {
      const needed = required.union(columnIdsOf(...exprsOf(plan)));
      return mapInputs(plan, (input) => prune(input, needed));
    }
  }
}

function pruneScan(plan: LogicalScan, required: ReadonlySet<ColumnId>): LogicalScan {
  const needed = required.union(columnIdsOf(...plan.filters));
  const kept = plan.columns.flatMap((column, i) => (needed.has(column.id) ? [i] : []));
  if (kept.length === plan.columns.length) return plan;
  return { ...plan, columns: kept.map((i) => plan.columns[i]!), source: kept.map((i) => plan.source[i]!) };
}

function pruneAggregate(plan: LogicalAggregate, required: ReadonlySet<ColumnId>): LogicalPlan {
  const keyCount = plan.groupBy.length;
  const kept = plan.aggregates.flatMap((_, i) => (required.has(plan.columns[keyCount + i]!.id) ? [i] : []));
  const aggregates = kept.map((i) => plan.aggregates[i]!);
  const input = prune(plan.input, columnIdsOf(...plan.groupBy, ...aggregates.flatMap(exprsOfAggregate)));
  if (kept.length === plan.aggregates.length) return withInputs(plan, [input]);
  const columns = [...plan.columns.slice(0, keyCount), ...kept.map((i) => plan.columns[keyCount + i]!)];
  return { ...plan, input, aggregates, columns };
}
