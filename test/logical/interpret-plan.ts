/** Runs a logical plan row by row, subqueries included: the oracle for the binder, the optimizer and everything below. */

import type { Value } from "../../lib/arrow/value.ts";
import { QueryError } from "../../lib/errors.ts";
import { Accumulator, compareSortKeys } from "../../lib/expr/accumulate.ts";
import { evaluate } from "../../lib/expr/evaluate.ts";
import type { Column, ColumnId, Expr, SortKey, SubqueryExpr } from "../../lib/expr/expr.ts";
import { elementsOf, valueOfJson } from "../../lib/expr/json-values.ts";
import { keyOfValue, literalOfValue } from "../../lib/expr/value.ts";
import { rewriteExpr } from "../../lib/expr/walk.ts";
import type { LogicalAggregate, LogicalJoin, LogicalPlan } from "../../lib/logical/plan.ts";
import { windowValues } from "../support/window-reference.ts";

export type Row = readonly Value[];
/** Rows of a table by its key in the snapshot, in the order of its fields. */
export type TableRows = ReadonlyMap<string, readonly Row[]>;
type Lookup = (id: ColumnId) => Value;

const nothing: Lookup = (id) => {
  throw new QueryError("internal", `column ${id} has no value`);
};

export function interpretPlan(plan: LogicalPlan, tables: TableRows): readonly Row[] {
  return new Interpreter(tables).run(plan, nothing);
}

class Interpreter {
  readonly #tables: TableRows;

  constructor(tables: TableRows) {
    this.#tables = tables;
  }

