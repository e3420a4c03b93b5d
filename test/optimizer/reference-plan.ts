/** Runs plans row by row, in the most literal way: the oracle for rewrites, which must not change what a plan gives. */

import type { Value } from "../../lib/arrow/value.ts";
import { QueryError } from "../../lib/errors.ts";
import { aggregateOf, siteOf } from "../../lib/expr/aggregate-state.ts";
import { conjuncts } from "../../lib/expr/build.ts";
import { evaluate, newEvaluationContext } from "../../lib/expr/evaluate.ts";
import type { AggregateCall, Column, ColumnId, Expr, SortKey } from "../../lib/expr/expr.ts";
import { elementsOf, valueOfJson } from "../../lib/expr/json-values.ts";
import { compareValues, keyOfValue, literalOfValue } from "../../lib/expr/value.ts";
import { rewriteExpr } from "../../lib/expr/walk.ts";
import type {
  JoinKey,
  JoinType,
  LogicalJoin,
  LogicalPlan,
  LogicalUnnest,
  LogicalWindow,
} from "../../lib/logical/plan.ts";
import { outputColumns } from "../../lib/physical/output-columns.ts";
import type {
  HashJoinNode,
  NestedLoopJoinNode,
  PhysicalJoinType,
  PhysicalPlan,
  UnnestNode,
  WindowNode,
} from "../../lib/physical/plan.ts";
import { windowValues } from "../support/window-reference.ts";

export type Row = ReadonlyMap<ColumnId, Value>;
/** Rows of each table, values by field. */
export type Data = ReadonlyMap<string, readonly (readonly Value[])[]>;

const context = newEvaluationContext(0n);

/** Rows of a logical plan, as arrays in the order of its columns. */
export function runLogical(plan: LogicalPlan, data: Data): Value[][] {
  return new Interpreter(data).logical(plan, new Map()).map((row) => plan.columns.map(({ id }) => row.get(id) ?? null));
}

export function runPhysical(plan: PhysicalPlan, data: Data): Value[][] {
  return new Interpreter(data).physical(plan).map((row) => outputColumns(plan).map(({ id }) => row.get(id) ?? null));
}

class Interpreter {
  readonly #data: Data;

  constructor(data: Data) {
    this.#data = data;
  }

