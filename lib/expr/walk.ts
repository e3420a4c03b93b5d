/** Traversal of expression trees: children, rebuilding, the columns an expression reads. Plans inside subqueries are not entered. */
import type { AggregateCall, ColumnExpr, ColumnId, Expr, FrameBound, SortKey, WindowCall } from "./expr.ts";

/** Direct operands, in order. */
export function operandsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "literal":
    case "column":
      return [];
    case "call":
      return expr.args;
    case "cast":
      return [expr.input];
    case "case": {
      const parts = expr.branches.flatMap((branch) => [branch.when, branch.result]);
      return expr.otherwise ? [...parts, expr.otherwise] : parts;
    }
    case "in_list":
      return [expr.input, ...expr.list];
    case "subquery":
      return expr.operands;
  }
}

/** The same expression over mapped operands; the very same object when none of them changed. */
export function mapOperands(expr: Expr, map: (operand: Expr) => Expr): Expr {
  const operands = operandsOf(expr);
  if (operands.length === 0) return expr;
  const mapped = operands.map(map);
  if (mapped.every((operand, i) => operand === operands[i])) return expr;
  switch (expr.kind) {
    case "literal":
    case "column":
      return expr;
    case "call":
      return { ...expr, args: mapped };
    case "cast":
      return { ...expr, input: mapped[0]! };
    case "case": {
      const branches = expr.branches.map((_, i) => ({ when: mapped[2 * i]!, result: mapped[2 * i + 1]! }));
      return { ...expr, branches, ...(expr.otherwise && { otherwise: mapped.at(-1)! }) };
    }
    case "in_list":
      return { ...expr, input: mapped[0]!, list: mapped.slice(1) };
    case "subquery":
      return { ...expr, operands: mapped };
  }
}

/** Rewrites bottom-up: operands first, then the expression itself. */
export function rewriteExpr(expr: Expr, rewrite: (expr: Expr) => Expr): Expr {
  return rewrite(mapOperands(expr, (operand) => rewriteExpr(operand, rewrite)));
}

/** Every subexpression, parents first. */
export function* subexpressions(expr: Expr): Iterable<Expr> {
  yield expr;
  for (const operand of operandsOf(expr)) yield* subexpressions(operand);
}

/** Ids of the columns that the expressions read. */
export function columnIdsOf(...exprs: readonly Expr[]): Set<ColumnId> {
  const ids = new Set<ColumnId>();
  for (const expr of exprs) for (const part of subexpressions(expr)) if (part.kind === "column") ids.add(part.id);
  return ids;
}

/** Replaces column references; a column without a replacement stays. */
export function substitute(expr: Expr, replacement: (column: ColumnExpr) => Expr | undefined): Expr {
  return rewriteExpr(expr, (part) => (part.kind === "column" ? (replacement(part) ?? part) : part));
}

/** Every expression of an aggregate call. */
export function exprsOfAggregate(call: AggregateCall): readonly Expr[] {
  return [...call.args, ...(call.filter ? [call.filter] : []), ...(call.orderBy ?? []).map((key) => key.expr)];
}

export function mapAggregate(call: AggregateCall, map: (expr: Expr) => Expr): AggregateCall {
  return {
    ...call,
    args: call.args.map(map),
    ...(call.filter && { filter: map(call.filter) }),
    ...(call.orderBy && { orderBy: mapSortKeys(call.orderBy, map) }),
  };
}

/** Every expression of a window call. */
export function exprsOfWindowCall({ args, filter, frame }: WindowCall): readonly Expr[] {
  const bounds = [frame.start, frame.end].flatMap((bound) => (bound.kind === "value" ? [bound.value] : []));
  return [...args, ...(filter ? [filter] : []), ...bounds];
}

export function mapWindowCall(call: WindowCall, map: (expr: Expr) => Expr): WindowCall {
  const bound = (of: FrameBound): FrameBound => (of.kind === "value" ? { ...of, value: map(of.value) } : of);
  const { args, filter, frame } = call;
  return {
    ...call,
    args: args.map(map),
    ...(filter && { filter: map(filter) }),
    frame: { ...frame, start: bound(frame.start), end: bound(frame.end) },
  };
}

export function mapSortKeys(keys: readonly SortKey[], map: (expr: Expr) => Expr): readonly SortKey[] {
  return keys.map((key) => ({ ...key, expr: map(key.expr) }));
}

/** Structural equality; spans do not count. */
export function sameExpr(a: Expr, b: Expr): boolean {
  return a === b || exprKey(a) === exprKey(b);
}

/** Keys of expressions, which never change: the optimizer asks for the same ones again and again. */
const keys = new WeakMap<Expr, string>();

/** A text that two expressions share exactly when they are structurally equal. */
export function exprKey(expr: Expr): string {
  let text = keys.get(expr);
  if (text === undefined) {
    text = JSON.stringify(expr, (key, value) =>
      key === "span" || key === "name" || key === "nullable" ? undefined : value,
    );
    keys.set(expr, text);
  }
  return text;
}
