/**
 * Logical to physical: chooses operators, build sides and distributions, and drops columns nobody above needs. The
 * result is a plan that one process could run as it is.
 */
import type { CatalogSnapshot } from "../catalog/table.ts";
import type { ColumnIds } from "../expr/column-ids.ts";
import type { Column, ColumnId } from "../expr/expr.ts";
import { isDeterministic } from "../expr/properties.ts";
import { columnIdsOf, subexpressions, substitute } from "../expr/walk.ts";
import { onlyDrops } from "../logical/build.ts";
import type { LogicalLimit, LogicalPlan, LogicalProject, LogicalScan, LogicalShared } from "../logical/plan.ts";
import { columnRef } from "../logical/plan.ts";
import { sharedRequirements } from "../logical/shared-requirements.ts";
import { broadcastRowsDefault } from "../optimizer/cost.ts";
import { Estimator } from "../optimizer/statistics.ts";
import { outputColumns } from "../physical/output-columns.ts";
import type { PhysicalPlan, ScanNode, SharedNode } from "../physical/plan.ts";
import { lowerAggregate } from "./lower-aggregate.ts";
import { lowerJoin } from "./lower-join.ts";
import { lowerWindow } from "./lower-window.ts";
import { withOwnColumns } from "./required-columns.ts";

export interface LowerOptions {
  readonly snapshot: CatalogSnapshot;
  readonly columnIds: ColumnIds;
  /** Number of tasks that can run at once: what a broadcast build side costs is multiplied by it. */
  readonly slots: number;
  /** Build sides estimated above this many rows are never broadcast. */
  readonly broadcastRowsMax?: number;
}

/** Throws `unsupported` for a plan that still contains subqueries. */
export function lower(plan: LogicalPlan, options: LowerOptions): PhysicalPlan {
  return new Lowering(plan, options).lowerExactly(plan, plan.columns);
}

/** One plan's lowering; join and aggregate have files of their own. */
export class Lowering {
  readonly options: Required<LowerOptions>;
  readonly estimator: Estimator;
  readonly #shared = new Map<number, PhysicalPlan>();

  readonly #requirements: ReturnType<typeof sharedRequirements>;

  constructor(plan: LogicalPlan, options: LowerOptions) {
    this.#requirements = sharedRequirements(plan);
    this.options = { broadcastRowsMax: broadcastRowsDefault, ...options };
    this.estimator = new Estimator(options.snapshot);
  }

  /** Exactly these columns in this order. */
  lowerExactly(plan: LogicalPlan, columns: readonly Column[]): PhysicalPlan {
    const input = this.lower(plan, new Set(columns.map((column) => column.id)));
    const given = outputColumns(input);
    if (given.length === columns.length && given.every((column, i) => column.id === columns[i]!.id)) return input;
    return { kind: "project", input, exprs: columns.map(columnRef), columns, rows: this.rows(plan) };
  }

  /** At least the required columns of the plan, in some order. */
  lower(plan: LogicalPlan, required: ReadonlySet<ColumnId>): PhysicalPlan {
    const node = this.#lower(plan, required);
    return node.kind === "values" || node.kind === "exchange_read" ? node : { ...node, rows: this.rows(plan) };
  }

  rows(plan: LogicalPlan): number {
    return Math.ceil(this.estimator.rows(plan));
  }

