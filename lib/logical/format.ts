/** A logical plan as an indented tree: what EXPLAIN (LOGICAL) prints. */
import type { Column, Expr, SubqueryExpr } from "../expr/expr.ts";
import { type FormatOptions, formatAggregate, formatExpr, formatSortKeys, formatWindowCall } from "../expr/format.ts";
import type { LogicalJoin, LogicalPlan } from "./plan.ts";

/** One line a node, children indented by two spaces; plans of subqueries follow the node that uses them. */
export function formatLogical(plan: LogicalPlan, options: FormatOptions = {}): string {
  return new Printer(options).print(plan).join("\n");
}

class Printer {
  readonly #options: FormatOptions;
  /** Subqueries met in the line being printed. */
  #pending: SubqueryExpr[] = [];
  #subqueries = 0;
  readonly #sharedPrinted = new Set<number>();

  constructor(options: FormatOptions) {
    this.#options = {
      ...options,
      subquery: (subquery) => {
        this.#pending.push(subquery);
        return `subquery ${++this.#subqueries}`;
      },
    };
  }

  print(plan: LogicalPlan): string[] {
    const first = this.#subqueries + 1;
    const lines = [this.#describe(plan)];
    const pending = this.#pending;
    this.#pending = [];
    for (const [index, subquery] of pending.entries()) {
      lines.push(`  Subquery ${first + index}`, ...indent(this.print(subquery.plan as LogicalPlan), "    "));
    }
    for (const input of this.#inputs(plan)) lines.push(...indent(this.print(input), "  "));
    return lines;
  }

  /** The inputs to print below a node: a shared plan only where it is met first. */
  #inputs(plan: LogicalPlan): readonly LogicalPlan[] {
    if (plan.kind !== "shared") return inputsOf(plan);
    if (this.#sharedPrinted.has(plan.id)) return [];
    this.#sharedPrinted.add(plan.id);
    return [plan.input];
  }

  #describe(plan: LogicalPlan): string {
    switch (plan.kind) {
      case "scan": {
        const filters = plan.filters.length ? ` filters=[${this.#exprs(plan.filters)}]` : "";
        const limit = plan.limit === undefined ? "" : ` limit=${plan.limit}`;
        return `Scan ${plan.label} [${this.#columns(plan.columns)}]${filters}${limit}`;
      }
      case "values":
        return `Values [${this.#columns(plan.columns)}] ${this.#rows(plan.rows)}`;
      case "filter":
        return `Filter ${this.#expr(plan.predicate)}`;
      case "project":
        return `Project [${plan.exprs.map((expr, i) => this.#named(expr, plan.columns[i]!)).join(", ")}]`;
      case "aggregate": {
        const keys = plan.groupBy.map((expr, i) => this.#named(expr, plan.columns[i]!));
        const calls = plan.aggregates.map(
          (call, i) => `${formatAggregate(call, this.#options)} AS ${this.#column(plan.columns[keys.length + i]!)}`,
        );
        return `Aggregate${bracketed(" keys=", keys)}${bracketed(" aggregates=", calls)}`;
      }
      case "join":
        return this.#describeJoin(plan);
      case "window": {
        const added = plan.columns.slice(plan.columns.length - plan.functions.length);
        const calls = plan.functions.map(
          (call, i) => `${formatWindowCall(call, this.#options)} AS ${this.#column(added[i]!)}`,
        );
        const keys = plan.partitionBy.map((key) => this.#expr(key));
        const order = plan.orderBy.length > 0 ? ` order=[${formatSortKeys(plan.orderBy, this.#options)}]` : "";
        const limit = plan.limit === undefined ? "" : ` limit=${plan.limit}`;
        return `Window${bracketed(" partition=", keys)}${order}${bracketed(" functions=", calls)}${limit}`;
      }
      case "unnest":
        return `Unnest ${this.#expr(plan.list)} AS ${this.#column(plan.columns.at(-1)!)}${plan.outer ? " outer" : ""}`;
      case "sort":
        return `Sort ${formatSortKeys(plan.keys, this.#options)}`;
      case "limit":
        return `Limit ${plan.limit ?? "ALL"}${plan.offset ? ` offset=${plan.offset}` : ""}`;
      case "union":
        return `Union [${this.#columns(plan.columns)}]`;
      case "single_row":
        return "SingleRow";
      case "shared":
        return `Shared ${plan.id} [${this.#columns(plan.columns)}]`;
    }
  }

  #describeJoin(join: LogicalJoin): string {
    const keys = join.keys.map(
      (key) => `${this.#expr(key.left)} ${key.nullSafe ? "IS NOT DISTINCT FROM" : "="} ${this.#expr(key.right)}`,
    );
    const filter = join.filter ? ` filter=[${this.#expr(join.filter)}]` : "";
    const mark = join.mark ? ` mark=${this.#column(join.mark)}` : "";
    return `Join ${join.joinType}${join.nullAware ? " null-aware" : ""}${bracketed(" keys=", keys)}${filter}${mark}`;
  }

  #rows(rows: readonly (readonly Expr[])[]): string {
    const shown = rows.slice(0, 5).map((row) => `(${this.#exprs(row)})`);
    return `${shown.join(", ")}${rows.length > shown.length ? `, … ${rows.length} rows` : ""}`;
  }

  #expr(expr: Expr): string {
    return formatExpr(expr, this.#options);
  }

  #exprs(exprs: readonly Expr[]): string {
    return exprs.map((expr) => this.#expr(expr)).join(", ");
  }

  #named(expr: Expr, column: Column): string {
    if (expr.kind === "column" && expr.id === column.id && expr.name === column.name) return this.#expr(expr);
    return `${this.#expr(expr)} AS ${this.#column(column)}`;
  }

  #column(column: Column): string {
    return this.#options.ids === false ? column.name : `${column.name}#${column.id}`;
  }

  #columns(columns: readonly Column[]): string {
    return columns.map((column) => this.#column(column)).join(", ");
  }
}

/** The direct inputs of a node, left to right (plans inside subquery expressions not among them). */
export function inputsOf(plan: LogicalPlan): readonly LogicalPlan[] {
  switch (plan.kind) {
    case "scan":
    case "values":
      return [];
    case "join":
      return [plan.left, plan.right];
    case "union":
      return plan.inputs;
    default:
      return [plan.input];
  }
}

function bracketed(label: string, parts: readonly string[]): string {
  return parts.length ? `${label}[${parts.join(", ")}]` : "";
}

function indent(lines: readonly string[], by: string): string[] {
  return lines.map((line) => by + line);
}
