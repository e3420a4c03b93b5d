/** Estimated row counts and column statistics of logical plans, bottom-up. Works, badly, with no statistics at all. */
import type { CatalogSnapshot } from "../catalog/table.ts";
import { conjuncts } from "../expr/build.ts";
import type { ColumnId, Expr } from "../expr/expr.ts";
import { exprKey } from "../expr/walk.ts";
import { windowColumns } from "../logical/build.ts";
import type { LogicalAggregate, LogicalPlan, LogicalScan } from "../logical/plan.ts";
import type { ColumnEstimate, Estimate } from "./column-estimate.ts";
import { capped, columnEstimate, exprEstimate, unknownColumn } from "./column-estimate.ts";
import { joinEstimate } from "./join-estimate.ts";
import { selectivity } from "./selectivity.ts";

const rowsUnknown = 1000;
/** A guess: the file does not say. */
const elementsPerList = 3;

/** Estimates plans of one query, each node once. */
export class Estimator {
  readonly #snapshot: CatalogSnapshot;
  readonly #cache = new WeakMap<LogicalPlan, Estimate>();

  constructor(snapshot: CatalogSnapshot) {
    this.#snapshot = snapshot;
  }

  rows(plan: LogicalPlan): number {
    return this.estimate(plan).rows;
  }

  estimate(plan: LogicalPlan): Estimate {
    const estimate = this.#cache.get(plan) ?? this.#compute(plan);
    this.#cache.set(plan, estimate);
    return estimate;
  }

  #compute(plan: LogicalPlan): Estimate {
    switch (plan.kind) {
      case "scan":
        return this.#scan(plan);
      case "values": {
        const columns = plan.columns.map((column, i) => {
          const distinct = new Set(plan.rows.map((row) => exprKey(row[i]!))).size;
          return [column.id, unknownColumn(column.type, Math.max(1, distinct))] as const;
        });
        return { rows: plan.rows.length, columns: new Map(columns) };
      }
      case "filter":
        return filtered(this.estimate(plan.input), conjuncts(plan.predicate));
      case "project": {
        const input = this.estimate(plan.input);
        const columns = plan.columns.map((column, i) => [column.id, exprEstimate(plan.exprs[i]!, input)] as const);
        return { rows: input.rows, columns: new Map(columns) };
      }
      case "aggregate":
        return this.#aggregate(plan);
      case "join":
        return joinEstimate(plan, this.estimate(plan.left), this.estimate(plan.right));
      case "sort":
        return this.estimate(plan.input);
      case "unnest": {
        const input = this.estimate(plan.input);
        const rows = input.rows * elementsPerList;
        const element = plan.columns.at(-1)!;
        return {
          rows,
          columns: new Map([...input.columns, [element.id, unknownColumn(element.type, Math.max(1, rows))]]),
        };
      }
      case "window": {
        const input = this.estimate(plan.input);
        const added = windowColumns(plan).map(
          (column) => [column.id, { ...unknownColumn(column.type, Math.max(1, input.rows)) }] as const,
        );
        return { rows: input.rows, columns: new Map([...input.columns, ...added]) };
      }
      case "limit": {
        const input = this.estimate(plan.input);
        return scaled(input, Math.min(plan.limit ?? Infinity, Math.max(0, input.rows - plan.offset)));
      }
      case "single_row":
        return scaled(this.estimate(plan.input), 1);
      case "shared":
        return renamed(this.estimate(plan.input), plan.input, plan);
      case "union":
        return this.#union(plan.inputs, plan);
    }
  }

  #scan(scan: LogicalScan): Estimate {
    const table = this.#snapshot.get(scan.table);
    const rows = table ? table.statistics.rows : rowsUnknown;
    const columns = scan.columns.map((column, i) => {
      const stored = table?.statistics.columns[scan.source[i]!];
      return [column.id, columnEstimate(column.type, rows, stored)] as const;
    });
    const estimate = filtered({ rows, columns: new Map(columns) }, scan.filters);
    return scan.limit === undefined ? estimate : scaled(estimate, Math.min(scan.limit, estimate.rows));
  }

  #aggregate(plan: LogicalAggregate): Estimate {
    const input = this.estimate(plan.input);
    const rows = groupCount(plan.groupBy, input);
    const columns = new Map<ColumnId, ColumnEstimate>();
    plan.columns.forEach((column, i) => {
      const key = plan.groupBy[i];
      const estimate = key ? exprEstimate(key, input) : { ...unknownColumn(column.type, rows), aggregated: true };
      columns.set(column.id, key && plan.groupBy.length === 1 ? { ...estimate, unique: true } : estimate);
    });
    return { rows, columns: capped(columns, rows) };
  }

  #union(inputs: readonly LogicalPlan[], plan: LogicalPlan): Estimate {
    const estimates = inputs.map((input) => renamed(this.estimate(input), input, plan));
    const rows = estimates.reduce((sum, estimate) => sum + estimate.rows, 0);
    const columns = plan.columns.map((column) => {
      const parts = estimates.map((estimate) => estimate.columns.get(column.id)!);
      const distinct = Math.min(
        rows,
        parts.reduce((sum, part) => sum + part.distinct, 0),
      );
      const mins = parts.map((part) => part.min ?? -Infinity);
      const maxs = parts.map((part) => part.max ?? Infinity);
      const bounds = { min: Math.min(...mins), max: Math.max(...maxs) };
      const known = Number.isFinite(bounds.min) && Number.isFinite(bounds.max);
      return [column.id, { ...unknownColumn(column.type, distinct), ...(known && bounds) }] as const;
    });
    return { rows, columns: new Map(columns) };
  }
}

/** Estimated number of groups: the product of the keys' distinct counts, at most the rows. */
export function groupCount(keys: readonly Expr[], input: Estimate): number {
  if (keys.length === 0) return 1;
  let groups = 1;
  for (const key of keys) {
    const { distinct, nullFraction } = exprEstimate(key, input);
    groups = Math.min(input.rows, groups * (distinct + (nullFraction > 0 ? 1 : 0)));
  }
  return Math.max(1, groups);
}

/** The rows that pass all conjuncts; ranges and distinct counts shrink with them. */
export function filtered(input: Estimate, conjuncts: readonly Expr[]): Estimate {
  if (conjuncts.length === 0) return input;
  const { fraction, columns: narrowed } = selectivity(conjuncts, input);
  const rows = Math.max(input.rows > 0 ? 1 : 0, input.rows * fraction);
  const columns = new Map(input.columns);
  for (const [id, change] of narrowed) {
    const column = columns.get(id);
    if (column) columns.set(id, { ...column, ...change });
  }
  return { rows, columns: capped(columns, rows) };
}

/** The same columns over fewer or more rows. */
function scaled(input: Estimate, rows: number): Estimate {
  return { rows, columns: capped(input.columns, rows) };
}

function renamed(estimate: Estimate, from: LogicalPlan, to: LogicalPlan): Estimate {
  const columns = to.columns.map((column, i) => {
    const source = estimate.columns.get(from.columns[i]!.id);
    return [column.id, source ?? unknownColumn(column.type, Math.max(1, estimate.rows))] as const;
  });
  return { rows: estimate.rows, columns: new Map(columns) };
}
