/** Expression tree → nodes: kernels where there are some, the reference implementation of the function elsewhere. */
import { QueryError, unsupported } from "../../errors.ts";
import { applyCast, applyFunction, newEvaluationContext } from "../../expr/evaluate.ts";
import type { CallExpr, CaseExpr, CastExpr, ColumnId, Expr, InListExpr } from "../../expr/expr.ts";
import { findFunction } from "../../expr/functions/registry.ts";
import { isDeterministic } from "../../expr/properties.ts";
import { valueOfLiteral } from "../../expr/value.ts";
import { columnIdsOf } from "../../expr/walk.ts";
import { arithmeticNode } from "./arithmetic.ts";
import { Branch } from "./branch.ts";
import { BlendCaseNode, CoalesceNode, LazyCaseNode } from "./case-node.ts";
import { castKernelNode } from "./cast-node.ts";
import { testedOf } from "./column-test.ts";
import { comparisonNode } from "./comparison-nodes.ts";
import { dateNode } from "./date-nodes.ts";
import { DictionaryNode } from "./dictionary-node.ts";
import { mayFail } from "./failure.ts";
import { FallbackNode } from "./fallback-node.ts";
import { FirstThatWorks } from "./first-that-works.ts";
import { ColumnNode, ConstantNode } from "./leaf-nodes.ts";
import { JunctionNode, NotNode, TestNode } from "./logic-nodes.ts";
import { mathNode } from "./math-nodes.ts";
import type { ExpressionNode } from "./node.ts";
import { Scope } from "./scope.ts";
import { isStrict } from "./strictness.ts";
import { ConcatenationNode, textNode } from "./string-nodes.ts";
import { TestedNode } from "./tested-node.ts";

export function compileNode(expr: Expr, scope: Scope): ExpressionNode {
  const { memory, plain } = scope;
  if (expr.kind === "literal") {
    return plain.share(expr, () => new ConstantNode(memory, expr.type, valueOfLiteral(expr.type, expr.value)));
  }
  if (expr.kind === "column") {
    return plain.share(expr, () => new ColumnNode(memory, expr.type, columnIndex(scope, expr.id)));
  }
  const column = scope.dictionaries ? onlyColumn(expr) : undefined;
  if (column === undefined) return scope.share(expr, () => build(expr, scope));
  return scope.share(expr, () => {
    const compile = () => compileOverValues(expr, column, scope);
    return new DictionaryNode(memory, columnIndex(scope, column), compileNode(expr, plain), isStrict(expr), compile);
  });
}

/** The expression over a batch whose one column holds a dictionary's values. */
export function compileOverValues(expr: Expr, column: ColumnId, scope: Scope): ExpressionNode {
  const columns = scope.columns.filter(({ id }) => id === column);
  return compileNode(expr, scope.own(new Scope(scope.memory, columns, false)));
}

/** A part that is to run for some rows only, with registers of its own. */
export function compileBranch(expr: Expr, scope: Scope): Branch {
  const inner = scope.own(new Scope(scope.memory, scope.columns, scope.dictionaries));
  const used = [...columnIdsOf(expr)].map((id) => columnIndex(scope, id));
  return new Branch(scope.memory, compileNode(expr, inner), used);
}

/** The one column that the value depends on, and on nothing else. */
export function onlyColumn(expr: Expr): ColumnId | undefined {
  const [first, ...others] = columnIdsOf(expr);
  return others.length === 0 && isDeterministic(expr) ? first : undefined;
}

export function columnIndex(scope: Scope, id: ColumnId): number {
  const index = scope.columns.findIndex((column) => column.id === id);
  if (index < 0) throw new QueryError("internal", `column ${id} is not among the input's columns`);
  return index;
}

function build(expr: Expr, scope: Scope): ExpressionNode {
  switch (expr.kind) {
    case "literal":
    case "column":
      return compileNode(expr, scope);
    case "call":
      return buildCall(expr, scope);
    case "cast":
      return buildCast(expr, scope);
    case "case":
      return buildCase(expr, scope);
    case "in_list":
      return buildInList(expr, scope);
    case "subquery":
      throw unsupported("a subquery in this place", expr.span);
  }
}

function buildCall(expr: CallExpr, scope: Scope): ExpressionNode {
  const { memory } = scope;
  const arg = (index: number) => compileNode(expr.args[index]!, scope);
  switch (expr.fn) {
    case "and":
    case "or": {
      const args = expr.args.map((part, i) =>
        i > 0 && mayFail(part) ? compileBranch(part, scope) : compileNode(part, scope),
      );
      return new JunctionNode(memory, expr.fn, args);
    }
    case "not":
      return new NotNode(memory, arg(0));
    case "is_null":
      return new TestNode(memory, arg(0), null, false);
    case "is_not_null":
      return new TestNode(memory, arg(0), null, true);
    case "is_true":
      return new TestNode(memory, arg(0), true, false);
    case "is_not_true":
      return new TestNode(memory, arg(0), true, true);
    case "is_false":
      return new TestNode(memory, arg(0), false, false);
    case "is_not_false":
      return new TestNode(memory, arg(0), false, true);
    case "coalesce":
      return new CoalesceNode(
        memory,
        expr.type,
        expr.args.map((part) => compileBranch(part, scope)),
      );
  }
  const args = expr.args.map((part) => compileNode(part, scope));
  if (expr.fn === "greatest" || expr.fn === "least") return buildExtreme(expr, args, scope);
  if (expr.fn === "concat") return buildConcat(expr, args, scope);
  const sure = arithmeticNode(memory, expr, args) ?? comparisonNode(memory, expr.fn, args);
  if (sure) return sure;
  const tested = testedNode(expr, scope);
  if (tested) return tested;
  const fallback = callFallback(expr, args, scope);
  const fast = textNode(memory, expr, args) ?? dateNode(memory, expr, args) ?? mathNode(memory, expr, args);
  return fast ? new FirstThatWorks(memory, scope.own(fast), scope.own(fallback), args) : fallback;
}

