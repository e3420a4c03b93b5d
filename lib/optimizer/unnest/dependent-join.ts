/**
 * The general way to decorrelate: the subquery is evaluated for the domain, the distinct combinations of outer values
 * it reads, all at once; the domain's columns ride along up to the join with the outer rows.
 * Neumann and Kemper, "Unnesting Arbitrary Queries" (BTW 2015).
 */

import { unsupported } from "../../errors.ts";
import { aggregateCall } from "../../expr/aggregates.ts";
import { call, caseWhen, conjuncts, literal, trueLiteral } from "../../expr/build.ts";
import type { ColumnIds } from "../../expr/column-ids.ts";
import type { Column, ColumnId, Expr, SortKey } from "../../expr/expr.ts";
import { substitute } from "../../expr/walk.ts";
import {
  aggregatePlan,
  filterPlan,
  joinPlan,
  keepColumns,
  mapExprs,
  onlyDrops,
  projectPlan,
  windowColumns,
  windowPlan,
  withInputs,
} from "../../logical/build.ts";
import { copyPlan } from "../../logical/copy.ts";
import { freeColumns } from "../../logical/free-columns.ts";
import type {
  JoinKey,
  LogicalAggregate,
  LogicalJoin,
  LogicalLimit,
  LogicalPlan,
  LogicalSort,
  LogicalWindow,
} from "../../logical/plan.ts";
import { columnRef } from "../../logical/plan.ts";
import { numberRows } from "../../logical/row-number.ts";
import { emptyAggregates } from "./pull-up.ts";

/** A plan without correlated columns, and which of its columns hold the values of each outer column. */
export interface Dependent {
  readonly plan: LogicalPlan;
  readonly domain: ReadonlyMap<ColumnId, Column>;
}

/** Joins a subquery with the domain that an outer plan gives it. Throws `unsupported` where that cannot be done. */
export class DependentJoin {
  readonly #outer: LogicalPlan;
  readonly #correlated: readonly Column[];
  readonly #columnIds: ColumnIds;

  constructor(outer: LogicalPlan, subquery: LogicalPlan, columnIds: ColumnIds) {
    const free = freeColumns(subquery);
    this.#outer = outer;
    this.#correlated = outer.columns.filter((column) => free.has(column.id));
    this.#columnIds = columnIds;
  }

  /** The plan's columns and one for each correlated column; a row for each row the plan gives for each domain row. */
  push(plan: LogicalPlan): Dependent {
    if (!this.#reads(plan)) {
      const domain = this.#makeDomain();
      return { plan: joinPlan("cross", domain.plan, plan), domain: domain.domain };
    }
    switch (plan.kind) {
      case "filter":
      case "unnest":
      case "sort": {
        const input = this.push(plan.input);
        return { plan: this.#resolve(withInputs(plan, [input.plan]), input.domain), domain: input.domain };
      }
      case "project": {
        const input = this.push(plan.input);
        const kept = [...input.domain.values()].filter((column) => !plan.columns.some(({ id }) => id === column.id));
        const exprs = [...plan.exprs.map((expr) => resolve(expr, input.domain)), ...kept.map(columnRef)];
        return { plan: projectPlan(input.plan, exprs, [...plan.columns, ...kept]), domain: input.domain };
      }
      case "window": {
        // Rows of different domain values are in different partitions.
        const input = this.push(plan.input);
        const resolved = this.#resolve({ ...plan, input: input.plan }, input.domain) as LogicalWindow;
        const partitionBy = [...[...input.domain.values()].map(columnRef), ...resolved.partitionBy];
        const windowed = windowPlan(input.plan, { ...resolved, partitionBy }, windowColumns(plan));
        return { plan: windowed, domain: input.domain };
      }
      case "aggregate":
        return this.#aggregate(plan);
      case "join":
        return this.#join(plan);
      case "limit":
        return this.#limit(plan);
      case "union":
        return this.#union(plan.inputs, plan.columns);
      case "single_row":
        return this.#singleRow(plan.input, plan.columns);
      case "shared":
        return this.push(renamed(copyPlan(plan.input, this.#columnIds).plan, plan.columns));
      case "values":
        return this.#union(
          plan.rows.map((row) => {
            const columns = plan.columns.map((column) => this.#columnIds.renew(column));
            return projectPlan({ kind: "values", columns: [], rows: [[]] }, row, columns);
          }),
          plan.columns,
        );
      case "scan":
        throw unsupported("a correlated condition inside a scan");
    }
  }

  /** Keys that pair the outer rows with the rows made for them. */
  keys({ domain }: Dependent): readonly JoinKey[] {
    return this.#correlated.map((column) => ({
      left: columnRef(column),
      right: columnRef(domain.get(column.id)!),
      nullSafe: true,
    }));
  }

  #reads(plan: LogicalPlan): boolean {
    const free = freeColumns(plan);
    return this.#correlated.some((column) => free.has(column.id));
  }

