/** A physical plan as an indented tree: what EXPLAIN prints. */
import type { Column } from "../expr/expr.ts";
import { type FormatOptions, formatAggregate, formatExpr, formatSortKeys, formatWindowCall } from "../expr/format.ts";
import { children } from "./children.ts";
import { outputColumns } from "./output-columns.ts";
import type { AggregateNode, HashJoinNode, NestedLoopJoinNode, PhysicalPlan, ScanNode, WindowNode } from "./plan.ts";

export interface FormatPhysicalOptions extends FormatOptions {
  /** Print estimated rows. */
  readonly estimates?: boolean;
  /** Further lines below a node, such as what EXPLAIN ANALYZE measured. */
  readonly details?: (plan: PhysicalPlan) => readonly string[];
}

/** One line a node; of a join, the build side comes first. A shared plan is printed where it is met first. */
export function formatPhysical(plan: PhysicalPlan, options: FormatPhysicalOptions = {}): string {
  const sharedPrinted = new Set<number>();
  const print = (node: PhysicalPlan, depth: number): string[] => {
    const pad = "  ".repeat(depth);
    const rows = options.estimates && node.kind !== "values" ? node.rows : undefined;
    const estimate = rows === undefined ? "" : ` ~${formatRows(rows)} rows`;
    const lines = [`${pad}${describe(node, options)}${estimate}`];
    lines.push(...(options.details?.(node) ?? []).map((line) => `${pad}  | ${line}`));
    if (node.kind === "shared") {
      if (sharedPrinted.has(node.id)) return lines;
      sharedPrinted.add(node.id);
    }
    return [...lines, ...children(node).flatMap((child) => print(child, depth + 1))];
  };
  return print(plan, 0).join("\n");
}

/** 1234567 as `1.23M`. */
export function formatRows(rows: number): string {
  for (const [size, suffix] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (rows >= size) return `${Number((rows / size).toPrecision(3))}${suffix}`;
  }
  return String(Math.ceil(rows));
}

function describe(node: PhysicalPlan, options: FormatOptions): string {
  switch (node.kind) {
    case "scan":
      return describeScan(node, options);
    case "values":
      return `Values ${node.rows.length} rows ${list(node.columns, options)}`;
    case "filter":
      return `Filter ${formatExpr(node.predicate, options)}`;
    case "project":
      return `Project [${node.exprs.map((expr, i) => named(formatExpr(expr, options), node.columns[i]!, options)).join(", ")}]`;
    case "aggregate":
      return describeAggregate(node, options);
    case "hash_join":
      return describeHashJoin(node, options);
    case "nested_loop_join":
      return `NestedLoopJoin ${node.joinType}${nullAware(node)} ${node.distribution}${filterOf(node, options)}${markOf(node, options)}`;
    case "window":
      return describeWindow(node, options);
    case "unnest":
      return `Unnest ${formatExpr(node.list, options)}${node.outer ? " outer" : ""} AS ${list([node.columns.at(-1)!], options)}`;
    case "sort":
      return `${node.local ? "Local" : ""}${node.limit === undefined ? "Sort" : `TopN ${node.limit}`} by ${formatSortKeys(node.keys, options)}`;
    case "limit":
      return `Limit ${node.limit ?? "ALL"}${node.offset ? ` offset ${node.offset}` : ""}`;
    case "union":
      return `Union ${list(node.columns, options)}`;
    case "single_row":
      return "SingleRow";
    case "shared":
      return `Shared ${node.id} ${list(node.columns, options)}`;
    case "exchange_read":
      return `ExchangeRead stage ${node.stage} ${node.read}${node.merge ? ` merge by ${formatSortKeys(node.merge, options)}` : ""} ${list(node.columns, options)}`;
  }
}

function describeScan(node: ScanNode, options: FormatOptions): string {
  const filters = node.filters.map((filter) => formatExpr(filter, options)).join(" AND ");
  const limit = node.limit === undefined ? "" : ` limit ${node.limit}`;
  return `Scan ${node.label} ${list(outputColumns(node), options)}${filters && ` where ${filters}`}${limit}`;
}

function describeAggregate(node: AggregateNode, options: FormatOptions): string {
  const keys = node.groupBy.map((key, i) => named(formatExpr(key, options), node.columns[i]!, options));
  const calls = node.aggregates.map((call) => formatAggregate(call, options));
  const dense = node.keyRanges.length > 0 && node.keyRanges.every((range) => range !== null) ? " ranged" : "";
  return `Aggregate ${node.mode}${dense}${keys.length ? ` by ${keys.join(", ")}` : ""}${calls.length ? ` [${calls.join(", ")}]` : ""}`;
}

function describeHashJoin(node: HashJoinNode, options: FormatOptions): string {
  const keys = node.keys.map(({ build, probe, nullSafe }) => {
    return `${formatExpr(probe, options)} ${nullSafe ? "IS NOT DISTINCT FROM" : "="} ${formatExpr(build, options)}`;
  });
  const unique = node.buildUnique ? " unique" : "";
  const filters = node.runtimeFilters.length ? ` runtime-filters=${node.runtimeFilters.length}` : "";
  return `HashJoin ${node.joinType}${nullAware(node)} ${node.distribution}${unique} on ${keys.join(" AND ")}${filterOf(node, options)}${markOf(node, options)}${filters}`;
}

function describeWindow(node: WindowNode, options: FormatOptions): string {
  const keys = node.partitionBy.map((key) => formatExpr(key, options));
  const order = node.orderBy.length > 0 ? ` order by ${formatSortKeys(node.orderBy, options)}` : "";
  const added = node.columns.slice(node.columns.length - node.functions.length);
  const calls = node.functions.map((call, i) => named(formatWindowCall(call, options), added[i]!, options));
  const top = node.top ? ` top ${node.top.limit}` : "";
  return `Window${top}${keys.length > 0 ? ` partition by ${keys.join(", ")}` : ""}${order} [${calls.join(", ")}]`;
}

function nullAware(node: HashJoinNode | NestedLoopJoinNode): string {
  return node.nullAware ? " null-aware" : "";
}

function filterOf(node: HashJoinNode | NestedLoopJoinNode, options: FormatOptions): string {
  return node.filter ? ` if ${formatExpr(node.filter, options)}` : "";
}

function markOf(node: HashJoinNode | NestedLoopJoinNode, options: FormatOptions): string {
  return node.mark ? ` mark ${name(node.mark, options)}` : "";
}

function named(text: string, column: Column, options: FormatOptions): string {
  return text === name(column, options) ? text : `${text} AS ${name(column, options)}`;
}

function name(column: Column, { ids = true }: FormatOptions): string {
  return ids ? `${column.name}#${column.id}` : column.name;
}

function list(columns: readonly Column[], options: FormatOptions): string {
  return `[${columns.map((column) => name(column, options)).join(", ")}]`;
}