  #value(expr: Expr, row: Row): Value {
    const flat = rewriteExpr(expr, (part) => {
      if (part.kind !== "subquery") return part;
      return { kind: "literal", type: part.type, value: literalOfValue(part.type, this.#subquery(part, row)) };
    });
    return evaluate(
      flat,
      (id) => {
        if (!row.has(id)) throw new QueryError("internal", `no column ${id}`);
        return row.get(id)!;
      },
      context,
    );
  }

  #subquery(expr: Expr & { kind: "subquery" }, row: Row): Value {
    const plan = expr.plan as LogicalPlan;
    const rows = this.logical(plan, row);
    if (expr.form === "exists") return rows.length > 0;
    if (expr.form === "scalar") {
      if (rows.length > 1) throw new QueryError("cardinality", "more than one row");
      return rows[0]?.get(plan.columns[0]!.id) ?? null;
    }
    const operands = expr.operands.map((operand) => this.#value(operand, row));
    const op = expr.form === "in" ? "=" : expr.op!;
    const results = rows.map((inner) => {
      let result: Value = true;
      for (const [i, operand] of operands.entries()) {
        const one = compare(op, operand, inner.get(plan.columns[i]!.id)!);
        if (one === false || (one === null && result === true)) result = result === false ? false : one;
      }
      return result;
    });
    if (expr.form === "all") return results.includes(false) ? false : results.includes(null) ? null : true;
    return results.includes(true) ? true : results.includes(null) ? null : false;
  }

  #passes(expr: Expr | undefined, row: Row): boolean {
    return !expr || conjuncts(expr).every((part) => this.#value(part, row) === true);
  }

  logical(plan: LogicalPlan, outer: Row): Row[] {
    const own = (row: Row): Row => new Map([...outer, ...row]);
    switch (plan.kind) {
      case "scan":
        return this.#scan(plan, plan.filters, plan.limit).map(own);
      case "values":
        return plan.rows.map(
          (row) => new Map([...outer, ...plan.columns.map(({ id }, i) => [id, this.#value(row[i]!, outer)] as const)]),
        );
      case "filter":
        return this.logical(plan.input, outer).filter((row) => this.#passes(plan.predicate, row));
      case "project":
        return this.logical(plan.input, outer).map((row) => own(this.#project(plan.exprs, plan.columns, row)));
      case "aggregate":
        return this.#aggregate(plan, this.logical(plan.input, outer)).map(own);
      case "join":
        return this.#join(plan, this.logical(plan.left, outer), this.logical(plan.right, outer));
      case "window":
        return this.#window(plan, this.logical(plan.input, outer)).map(own);
      case "unnest":
        return this.#unnest(plan, this.logical(plan.input, outer));
      case "sort":
        return this.#sort(plan.keys, this.logical(plan.input, outer));
      case "limit":
        return this.logical(plan.input, outer).slice(
          plan.offset,
          plan.limit === undefined ? undefined : plan.offset + plan.limit,
        );
      case "union":
        return plan.inputs.flatMap((input) =>
          this.logical(input, outer).map((row) => own(rename(row, input.columns, plan.columns))),
        );
      case "single_row":
        return this.#single(this.logical(plan.input, outer), plan.input.columns, plan.columns, own);
      case "shared":
        return this.logical(plan.input, outer).map((row) => own(rename(row, plan.input.columns, plan.columns)));
    }
  }

  #unnest(plan: LogicalUnnest | UnnestNode, rows: readonly Row[]): Row[] {
    const { id, type } = plan.columns.at(-1)!;
    return rows.flatMap((row) => {
      const list = this.#value(plan.list, row) as string | null;
      const elements = list === null ? [] : elementsOf(list).map((element) => valueOfJson(element, type));
      const kept = elements.length === 0 && plan.outer ? [null] : elements;
      return kept.map((element) => new Map([...row, [id, element]]));
    });
  }

  physical(plan: PhysicalPlan): Row[] {
    switch (plan.kind) {
      case "scan": {
        const rows = this.#scan(plan, plan.filters, plan.limit);
        return rows.map((row) => new Map(outputColumns(plan).map(({ id }) => [id, row.get(id)!])));
      }
      case "values":
        return plan.rows.map((row) => this.#project(row, plan.columns, new Map()));
      case "filter":
        return this.physical(plan.input).filter((row) => this.#passes(plan.predicate, row));
      case "project":
        return this.physical(plan.input).map((row) => this.#project(plan.exprs, plan.columns, row));
      case "aggregate":
        return this.#aggregate(plan, this.physical(plan.input), plan.mode);
      case "hash_join":
      case "nested_loop_join":
        return this.#physicalJoin(plan);
      case "window":
        return this.#window(plan, this.physical(plan.input));
      case "unnest":
        return this.#unnest(plan, this.physical(plan.input));
      case "sort":
        return this.#sort(plan.keys, this.physical(plan.input)).slice(0, plan.limit);
      case "limit":
        return this.physical(plan.input).slice(
          plan.offset,
          plan.limit === undefined ? undefined : plan.offset + plan.limit,
        );
      case "union":
        return plan.inputs.flatMap((input) =>
          this.physical(input).map((row) => rename(row, outputColumns(input), plan.columns)),
        );
      case "single_row":
        return this.#single(this.physical(plan.input), outputColumns(plan.input), plan.columns, (row) => row);
      case "shared":
        return this.physical(plan.input).map((row) => rename(row, outputColumns(plan.input), plan.columns));
      case "exchange_read":
        throw new Error("a plan before the cut has no exchange");
    }
  }

  #scan(
    plan: { table: string; columns: readonly Column[]; source: readonly number[] },
    filters: readonly Expr[],
    limit?: number,
  ): Row[] {
    const rows = this.#data
      .get(plan.table)!
      .map((row): Row => new Map(plan.columns.map(({ id }, i) => [id, row[plan.source[i]!]!])));
    return rows.filter((row) => filters.every((filter) => this.#value(filter, row) === true)).slice(0, limit);
  }

  #project(exprs: readonly Expr[], columns: readonly Column[], row: Row): Row {
    return new Map(columns.map(({ id }, i) => [id, this.#value(exprs[i]!, row)]));
  }

  #single(rows: Row[], from: readonly Column[], to: readonly Column[], own: (row: Row) => Row): Row[] {
    if (rows.length > 1) throw new QueryError("cardinality", "more than one row");
    return [own(rows[0] ? rename(rows[0], from, to) : new Map(to.map(({ id }) => [id, null])))];
  }

  #window(plan: LogicalWindow | WindowNode, rows: Row[]): Row[] {
    const added = plan.columns.slice(plan.columns.length - plan.functions.length);
    const values = windowValues(plan, rows, (expr, row) => this.#value(expr, row));
    return rows.map((row, i) => new Map([...row, ...added.map(({ id }, k) => [id, values[i]![k]!] as const)]));
  }

  #sort(keys: readonly SortKey[], rows: Row[]): Row[] {
    return rows.toSorted((a, b) => {
      for (const key of keys) {
        const [x, y] = [this.#value(key.expr, a), this.#value(key.expr, b)];
        if (x === null || y === null) {
          if (x === y) continue;
          return (x === null) === key.nullsFirst ? -1 : 1;
        }
        const order = compareValues(x, y);
        if (order !== 0) return key.descending ? -order : order;
      }
      return 0;
    });
  }

  #aggregate(
    plan: { groupBy: readonly Expr[]; aggregates: readonly AggregateCall[]; columns: readonly Column[] },
    rows: Row[],
    mode: "single" | "partial" | "merge" | "final" = "single",
  ): Row[] {
    const groups = new Map<string, { keys: Value[]; rows: Row[] }>();
    if (plan.groupBy.length === 0) groups.set("", { keys: [], rows: [] });
    for (const row of rows) {
      const keys = plan.groupBy.map((key) => this.#value(key, row));
      const name = keys.map(keyOfValue).join("|");
      const group = groups.get(name) ?? { keys, rows: [] };
      groups.set(name, group);
      group.rows.push(row);
    }
    return [...groups.values()].map(({ keys, rows: members }) => {
      let at = plan.groupBy.length;
      const values = plan.aggregates.flatMap((call) => {
        const state = aggregateOf(call).init(siteOf(call));
        const width = aggregateOf(call).state?.(siteOf(call)).length ?? 0;
        if (mode === "single" || mode === "partial") this.#update(call, state, members);
        else {
          const ids = mergedColumns(plan, members, at, width);
          for (const row of members) aggregateOf(call).merge!(state, ids(row), siteOf(call));
        }
        at += width;
        return mode === "single" || mode === "final" ? [aggregateOf(call).final(state, siteOf(call))] : [...state];
      });
      return new Map(plan.columns.map(({ id }, i) => [id, [...keys, ...values][i]!]));
    });
  }

  #update(call: AggregateCall, state: Value[], rows: readonly Row[]): void {
    const definition = aggregateOf(call);
    const seen = new Set<string>();
    for (const row of call.orderBy ? this.#sort(call.orderBy, [...rows]) : rows) {
      if (call.filter && this.#value(call.filter, row) !== true) continue;
      const values = call.args.map((arg) => this.#value(arg, row));
      if (!definition.keepsNulls && values.includes(null)) continue;
      const key = values.map(keyOfValue).join("|");
      if (call.distinct && seen.has(key)) continue;
      seen.add(key);
      definition.update(state, values, siteOf(call));
    }
  }

  #join(join: LogicalJoin, left: Row[], right: Row[]): Row[] {
    const leftNulls = new Map(join.left.columns.map(({ id }) => [id, null] as const));
    const rightNulls = new Map(join.right.columns.map(({ id }) => [id, null] as const));
    const matched = new Set<Row>();
    const out: Row[] = [];
    for (const l of left) {
      const results = right.map((r) => this.#match(join.keys, join.filter, l, r, join.nullAware));
      const matches = right.filter((_, i) => results[i] === true);
      for (const r of matches) matched.add(r);
      out.push(...joinRow(join.joinType, l, matches, results, rightNulls, join.nullAware, join.mark));
    }
    if (join.joinType === "right" || join.joinType === "full") {
      for (const r of right) if (!matched.has(r)) out.push(new Map([...r, ...leftNulls]));
    }
    return out;
  }

  #match(keys: readonly JoinKey[], filter: Expr | undefined, l: Row, r: Row, nullAware: boolean): Value {
    let result: Value = true;
    for (const key of keys) {
      const [a, b] = [this.#value(key.left, l), this.#value(key.right, r)];
      const equal = key.nullSafe ? keyOfValue(a) === keyOfValue(b) : compare("=", a, b);
      if (equal === false) return false;
      if (equal === null) result = null;
    }
    if (result === null) return nullAware ? null : false;
    const value = filter ? this.#value(filter, new Map([...l, ...r])) : true;
    return nullAware ? value : value === true;
  }

  #physicalJoin(plan: HashJoinNode | NestedLoopJoinNode): Row[] {
    const build = this.physical(plan.build);
    const probe = this.physical(plan.probe);
    const keys =
      plan.kind === "hash_join"
        ? plan.keys.map(({ probe: l, build: r, nullSafe }) => ({ left: l, right: r, nullSafe }))
        : [];
    const nulls = (side: PhysicalPlan): Row => new Map(outputColumns(side).map(({ id }) => [id, null]));
    const matched = new Set<Row>();
    const out: Row[] = [];
    for (const l of probe) {
      const results = build.map((r) => this.#match(keys, plan.filter, l, r, plan.nullAware));
      const matches = build.filter((_, i) => results[i] === true);
      for (const r of matches) matched.add(r);
      const type = probeType[plan.joinType];
      if (type) out.push(...joinRow(type, l, matches, results, nulls(plan.build), plan.nullAware, plan.mark));
    }
    for (const r of build) {
      const type = plan.joinType;
      if ((type === "build_outer" || type === "full_outer") && !matched.has(r))
        out.push(new Map([...nulls(plan.probe), ...r]));
      if ((type === "build_semi" && matched.has(r)) || (type === "build_anti" && !matched.has(r))) out.push(r);
    }
    return out.map(
      (row) =>
        new Map(
          plan.columns.map(({ id }) => {
            if (!row.has(id)) throw new QueryError("internal", `join has no column ${id}`);
            return [id, row.get(id)!];
          }),
        ),
    );
  }
}

const probeType: Readonly<Record<PhysicalJoinType, JoinType | undefined>> = {
  inner: "inner",
  probe_outer: "left",
  build_outer: "inner",
  full_outer: "left",
  probe_semi: "semi",
  probe_anti: "anti",
  build_semi: undefined,
  build_anti: undefined,
  probe_mark: "mark",
  probe_single: "single",
};

function joinRow(
  type: JoinType,
  l: Row,
  matches: readonly Row[],
  results: readonly Value[],
  nulls: Row,
  nullAware: boolean,
  mark: Column | undefined,
): Row[] {
  const pairs = () => matches.map((r) => new Map([...l, ...r]));
  const unknown = nullAware && results.includes(null);
  switch (type) {
    case "inner":
    case "cross":
    case "right":
      return pairs();
    case "left":
    case "full":
      return matches.length > 0 ? pairs() : [new Map([...l, ...nulls])];
    case "single":
      if (matches.length > 1) throw new QueryError("cardinality", "more than one row");
      return matches.length > 0 ? pairs() : [new Map([...l, ...nulls])];
    case "semi":
      return matches.length > 0 ? [l] : [];
    case "anti":
      return matches.length > 0 || unknown ? [] : [l];
    case "mark":
      return [new Map([...l, [mark!.id, matches.length > 0 ? true : unknown ? null : false]])];
  }
}

function compare(op: string, a: Value, b: Value): Value {
  if (a === null || b === null) return null;
  const order = compareValues(a, b);
  return { "=": order === 0, "<>": order !== 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[
    op
  ]!;
}

function rename(row: Row, from: readonly Column[], to: readonly Column[]): Row {
  return new Map(to.map(({ id }, i) => [id, row.get(from[i]!.id) ?? null]));
}

/** State columns follow the keys in the rows of a partial aggregate; rows keep the order of their columns. */
function mergedColumns(_: unknown, rows: readonly Row[], at: number, width: number): (row: Row) => Value[] {
  const ids = rows[0] ? [...rows[0].keys()].slice(at, at + width) : [];
  return (row) => ids.map((id) => row.get(id)!);
}