/** Folds from the left: the next argument is taken where it is beyond the best so far, or there is none so far. */
function buildExtreme(expr: CallExpr, args: readonly ExpressionNode[], scope: Scope): ExpressionNode {
  const { memory } = scope;
  const beyond = expr.fn === "greatest" ? ">" : "<";
  let best = args[0]!;
  for (const next of args.slice(1)) {
    const comparison = comparisonNode(memory, beyond, [next, best]);
    if (!comparison) return callFallback(expr, args, scope);
    const absent = scope.own(new TestNode(memory, best, null, false));
    const when = scope.own(new JunctionNode(memory, "or", [absent, scope.own(comparison)]));
    best = scope.own(new BlendCaseNode(memory, expr.type, [{ when, result: next }], best));
  }
  return best;
}

/** a || b || …, where NULL counts as empty text. */
function buildConcat({ type }: CallExpr, args: readonly ExpressionNode[], scope: Scope): ExpressionNode {
  const { memory } = scope;
  const empty = compileNode({ kind: "literal", type, value: "" }, scope);
  const parts = args.map((arg): ExpressionNode => {
    const when = scope.own(new TestNode(memory, arg, null, true));
    return scope.own(new BlendCaseNode(memory, type, [{ when, result: arg }], empty));
  });
  return parts.reduce((joined, part) => scope.own(new ConcatenationNode(memory, type, [joined, part])));
}

function callFallback(expr: CallExpr, args: readonly ExpressionNode[], { memory }: Scope): ExpressionNode {
  const context = newEvaluationContext();
  const strict = findFunction(expr.fn)?.nullPropagating !== false;
  return new FallbackNode(memory, expr.type, args, (values) => applyFunction(expr, values, context), strict);
}

function buildCast(expr: CastExpr, scope: Scope): ExpressionNode {
  const { memory } = scope;
  const input = compileNode(expr.input, scope);
  const fallback = new FallbackNode(memory, expr.type, [input], ([value]) => applyCast(expr, value!), true);
  const fast = castKernelNode(scope, input, expr.type);
  return fast ? new FirstThatWorks(memory, fast, scope.own(fallback), [input]) : fallback;
}

/** LIKE and IN with constants. */
function testedNode(expr: Expr, scope: Scope): ExpressionNode | undefined {
  const tested = testedOf(expr);
  return tested && new TestedNode(scope.memory, compileNode(tested.input, scope), tested.make(scope.memory, false));
}

function buildCase(expr: CaseExpr, scope: Scope): ExpressionNode {
  const { memory } = scope;
  const parts = [
    ...expr.branches.flatMap(({ when, result }) => [when, result]),
    ...(expr.otherwise ? [expr.otherwise] : []),
  ];
  if (parts.every((part) => isCheap(part) && !mayFail(part))) {
    const otherwise: Expr = expr.otherwise ?? { kind: "literal", type: expr.type, value: null };
    const branches = expr.branches.map(({ when, result }) => ({
      when: compileNode(when, scope),
      result: compileNode(result, scope),
    }));
    return new BlendCaseNode(memory, expr.type, branches, compileNode(otherwise, scope));
  }
  const branches = expr.branches.map(({ when, result }) => ({
    when: compileBranch(when, scope),
    result: compileBranch(result, scope),
  }));
  return new LazyCaseNode(memory, expr.type, branches, expr.otherwise && compileBranch(expr.otherwise, scope));
}

const cheapFunctions: ReadonlySet<string> = new Set(
  "and or not is_null is_not_null = <> < <= > >= is_distinct_from is_not_distinct_from + - * neg like".split(" "),
);

/** Whether running it for rows that do not need it costs less than sorting out those that do. */
function isCheap(expr: Expr): boolean {
  switch (expr.kind) {
    case "literal":
    case "column":
      return true;
    case "call":
      return cheapFunctions.has(expr.fn) && expr.args.every(isCheap);
    case "in_list":
      return [expr.input, ...expr.list].every(isCheap);
    case "case":
      return [
        ...expr.branches.flatMap(({ when, result }) => [when, result]),
        ...(expr.otherwise ? [expr.otherwise] : []),
      ].every(isCheap);
    default:
      return false;
  }
}

/** x IN (a, b, …) as x = a OR x = b OR …, which is its definition, also for NULL. */
function buildInList(expr: InListExpr, scope: Scope): ExpressionNode {
  const tested = testedNode(expr, scope);
  if (tested) return tested;
  const equal = (item: Expr): Expr => ({ kind: "call", fn: "=", args: [expr.input, item], type: expr.type });
  return compileNode({ kind: "call", fn: "or", args: expr.list.map(equal), type: expr.type }, scope);
}
