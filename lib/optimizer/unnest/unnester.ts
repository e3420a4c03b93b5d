/** Turns one subquery expression into a join on the plan whose rows it is evaluated for. */
import { types } from "../../arrow/types.ts";
import { type Span, unsupported } from "../../errors.ts";
import { call, caseWhen, falseLiteral, nullLiteral, or, trueLiteral } from "../../expr/build.ts";
import type { Column, Expr, SubqueryExpr } from "../../expr/expr.ts";
import { isNullable } from "../../expr/properties.ts";
import { joinPlan, outputIds, projectPlan } from "../../logical/build.ts";
import { copyPlan } from "../../logical/copy.ts";
import { freeColumns } from "../../logical/free-columns.ts";
import { joinCondition, keyCondition } from "../../logical/join-condition.ts";
import type { JoinType, LogicalJoin, LogicalPlan } from "../../logical/plan.ts";
import { columnRef } from "../../logical/plan.ts";
import { asShared, isRepeatable, makeRepeatable } from "../repeatable.ts";
import type { RuleContext } from "../rule.ts";
import { atMostOneRow, isUnique } from "../unique.ts";
import { DependentJoin } from "./dependent-join.ts";
import { type EmptyRow, emptyValue, type PullUpOptions, pullUp } from "./pull-up.ts";

/** The subquery's rows for all outer rows, and the conditions that pair them. */
interface Related {
  /** The outer plan; another than before if it must not be computed twice. */
  readonly input: LogicalPlan;
  readonly plan: LogicalPlan;
  readonly conditions: readonly Expr[];
  readonly empty?: EmptyRow;
}

export class Unnester {
  readonly #context: RuleContext;

  constructor(context: RuleContext) {
    this.#context = context;
  }