  #lower(plan: LogicalPlan, required: ReadonlySet<ColumnId>): PhysicalPlan {
    switch (plan.kind) {
      case "scan":
        return lowerScan(plan, required);
      case "values": {
        const kept = plan.columns.map((column, i) => ({ column, i })).filter(({ column }) => required.has(column.id));
        const rows = plan.rows.map((row) => kept.map(({ i }) => row[i]!));
        return { kind: "values", columns: kept.map(({ column }) => column), rows };
      }
      case "filter": {
        const input = this.lower(plan.input, withOwnColumns(required, plan));
        return { kind: "filter", input, predicate: plan.predicate, columns: outputColumns(input) };
      }
      case "project": {
        if (onlyDrops(plan)) return this.lower(plan.input, required);
        const merged = mergeProjections(plan);
        if (merged !== plan) return this.lower(merged, required);
        const kept = plan.columns
          .map((column, i) => ({ column, expr: plan.exprs[i]! }))
          .filter(({ column }) => required.has(column.id));
        const exprs = kept.map(({ expr }) => expr);
        const input = this.lower(plan.input, columnIdsOf(...exprs));
        return { kind: "project", input, exprs, columns: kept.map(({ column }) => column) };
      }
      case "aggregate":
        return lowerAggregate(this, plan, required);
      case "join":
        return lowerJoin(this, plan, required);
      case "window":
        return lowerWindow(this, plan, required);
      case "unnest": {
        const input = this.lower(plan.input, withOwnColumns(required, plan));
        const columns = [...outputColumns(input), plan.columns.at(-1)!];
        const node: PhysicalPlan = { kind: "unnest", input, list: plan.list, outer: plan.outer, columns };
        const kept = columns.filter(({ id }) => required.has(id));
        // The list itself would go on once for each of its elements.
        return kept.length === columns.length
          ? node
          : { kind: "project", input: node, exprs: kept.map(columnRef), columns: kept };
      }
      case "sort": {
        const input = this.lower(plan.input, withOwnColumns(required, plan));
        return { kind: "sort", input, keys: plan.keys, columns: outputColumns(input) };
      }
      case "limit":
        return this.#limit(plan, required);
      case "union": {
        const kept = plan.columns.map((_, i) => i).filter((i) => required.has(plan.columns[i]!.id));
        const inputs = plan.inputs.map((input) =>
          this.lowerExactly(
            input,
            kept.map((i) => input.columns[i]!),
          ),
        );
        return { kind: "union", inputs, columns: kept.map((i) => plan.columns[i]!) };
      }
      case "single_row": {
        const input = this.lower(plan.input, required);
        return {
          kind: "single_row",
          ...(plan.span && { span: plan.span }),
          input,
          columns: outputColumns(input).map((column) => ({ ...column, nullable: true })),
        };
      }
      case "shared":
        return this.#lowerShared(plan);
    }
  }

  /** Sort and limit make a TopN. */
  #limit(plan: LogicalLimit, required: ReadonlySet<ColumnId>): PhysicalPlan {
    const input = this.lower(plan.input, required);
    const columns = outputColumns(input);
    const { limit, offset } = plan;
    if (input.kind !== "sort" || limit === undefined || limit === 0)
      return { kind: "limit", input, ...(limit !== undefined && { limit }), offset, columns };
    const top = { ...input, limit: Math.min(input.limit ?? Infinity, limit + offset) };
    return offset === 0 ? top : { kind: "limit", input: top, limit, offset, columns };
  }

  /** The plan itself is lowered once, with the columns that any reference needs; each reference renames them. */
  #lowerShared(plan: LogicalShared): SharedNode {
    const positions = [...(this.#requirements.get(plan.id) ?? [])].sort((a, b) => a - b);
    const pick = (columns: readonly Column[]) => positions.map((i) => columns[i]!);
    const input = this.#shared.get(plan.id) ?? this.lowerExactly(plan.input, pick(plan.input.columns));
    this.#shared.set(plan.id, input);
    return { kind: "shared", id: plan.id, input, columns: pick(plan.columns) };
  }
}

function lowerScan(plan: LogicalScan, required: ReadonlySet<ColumnId>): ScanNode {
  const filtered = columnIdsOf(...plan.filters);
  const kept = plan.columns
    .map((column, i) => ({ column, source: plan.source[i]! }))
    .filter(({ column }) => required.has(column.id) || filtered.has(column.id));
  return {
    kind: "scan",
    table: plan.table,
    label: plan.label,
    columns: kept.map(({ column }) => column),
    source: kept.map(({ source }) => source),
    filters: plan.filters,
    ...(plan.limit !== undefined && { limit: plan.limit }),
    filterOnly: kept.map(({ column }) => column.id).filter((id) => !required.has(id)),
  };
}

/** One projection of two, where that computes nothing twice. */
function mergeProjections(plan: LogicalProject): LogicalProject {
  const { input } = plan;
  if (input.kind !== "project") return plan;
  const exprs = new Map(input.columns.map((column, i) => [column.id, input.exprs[i]!]));
  const reads = new Map<ColumnId, number>();
  for (const expr of plan.exprs) {
    for (const part of subexpressions(expr)) {
      if (part.kind === "column") reads.set(part.id, (reads.get(part.id) ?? 0) + 1);
    }
  }
  const twice = [...reads].some(([id, count]) => {
    const expr = exprs.get(id);
    return expr && expr.kind !== "column" && (count > 1 || !isDeterministic(expr));
  });
  if (twice) return plan;
  const substituted = plan.exprs.map((expr) => substitute(expr, ({ id }) => exprs.get(id)));
  return { ...plan, input: input.input, exprs: substituted };
}