  #makeDomain(): Dependent {
    const { plan, columns } = copyPlan(this.#outer, this.#columnIds);
    // As the copy gives them out: a join above their source may have made them nullable.
    const values = this.#correlated.map((column) => {
      const { id } = columns.get(column.id)!;
      return plan.columns.find((output) => output.id === id)!;
    });
    const distinct = values.map((column) => this.#columnIds.renew(column));
    const domain = new Map(this.#correlated.map((column, i) => [column.id, distinct[i]!]));
    return { plan: aggregatePlan(plan, values.map(columnRef), [], distinct), domain };
  }

  #resolve(plan: LogicalPlan, domain: ReadonlyMap<ColumnId, Column>): LogicalPlan {
    return mapExprs(plan, (expr) => resolve(expr, domain));
  }

  /** Domain values are group keys; without other keys, a domain value without rows still has its one row. */
  #aggregate(plan: LogicalAggregate): Dependent {
    const input = this.push(plan.input);
    const columns = [...input.domain.values()];
    const resolved = this.#resolve({ ...plan, input: input.plan }, input.domain) as LogicalAggregate;
    const groupBy = [...columns.map(columnRef), ...resolved.groupBy];
    const grouped = aggregatePlan(input.plan, groupBy, resolved.aggregates, [...columns, ...plan.columns]);
    if (plan.groupBy.length > 0) return { plan: grouped, domain: input.domain };
    const present = this.#columnIds.column("present", trueLiteral.type, false);
    const marked = projectPlan(
      grouped,
      [...grouped.columns.map(columnRef), trueLiteral],
      [...grouped.columns, present],
    );
    const all = this.#makeDomain();
    const joined = joinPlan("left", all.plan, marked, { keys: this.#between(all, input) });
    const empty = emptyAggregates(plan);
    const absent = call("is_null", [columnRef({ ...present, nullable: true })]);
    const fresh = plan.columns.map((column) => {
      const value = columnRef({ ...column, nullable: true });
      return caseWhen([{ when: absent, result: empty.get(column.id)! }], value);
    });
    const kept = [...all.domain.values()];
    return {
      plan: projectPlan(joined, [...fresh, ...kept.map(columnRef)], [...plan.columns, ...kept]),
      domain: all.domain,
    };
  }

  #between(left: Dependent, right: Dependent): readonly JoinKey[] {
    return this.#correlated.map(({ id }) => ({
      left: columnRef(left.domain.get(id)!),
      right: columnRef(right.domain.get(id)!),
      nullSafe: true,
    }));
  }

  #join(plan: LogicalJoin): Dependent {
    const symmetric = ["inner", "cross", "full"].includes(plan.joinType);
    const pushRight = this.#reads(plan.right) || plan.joinType === "right" || plan.joinType === "full";
    const pushLeft = this.#reads(plan.left) || !pushRight || !(symmetric || plan.joinType === "right");
    const left = pushLeft || plan.joinType === "full" ? this.push(plan.left) : undefined;
    const right = pushRight ? this.push(plan.right) : undefined;
    const survivor = plan.joinType === "right" ? right! : (left ?? right!);
    const resolved = this.#resolve(plan, survivor.domain) as LogicalJoin;
    const filters = resolved.filter ? conjuncts(resolved.filter) : [];
    const keys = [...resolved.keys, ...(left && right ? this.#between(left, right) : [])];
    if (plan.nullAware && left && right)
      throw unsupported("NOT IN or IN over a nested correlated subquery of this form");
    const { nullAware, mark } = plan;
    const joinType = plan.joinType === "cross" && keys.length > 0 ? "inner" : plan.joinType;
    const options = { keys, filters, nullAware, ...(mark && { mark }) };
    const join = joinPlan(joinType, left?.plan ?? plan.left, right?.plan ?? plan.right, options);
    if (plan.joinType !== "full" || !left || !right) return { plan: join, domain: survivor.domain };
    return this.#mergeDomains(join, plan.columns, left, right);
  }

  /** After a full join the domain's values are on whichever side has a row. */
  #mergeDomains(join: LogicalPlan, columns: readonly Column[], left: Dependent, right: Dependent): Dependent {
    const merged = new Map<ColumnId, Column>();
    const exprs: Expr[] = columns.map((column) => columnRef({ ...column, nullable: true }));
    for (const { id } of this.#correlated) {
      const sides = [left, right].map(({ domain }) => columnRef({ ...domain.get(id)!, nullable: true }));
      merged.set(id, this.#columnIds.renew(domain(left, id)));
      exprs.push(call("coalesce", sides));
    }
    return { plan: projectPlan(join, exprs, [...columns, ...merged.values()]), domain: merged };
  }

  /** The first rows of each domain value; of one row: first(column ORDER BY …). */
  #limit(plan: LogicalLimit): Dependent {
    const sort = sortOf(plan.input);
    const input = this.push(sort?.input ?? plan.input);
    const keys = (sort?.keys ?? []).map((key): SortKey => ({ ...key, expr: resolve(key.expr, input.domain) }));
    const columns = [...input.domain.values()];
    if (plan.limit !== 1 || plan.offset !== 0) {
      const { plan: numbered, number } = numberRows(input.plan, columns.map(columnRef), keys, this.#columnIds);
      const bound = (op: string, rows: number) => call(op, [columnRef(number), literal(number.type, String(rows))]);
      const { limit, offset } = plan;
      const bounds = [bound(">", offset), ...(limit === undefined ? [] : [bound("<=", offset + limit)])];
      return { plan: keepColumns(filterPlan(numbered, bounds), [...plan.columns, ...columns]), domain: input.domain };
    }
    const calls = plan.columns.map((column) =>
      aggregateCall("first", [columnRef(column)], keys.length > 0 ? { orderBy: keys } : {}),
    );
    const grouped = aggregatePlan(input.plan, columns.map(columnRef), calls, [...columns, ...plan.columns]);
    return { plan: grouped, domain: input.domain };
  }

  /** Each branch has a domain of its own; the union makes them one. */
  #union(inputs: readonly LogicalPlan[], columns: readonly Column[]): Dependent {
    const merged = new Map(this.#correlated.map((column) => [column.id, this.#columnIds.renew(column)]));
    const branches = inputs.map((branch) => {
      const { plan, domain } = this.push(branch);
      const kept = [...branch.columns, ...this.#correlated.map(({ id }) => domain.get(id)!)];
      return projectPlan(plan, kept.map(columnRef), kept);
    });
    return { plan: { kind: "union", inputs: branches, columns: [...columns, ...merged.values()] }, domain: merged };
  }

  /** One row for each domain value: NULLs where there is none, an error where there are two. */
  #singleRow(input: LogicalPlan, columns: readonly Column[]): Dependent {
    const all = this.#makeDomain();
    const rows = this.push(input);
    const joined = joinPlan("single", all.plan, rows.plan, { keys: this.#between(all, rows) });
    const kept = [...columns, ...all.domain.values()];
    const exprs = [
      ...input.columns.map((column) => columnRef({ ...column, nullable: true })),
      ...[...all.domain.values()].map(columnRef),
    ];
    return { plan: projectPlan(joined, exprs, kept), domain: all.domain };
  }
}

/** The sort whose first rows a LIMIT takes: perhaps below a projection that only drops its keys. */
function sortOf(plan: LogicalPlan): LogicalSort | undefined {
  if (plan.kind === "sort") return plan;
  return plan.kind === "project" && onlyDrops(plan) ? sortOf(plan.input) : undefined;
}

function domain(dependent: Dependent, id: ColumnId): Column {
  return dependent.domain.get(id)!;
}

/** Outer columns become the domain's. */
function resolve(expr: Expr, domain: ReadonlyMap<ColumnId, Column>): Expr {
  return substitute(expr, ({ id }) => {
    const column = domain.get(id);
    return column && columnRef(column);
  });
}

function renamed(plan: LogicalPlan, columns: readonly Column[]): LogicalPlan {
  return projectPlan(plan, plan.columns.map(columnRef), columns);
}
