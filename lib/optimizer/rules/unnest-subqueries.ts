/**
 * Subqueries become joins. In a filter, EXISTS, IN and their kin are semi and anti joins; elsewhere, and under OR, a mark
 * join gives their truth value as a column; a scalar subquery is a column of a left, single or cross join. Innermost
 * subqueries go first, so that a plan that is being unnested contains none itself.
 */
import { unsupported } from "../../errors.ts";
import { conjuncts } from "../../expr/build.ts";
import type { Expr, SubqueryExpr } from "../../expr/expr.ts";
import { mapOperands, subexpressions } from "../../expr/walk.ts";
import {
  exprsOf,
  filterPlan,
  joinPlan,
  keepColumns,
  mapExprs,
  mapInputs,
  outputIds,
  projectPlan,
  rejoin,
  windowColumns,
  windowPlan,
  withInputs,
} from "../../logical/build.ts";
import { columnsRead, freeColumns } from "../../logical/free-columns.ts";
import { keyCondition } from "../../logical/join-condition.ts";
import type {
  LogicalFilter,
  LogicalJoin,
  LogicalPlan,
  LogicalShared,
  LogicalValues,
  LogicalWindow,
} from "../../logical/plan.ts";
import type { Rule, RuleContext } from "../rule.ts";
import { Unnester } from "../unnest/unnester.ts";

export const unnestSubqueries: Rule = {
  name: "unnest-subqueries",
  apply: (plan, context) => new Unnesting(context).visit(plan),
};

class Unnesting {
  readonly #unnester: Unnester;
  readonly #context: RuleContext;
  readonly #shared = new Map<number, LogicalPlan>();

  constructor(context: RuleContext) {
    this.#context = context;
    this.#unnester = new Unnester(context);
  }

  visit(plan: LogicalPlan): LogicalPlan {
    if (plan.kind === "shared") return this.#visitShared(plan);
    const node = mapExprs(
      mapInputs(plan, (input) => this.visit(input)),
      (expr) => this.#innermost(expr),
    );
    if (node.kind === "join" && isLateral(node)) return this.#lateral(node);
    if (!exprsOf(node).some(hasSubquery)) return node;
    switch (node.kind) {
      case "filter":
        return this.#filter(node);
      case "unnest": {
        const { plan: input, value } = this.#replace(node.input, node.list);
        return keepColumns(withInputs({ ...node, list: value }, [input]), node.columns);
      }
      case "project":
      case "aggregate": {
        let { input } = node;
        const rewritten = mapExprs(node, (expr) => {
          const replaced = this.#replace(input, expr);
          input = replaced.plan;
          return replaced.value;
        });
        return { ...rewritten, input } as LogicalPlan;
      }
      case "window": {
        let { input } = node;
        const rewritten = mapExprs(node, (expr) => {
          const replaced = this.#replace(input, expr);
          input = replaced.plan;
          return replaced.value;
        }) as LogicalWindow;
        return keepColumns(windowPlan(input, rewritten, windowColumns(node)), node.columns);
      }
      case "sort": {
        let { input } = node;
        const keys = node.keys.map((key) => {
          const replaced = this.#replace(input, key.expr);
          input = replaced.plan;
          return { ...key, expr: replaced.value };
        });
        return keepColumns({ ...node, input, keys, columns: input.columns }, node.columns);
      }
      case "join":
        return this.#join(node);
      case "values":
        return this.visit(rowByRow(node, this.#context));
      default:
        throw unsupported(`a subquery in a ${node.kind}`);
    }
  }

  #visitShared(plan: LogicalShared): LogicalPlan {
    const input = this.#shared.get(plan.id) ?? this.visit(plan.input);
    this.#shared.set(plan.id, input);
    return input === plan.input ? plan : { ...plan, input };
  }

  /** Unnests what is inside the plans of an expression's subqueries. */
  #innermost(expr: Expr): Expr {
    const mapped = mapOperands(expr, (operand) => this.#innermost(operand));
    if (mapped.kind !== "subquery") return mapped;
    return { ...mapped, plan: this.visit(mapped.plan as LogicalPlan) };
  }

  #filter(node: LogicalFilter): LogicalPlan {
    const parts = conjuncts(node.predicate);
    let plan = filterPlan(
      node.input,
      parts.filter((part) => !hasSubquery(part)),
    );
    const left: Expr[] = [];
    for (const part of parts.filter(hasSubquery)) {
      const condition = asCondition(part);
      if (condition) {
        plan = this.#unnester.filter(plan, condition.subquery, condition.negated);
        continue;
      }
      const replaced = this.#replace(plan, part);
      plan = replaced.plan;
      left.push(replaced.value);
    }
    return keepColumns(filterPlan(plan, left), node.columns);
  }