  run(plan: LogicalPlan, outer: Lookup): readonly Row[] {
    switch (plan.kind) {
      case "scan": {
        const rows = this.#tables.get(plan.table)!.map((row) => plan.source.map((index) => row[index]!));
        const passing = rows.filter((row) => {
          return plan.filters.every((filter) => this.#value(filter, lookup(plan.columns, row, outer)) === true);
        });
        return passing.slice(0, plan.limit);
      }
      case "values":
        return plan.rows.map((row) => row.map((expr) => this.#value(expr, outer)));
      case "filter":
        return this.run(plan.input, outer).filter((row) => {
          return this.#value(plan.predicate, lookup(plan.input.columns, row, outer)) === true;
        });
      case "project":
        return this.run(plan.input, outer).map((row) => {
          const at = lookup(plan.input.columns, row, outer);
          return plan.exprs.map((expr) => this.#value(expr, at));
        });
      case "aggregate":
        return this.#aggregate(plan, outer);
      case "join":
        return this.#join(plan, outer);
      case "window": {
        const rows = this.run(plan.input, outer);
        const values = windowValues(plan, rows, (expr, row) =>
          this.#value(expr, lookup(plan.input.columns, row, outer)),
        );
        return rows.map((row, i) => [...row, ...values[i]!]);
      }
      case "unnest":
        return this.run(plan.input, outer).flatMap((row) => {
          const list = this.#value(plan.list, lookup(plan.input.columns, row, outer)) as string | null;
          const elements = list === null ? [] : elementsOf(list);
          const { type } = plan.columns.at(-1)!;
          if (elements.length === 0) return plan.outer ? [[...row, null]] : [];
          return elements.map((element) => [...row, valueOfJson(element, type)]);
        });
      case "sort":
        return this.#sort(plan.input, plan.keys, outer);
      case "limit": {
        const end = plan.limit === undefined ? undefined : plan.offset + plan.limit;
        return this.run(plan.input, outer).slice(plan.offset, end);
      }
      case "union":
        return plan.inputs.flatMap((input) => this.run(input, outer));
      case "shared":
        return this.run(plan.input, outer);
      case "single_row": {
        const rows = this.run(plan.input, outer);
        if (rows.length > 1) throw new QueryError("cardinality", "more than one row");
        return rows.length === 1 ? rows : [plan.columns.map(() => null)];
      }
    }
  }

  #sort(input: LogicalPlan, keys: readonly SortKey[], outer: Lookup): readonly Row[] {
    const rows = this.run(input, outer).map((row) => {
      const at = lookup(input.columns, row, outer);
      return { row, key: keys.map(({ expr }) => this.#value(expr, at)) };
    });
    return rows.sort((a, b) => compareSortKeys(keys, a.key, b.key)).map(({ row }) => row);
  }

  #aggregate(plan: LogicalAggregate, outer: Lookup): readonly Row[] {
    const groups = new Map<string, { keys: Row; accumulators: readonly Accumulator[] }>();
    const group = (keys: Row) => {
      const name = JSON.stringify(keys.map(keyOfValue));
      let found = groups.get(name);
      if (!found) {
        found = { keys, accumulators: plan.aggregates.map((call) => new Accumulator(call)) };
        groups.set(name, found);
      }
      return found;
    };
    if (plan.groupBy.length === 0) group([]);
    for (const row of this.run(plan.input, outer)) {
      const at = lookup(plan.input.columns, row, outer);
      const { accumulators } = group(plan.groupBy.map((key) => this.#value(key, at)));
      for (const accumulator of accumulators) accumulator.addRow(at);
    }
    return [...groups.values()].map(({ keys, accumulators }) => [...keys, ...accumulators.map((one) => one.result())]);
  }

  #join(plan: LogicalJoin, outer: Lookup): readonly Row[] {
    const left = this.run(plan.left, outer);
    const right = this.run(plan.right, outer);
    const both = [...plan.left.columns, ...plan.right.columns];
    const matches = (a: Row, b: Row): Value => this.#matches(plan, lookup(both, [...a, ...b], outer));
    const rightUsed = new Set<number>();
    const rows: Row[] = [];
    const noRight = plan.right.columns.map(() => null);
    for (const a of left) {
      const results = right.map((b) => matches(a, b));
      const found = right.filter((_, i) => results[i] === true);
      results.forEach((result, i) => {
        if (result === true) rightUsed.add(i);
      });
      const unknown = plan.nullAware && results.includes(null);
      switch (plan.joinType) {
        case "semi":
          if (found.length > 0) rows.push(a);
          break;
        case "anti":
          if (found.length === 0 && !unknown) rows.push(a);
          break;
        case "mark":
          rows.push([...a, found.length > 0 ? true : unknown ? null : false]);
          break;
        case "single":
          if (found.length > 1) throw new QueryError("cardinality", "more than one row");
          rows.push([...a, ...(found[0] ?? noRight)]);
          break;
        default:
          rows.push(...found.map((b) => [...a, ...b]));
          if (found.length === 0 && (plan.joinType === "left" || plan.joinType === "full"))
            rows.push([...a, ...noRight]);
      }
    }
    if (plan.joinType === "right" || plan.joinType === "full") {
      const noLeft = plan.left.columns.map(() => null);
      right.forEach((b, i) => {
        if (!rightUsed.has(i)) rows.push([...noLeft, ...b]);
      });
    }
    return rows;
  }

  /** Three-valued: whether keys and filter hold. */
  #matches(plan: LogicalJoin, at: Lookup): Value {
    let unknown = false;
    for (const key of plan.keys) {
      const [a, b] = [this.#value(key.left, at), this.#value(key.right, at)];
      const equal = keyOfValue(a) === keyOfValue(b);
      if (!key.nullSafe && (a === null || b === null)) unknown = true;
      else if (!equal) return false;
    }
    if (plan.filter) {
      const value = this.#value(plan.filter, at);
      if (value === false) return false;
      if (value === null) unknown = true;
    }
    return unknown ? null : true;
  }

  #value(expr: Expr, at: Lookup): Value {
    const withoutSubqueries = rewriteExpr(expr, (part) => (part.kind === "subquery" ? this.#constant(part, at) : part));
    return evaluate(withoutSubqueries, at);
  }

  #constant(subquery: SubqueryExpr, at: Lookup): Expr {
    return { kind: "literal", type: subquery.type, value: literalOfValue(subquery.type, this.#subquery(subquery, at)) };
  }

  #subquery(subquery: SubqueryExpr, at: Lookup): Value {
    const plan = subquery.plan as LogicalPlan;
    const rows = this.run(plan, at);
    switch (subquery.form) {
      case "exists":
        return rows.length > 0;
      case "scalar":
        if (rows.length > 1) throw new QueryError("cardinality", "more than one row");
        return rows[0]?.[0] ?? null;
      default:
        return this.#quantified(subquery, plan.columns, rows, at);
    }
  }

  /** IN and ANY are a disjunction over the rows, ALL is a conjunction. */
  #quantified(subquery: SubqueryExpr, columns: readonly Column[], rows: readonly Row[], at: Lookup): Value {
    const operands = subquery.operands.map((operand): Expr => {
      return { kind: "literal", type: operand.type, value: literalOfValue(operand.type, this.#value(operand, at)) };
    });
    const decisive = subquery.form !== "all";
    let unknown = false;
    for (const row of rows) {
      const equal = operands.map((operand, i): Expr => {
        const type = columns[i]!.type;
        const item: Expr = { kind: "literal", type, value: literalOfValue(type, row[i]!) };
        return { kind: "call", fn: subquery.op ?? "=", args: [operand, item], type: subquery.type };
      });
      const result = evaluate({ kind: "call", fn: "and", args: equal, type: subquery.type });
      if (result === decisive) return decisive;
      if (result === null) unknown = true;
    }
    return unknown ? null : !decisive;
  }
}

function lookup(columns: readonly Column[], row: Row, outer: Lookup): Lookup {
  const index = new Map(columns.map((column, i) => [column.id, i]));
  return (id) => {
    const at = index.get(id);
    return at === undefined ? outer(id) : row[at]!;
  };
}
