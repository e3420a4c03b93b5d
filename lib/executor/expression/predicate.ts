/** Conditions compiled to selections: conjunctions refine one, disjunctions unite several; only TRUE passes. */
import { physicalKind } from "../../arrow/types.ts";
import type { Batch } from "../../arrow/vector.ts";
import type { Column, Expr } from "../../expr/expr.ts";
import { operandsOf, subexpressions } from "../../expr/walk.ts";
import type { TaskContext } from "../operator/operator.ts";
import { testedOf } from "./column-test.ts";
import { columnIndex, compileBranch, compileOverValues, onlyColumn } from "./compile-node.ts";
import { DictionaryEvaluator } from "./dictionary-node.ts";
import { mayFail } from "./failure.ts";
import { type ColumnTest, intersect, type Range, RangeTest, rangeOf } from "./range-test.ts";
import type { RowSet } from "./row-set.ts";
import { Rows } from "./rows.ts";
import { Scope } from "./scope.ts";
import { AndStep, ColumnStep, ConstantStep, NodeStep, OrStep, type SelectStep } from "./select-steps.ts";
import { isStrict } from "./strictness.ts";

export interface Predicate {
  /** The rows for which the condition is TRUE; `ids` 0: the first `count` (all, or none when count is 0). */
  select(batch: Batch): RowSet;
  close(): void;
}

/** @param inputColumns the columns of the batches, by position */
export function compilePredicate(
  expr: Expr,
  inputColumns: readonly Column[],
  context: Pick<TaskContext, "memory">,
): Predicate {
  const scope = new Scope(context.memory, inputColumns, true);
  const step = scope.own(compileStep(expr, scope));
  return {
    select: (batch) => step.select(new Rows(batch.columns, batch.length), { ids: 0, count: batch.length }),
    close: () => scope.close(),
  };
}

function compileStep(expr: Expr, scope: Scope): SelectStep {
  if (expr.kind === "literal") return new ConstantStep(expr.value === true);
  if (expr.kind === "call" && expr.fn === "and") return compileAnd(conjuncts(expr), scope);
  const column = onlyColumn(expr);
  if (column !== undefined && expr.kind !== "column") {
    return columnStep(expr, columnTest(expr, scope), scope);
  }
  return rowsStep(expr, scope);
}

/** The condition over rows, whatever their columns are. */
function rowsStep(expr: Expr, scope: Scope): SelectStep {
  if (expr.kind === "call" && expr.fn === "or") {
    return new OrStep(
      scope.memory,
      expr.args.map((part) => compileStep(part, scope)),
    );
  }
  return new NodeStep(scope.memory, compileBranch(expr, scope), costOf(expr), mayFail(expr));
}

function conjuncts(expr: Expr): readonly Expr[] {
  return expr.kind === "call" && expr.fn === "and" ? expr.args.flatMap(conjuncts) : [expr];
}

/** Ranges of one column meet in one test. */
function compileAnd(parts: readonly Expr[], scope: Scope): SelectStep {
  const ranges: { range: Range; parts: Expr[] }[] = [];
  const others: Expr[] = [];
  for (const part of parts) {
    const range = rangeOf(part);
    if (range?.input.kind !== "column") {
      others.push(part);
      continue;
    }
    const met = ranges.map((entry) => ({ entry, both: intersect(entry.range, range) })).find(({ both }) => both);
    if (met) {
      met.entry.range = met.both!;
      met.entry.parts.push(part);
    } else ranges.push({ range, parts: [part] });
  }
  const steps = ranges.map(({ range, parts: [first, ...rest] }) => {
    const both: Expr =
      rest.length === 0 ? first! : { kind: "call", fn: "and", args: [first!, ...rest], type: first!.type };
    return columnStep(both, new RangeTest(scope.memory, range), scope);
  });
  steps.push(...others.map((part) => compileStep(part, scope)));
  return steps.length === 1 ? steps[0]! : new AndStep(steps);
}

function columnStep(expr: Expr, test: ColumnTest | undefined, scope: Scope): SelectStep {
  const column = onlyColumn(expr)!;
  const parts = {
    column: columnIndex(scope, column),
    evaluator: new DictionaryEvaluator(() => compileOverValues(expr, column, scope)),
    strict: isStrict(expr),
    test,
    otherwise: rowsStep(expr, scope),
  };
  return new ColumnStep(scope.memory, parts, costOf(expr));
}

/** Over the bare column: its values, or with `negate` of a NOT, are all the test looks at. */
function columnTest(expr: Expr, { memory }: Scope): ColumnTest | undefined {
  const tested = testedOf(expr);
  return tested?.input.kind === "column" ? tested.make(memory, false) : undefined;
}

/** Rough cost per row: strings and functions are dear. */
function costOf(expr: Expr): number {
  let cost = 0;
  for (const part of subexpressions(expr)) {
    if (part.kind === "literal" || part.kind === "column") continue;
    const views = [part, ...operandsOf(part)].filter(({ type }) => physicalKind(type) === "view").length;
    cost += 1 + views * 3;
  }
  return cost;
}