  /** Rows of `input` for which the subquery condition (or, with `negated`, its negation) is true. */
  filter(input: LogicalPlan, subquery: SubqueryExpr, negated: boolean): LogicalPlan {
    const plan = subquery.plan as LogicalPlan;
    switch (subquery.form) {
      case "exists": {
        const related = this.#relate(input, limited(plan), "any");
        return this.#join(negated ? "anti" : "semi", related.input, related.plan, related.conditions);
      }
      case "in":
      case "any":
      case "all": {
        // ALL fails on a row that violates it, so it holds where no row does; that is NOT of ANY with the opposite.
        const wantsMatch = (subquery.form !== "all") !== negated;
        const comparison = this.#comparison(subquery, plan);
        if (!wantsMatch && this.#isPlainNotIn(subquery, plan)) {
          const key = { left: subquery.operands[0]!, right: columnRef(plan.columns[0]!), nullSafe: false };
          return joinPlan("anti", input, plan, { keys: [key], nullAware: true });
        }
        const related = this.#relate(input, plan, "which");
        if (wantsMatch) return this.#join("semi", related.input, related.plan, [...related.conditions, ...comparison]);
        return this.#join("anti", related.input, related.plan, [
          ...related.conditions,
          ...comparison.map(trueOrUnknown),
        ]);
      }
      case "scalar": {
        const { plan: joined, value } = this.value(input, subquery);
        const predicate = negated ? call("not", [value]) : value;
        return { kind: "filter", input: joined, predicate, columns: joined.columns };
      }
    }
  }

  /** The input with what it needs to give the subquery's value, and that value. */
  value(input: LogicalPlan, subquery: SubqueryExpr): { plan: LogicalPlan; value: Expr } {
    const plan = subquery.plan as LogicalPlan;
    switch (subquery.form) {
      case "scalar":
        return this.#scalar(input, plan, subquery.span);
      case "exists": {
        const related = this.#relate(input, limited(plan), "any");
        return this.#mark(related.input, related.plan, related.conditions);
      }
      case "in":
      case "any":
        return this.#any(input, subquery, plan);
      case "all": {
        const { plan: joined, value } = this.#any(input, subquery, plan);
        return { plan: joined, value: call("not", [value]) };
      }
    }
  }

  /** The right side for each row of the left one, and those of its rows that meet the conditions. */
  lateral({ joinType, left, right }: LogicalJoin, conditions: readonly Expr[]): LogicalPlan {
    const related = this.#relateRows(left, right);
    return this.#join(joinType, related.input, related.plan, [...related.conditions, ...conditions]);
  }

  /** Whether a null-aware anti join on one key says it all: nothing correlated at any level, nullable = on one operand. */
  #isPlainNotIn(subquery: SubqueryExpr, plan: LogicalPlan): boolean {
    const [operand] = subquery.operands;
    const equality =
      subquery.form === "in" ||
      (subquery.form === "any" && subquery.op === "=") ||
      (subquery.form === "all" && subquery.op === "<>");
    const nullable = isNullable(operand!) || plan.columns[0]!.nullable;
    return equality && subquery.operands.length === 1 && nullable && freeColumns(plan).size === 0;
  }

  /** What a row of the subquery must fulfil to be a match; for ALL, to violate it. */
  #comparison(subquery: SubqueryExpr, plan: LogicalPlan): readonly Expr[] {
    const op = subquery.form === "in" ? "=" : subquery.form === "any" ? subquery.op! : negatedOperator[subquery.op!]!;
    return subquery.operands.map((operand, i) => call(op, [operand, columnRef(plan.columns[i]!)]));
  }

  #relate(input: LogicalPlan, plan: LogicalPlan, existence?: PullUpOptions["existence"]): Related {
    const { columnIds } = this.#context;
    const outer = outputIds(input);
    const pulled = pullUp(plan, { outer, columnIds, ...(existence && { existence }) });
    // A row that exists although nothing belongs to it (a count) is beyond a join's condition.
    if (pulled && !(existence && pulled.empty)) return { ...pulled, input };
    return this.#relateByDomain(input, plan);
  }

  /** As `#relate`, with every row of the subquery, a count of nothing too. */
  #relateRows(input: LogicalPlan, plan: LogicalPlan): Related {
    const pulled = pullUp(plan, { outer: outputIds(input), columnIds: this.#context.columnIds });
    return pulled && !pulled.empty ? { ...pulled, input } : this.#relateByDomain(input, plan);
  }

  #relateByDomain(input: LogicalPlan, plan: LogicalPlan): Related {
    const { columnIds } = this.#context;
    const repeatable = isRepeatable(input) ? input : asShared(input, columnIds);
    const dependent = new DependentJoin(repeatable, plan, columnIds);
    const pushed = dependent.push(plan);
    return { input: repeatable, plan: pushed.plan, conditions: dependent.keys(pushed).map(keyCondition) };
  }

  #join(type: JoinType, input: LogicalPlan, right: LogicalPlan, conditions: readonly Expr[]): LogicalPlan {
    return joinPlan(type, input, right, joinCondition(conditions, outputIds(input), outputIds(right)));
  }

  #scalar(input: LogicalPlan, plan: LogicalPlan, span: Span | undefined): { plan: LogicalPlan; value: Expr } {
    const column = { ...plan.columns[0]!, nullable: true };
    if (freeColumns(plan).isDisjointFrom(outputIds(input))) {
      const row: LogicalPlan =
        atMostOneRow(plan) === "exactly"
          ? plan
          : { kind: "single_row", ...(span && { span }), input: plan, columns: [column] };
      return { plan: joinPlan("cross", input, row), value: columnRef(row.columns[0]!) };
    }
    const related = this.#relate(input, plan);
    const fallback = emptyValue(related.empty, column);
    const present = fallback && this.#context.columnIds.column("present", types.boolean, false);
    const right = present
      ? projectPlan(
          related.plan,
          [...related.plan.columns.map(columnRef), trueLiteral],
          [...related.plan.columns, present],
        )
      : related.plan;
    const { keys, filters } = joinCondition(related.conditions, outputIds(input), outputIds(right));
    const unique = isUnique(right, new Set(keys.flatMap((key) => (key.right.kind === "column" ? [key.right.id] : []))));
    const joined = joinPlan(unique ? "left" : "single", related.input, right, { keys, filters });
    const value = columnRef(column);
    if (!fallback || !present) return { plan: joined, value };
    const absent = call("is_null", [columnRef({ ...present, nullable: true })]);
    return { plan: joined, value: caseWhen([{ when: absent, result: fallback }], value) };
  }

  /** A boolean for each input row: whether some right row fulfils the conditions. */
  #mark(input: LogicalPlan, right: LogicalPlan, conditions: readonly Expr[]): { plan: LogicalPlan; value: Expr } {
    const mark = this.#context.columnIds.column("mark", types.boolean, false);
    const condition = joinCondition(conditions, outputIds(input), outputIds(right));
    return { plan: joinPlan("mark", input, right, { ...condition, mark }), value: columnRef(mark) };
  }

  /** `operands op ANY (plan)`, three-valued. */
  #any(input: LogicalPlan, subquery: SubqueryExpr, plan: LogicalPlan): { plan: LogicalPlan; value: Expr } {
    const comparison = this.#comparison(subquery, plan);
    const nullable = comparison.some(isNullable);
    if (nullable && this.#isPlainNotIn(subquery, plan)) {
      const mark: Column = this.#context.columnIds.column("mark", types.boolean, true);
      const key = { left: subquery.operands[0]!, right: columnRef(plan.columns[0]!), nullSafe: false };
      return { plan: joinPlan("mark", input, plan, { keys: [key], nullAware: true, mark }), value: columnRef(mark) };
    }
    if (!nullable) {
      const related = this.#relate(input, plan, "which");
      return this.#mark(related.input, related.plan, [...related.conditions, ...comparison]);
    }
    const repeatable = makeRepeatable(plan, this.#context.columnIds);
    if (!repeatable) throw unsupported("IN over a correlated LIMIT");
    const related = this.#relate(input, repeatable, "which");
    const found = this.#mark(related.input, related.plan, [...related.conditions, ...comparison]);
    const copy = copyPlan(repeatable, this.#context.columnIds);
    const again = this.#relate(related.input, copy.plan, "which");
    const unknown = this.#comparison(subquery, copy.plan).map(trueOrUnknown);
    const maybe = this.#mark(found.plan, again.plan, [...again.conditions, ...unknown]);
    const branches = [
      { when: found.value, result: trueLiteral },
      { when: maybe.value, result: nullLiteral(types.boolean) },
    ];
    return { plan: maybe.plan, value: caseWhen(branches, falseLiteral) };
  }
}

const negatedOperator: Readonly<Record<string, string>> = {
  "=": "<>",
  "<>": "=",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
};

/** One row proves existence; worth saying where the rows are the same for every outer row of every query around. */
function limited(plan: LogicalPlan): LogicalPlan {
  if (freeColumns(plan).size > 0) return plan;
  return { kind: "limit", input: plan, limit: 1, offset: 0, columns: plan.columns };
}

/** Whether a comparison is not false: true where it is true or NULL. */
function trueOrUnknown(comparison: Expr): Expr {
  if (comparison.kind !== "call" || !isNullable(comparison)) return comparison;
  const nullable = comparison.args.filter(isNullable);
  return or([comparison, ...nullable.map((arg) => call("is_null", [arg]))]);
}