  /** Replaces every subquery in an expression by a column that joins add to the plan. */
  #replace(plan: LogicalPlan, expr: Expr): { plan: LogicalPlan; value: Expr } {
    let current = plan;
    const visit = (part: Expr): Expr => {
      const mapped = mapOperands(part, visit);
      if (mapped.kind !== "subquery") return mapped;
      const { plan: joined, value } = this.#unnester.value(current, mapped);
      current = joined;
      return value;
    };
    const value = visit(expr);
    return { plan: current, value };
  }

  /** A join whose right side is evaluated for each row of the left one. */
  #lateral(node: LogicalJoin): LogicalPlan {
    const conditions = [...node.keys.map(keyCondition), ...(node.filter ? conjuncts(node.filter) : [])];
    if (!conditions.some(hasSubquery)) return keepColumns(this.#unnester.lateral(node, conditions), node.columns);
    if (node.joinType !== "inner") throw unsupported(`a subquery in ON of a ${node.joinType} join with LATERAL`);
    const join = this.#unnester.lateral(
      node,
      conditions.filter((part) => !hasSubquery(part)),
    );
    return keepColumns(this.visit(filterPlan(join, conditions.filter(hasSubquery))), node.columns);
  }

  /** A subquery in ON: of an inner join, it filters the result; of another, it must read one side only. */
  #join(node: LogicalJoin): LogicalPlan {
    const all = node.filter ? conjuncts(node.filter) : [];
    const plain = all.filter((part) => !hasSubquery(part));
    const { keys, nullAware, mark } = node;
    const options = { keys, nullAware, ...(mark && { mark }) };
    if (keys.some((key) => hasSubquery(key.left) || hasSubquery(key.right)))
      throw unsupported("a subquery in a join key");
    if (node.joinType === "inner" || node.joinType === "cross") {
      const join = joinPlan(node.joinType, node.left, node.right, { ...options, filters: plain });
      const filter = filterPlan(join, all.filter(hasSubquery)) as LogicalFilter;
      return this.#filter(filter);
    }
    let { left, right } = node;
    const filters = all.map((part) => {
      if (!hasSubquery(part)) return part;
      const read = columnsRead(part);
      const onLeft = read.isDisjointFrom(outputIds(right));
      if (!onLeft && !read.isDisjointFrom(outputIds(left)))
        throw unsupported("a subquery over both sides of an outer join");
      const replaced = this.#replace(onLeft ? left : right, part);
      if (onLeft) left = replaced.plan;
      else right = replaced.plan;
      return replaced.value;
    });
    const rejoined = rejoin(joinPlan(node.joinType, left, right, { ...options, filters }), left, right);
    return keepColumns(rejoined, node.columns);
  }
}

/** A subquery that is a condition by itself, perhaps under NOT. */
function asCondition(expr: Expr): { subquery: SubqueryExpr; negated: boolean } | undefined {
  if (expr.kind === "call" && expr.fn === "not") {
    const inner = asCondition(expr.args[0]!);
    return inner && { subquery: inner.subquery, negated: !inner.negated };
  }
  if (expr.kind !== "subquery" || expr.operands.some(hasSubquery)) return undefined;
  return { subquery: expr, negated: false };
}

function isLateral({ left, right }: LogicalJoin): boolean {
  return !freeColumns(right).isDisjointFrom(outputIds(left));
}

function hasSubquery(expr: Expr): boolean {
  for (const part of subexpressions(expr)) if (part.kind === "subquery") return true;
  return false;
}

/** VALUES with subqueries: one projection a row. */
function rowByRow(node: LogicalValues, { columnIds }: RuleContext): LogicalPlan {
  const inputs = node.rows.map((row) => {
    const one: LogicalPlan = { kind: "values", columns: [], rows: [[]] };
    return projectPlan(
      one,
      row,
      node.columns.map((column) => columnIds.renew(column)),
    );
  });
  return { kind: "union", inputs, columns: node.columns };
}
