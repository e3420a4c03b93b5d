/** Window functions: the calls that SELECT, QUALIFY and ORDER BY ask for, and the nodes that compute them. */

import { sameType, types } from "../arrow/types.ts";
import { QueryError, type Span, unsupported } from "../errors.ts";
import { call as callOf, cast, located } from "../expr/build.ts";
import { isFloat, isInteger, isNumeric } from "../expr/coercion.ts";
import type { Column, Expr, FrameBound, SortKey, WindowCall, WindowFrame } from "../expr/expr.ts";
import { foldConstants } from "../expr/fold.ts";
import { exprKey, mapSortKeys, mapWindowCall } from "../expr/walk.ts";
import { hasFrame, isWindowCallNullable, windowCall } from "../expr/window-functions.ts";
import type * as ast from "../sql/ast.ts";
import type { Binding } from "./binding.ts";
import { windowPlan } from "./build.ts";
import type { BoundWindowCall, ExprContext, WindowOfCall } from "./expr-context.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";
import { near } from "./scope.ts";

/** A call with the window it is over. */
interface WindowUse {
  readonly call: Omit<WindowCall, "orderKeys">;
  readonly window: WindowOfCall;
  readonly column: Column;
  /** Where it came from, for the places of errors. */
  readonly sql: ast.CallExpr;
}

/** A node in the making: calls whose partitions are the same and whose order is a prefix of the node's. */
interface WindowNode {
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortKey[];
  readonly uses: WindowUse[];
}

/** The window functions of one SELECT. */
export class Windows {
  /** Counts every use, repeated ones too. */
  used = 0;
  readonly #binding: Binding;
  readonly #uses = new Map<string, WindowUse>();
  readonly #named: ReadonlyMap<string, ast.WindowSpec>;

  /** @param named the WINDOW clause */
  constructor(binding: Binding, named: readonly ast.NamedWindow[]) {
    this.#binding = binding;
    this.#named = namedWindows(named);
  }

  /** The context of a clause in which window functions may stand. */
  context(base: ExprContext): ExprContext {
    return {
      ...base,
      window: (sql, bind) => {
        this.used++;
        const spec = windowOf(sql.over!, this.#named);
        return this.#add(sql, bind(spec));
      },
    };
  }

  #add(sql: ast.CallExpr, { call, window }: BoundWindowCall): Expr {
    const key = JSON.stringify([call, window], (name, value) =>
      name === "span" || name === "name" || name === "nullable" ? undefined : value,
    );
    let use = this.#uses.get(key);
    if (!use) {
      const column = this.#binding.ids.column(call.fn, call.type, isWindowCallNullable(call));
      use = { call, window, column, sql };
      this.#uses.set(key, use);
    }
    return columnRef(use.column);
  }

  /**
   * The input with a column per window function.
   * @param final turns an expression of the SELECT into one over the input
   */
  plan(input: LogicalPlan, final: (expr: Expr, sql: unknown) => Expr): LogicalPlan {
    const uses = [...this.#uses.values()].map((use): WindowUse => {
      const over = (expr: Expr) => final(expr, use.sql);
      const { partitionBy, orderBy } = use.window;
      const window = { partitionBy: partitionBy.map(over), orderBy: mapSortKeys(orderBy, over) };
      return { ...use, window, call: mapWindowCall({ ...use.call, orderKeys: 0 }, over) };
    });
    let plan = input;
    for (const { partitionBy, orderBy, uses: own } of nodesOf(uses)) {
      const functions = own.map(({ call, window }): WindowCall => ({ ...call, orderKeys: window.orderBy.length }));
      const columns = own.map(({ column }) => column);
      plan = windowPlan(plan, { partitionBy, orderBy, functions }, columns);
    }
    return plan;
  }
}

/**
 * Calls that can share a sort share a node. Coarse partitions go first: what is spread by them suits finer ones too.
 * Those without partitions come last, for they bring all rows to one place.
 */
function nodesOf(uses: readonly WindowUse[]): readonly WindowNode[] {
  const nodes: (WindowNode & { readonly keys: string; readonly order: readonly string[] })[] = [];
  for (const use of uses.toSorted((a, b) => b.window.orderBy.length - a.window.orderBy.length)) {
    const { partitionBy, orderBy } = use.window;
    const distinct = partitionBy.filter(
      (key, i) => partitionBy.findIndex((other) => exprKey(other) === exprKey(key)) === i,
    );
    const keys = distinct.map(exprKey).toSorted().join();
    const order = orderBy.map((key) => `${key.descending} ${key.nullsFirst} ${exprKey(key.expr)}`);
    const known = nodes.find((node) => node.keys === keys && order.every((key, i) => key === node.order[i]));
    if (known) known.uses.push(use);
    else nodes.push({ partitionBy: distinct, orderBy, uses: [use], keys, order });
  }
  const rank = ({ partitionBy }: WindowNode) => partitionBy.length || Number.POSITIVE_INFINITY;
  return nodes.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

function namedWindows(named: readonly ast.NamedWindow[]): ReadonlyMap<string, ast.WindowSpec> {
  const windows = new Map<string, ast.WindowSpec>();
  for (const { name, window } of named) {
    const key = name.text.toLowerCase();
    if (windows.has(key)) throw new QueryError("duplicate", `WINDOW names ${name.text} twice`, { span: name.span });
    windows.set(key, windowOf(window, windows));
  }
  return windows;
}

/** A window written out, its base included. */
function windowOf(ref: ast.WindowRef, named: ReadonlyMap<string, ast.WindowSpec>): ast.WindowSpec {
  if (ref.kind === "name") return requireWindow(ref.name, named);
  if (!ref.base) return ref;
  const base = requireWindow(ref.base, named);
  const fault = (what: string) =>
    new QueryError("invalid_argument", `the window cannot ${what} of ${ref.base!.text}`, { span: ref.base!.span });
  if (ref.partitionBy.length > 0) throw fault("replace the PARTITION BY");
  if (ref.orderBy.length > 0 && base.orderBy.length > 0) throw fault("replace the ORDER BY");
  if (base.frame) throw fault("build on the frame");
  const { partitionBy } = base;
  return { ...ref, partitionBy, orderBy: ref.orderBy.length > 0 ? ref.orderBy : base.orderBy };
}

function requireWindow(name: ast.Name, named: ReadonlyMap<string, ast.WindowSpec>): ast.WindowSpec {
  const found = named.get(name.text.toLowerCase());
  if (found) return found;
  throw new QueryError("invalid_argument", `there is no window ${name.text} in the WINDOW clause before this`, {
    span: name.span,
    ...near(name.text, named.keys()),
  });
}

type Bind = (expr: ast.SqlExpr) => Expr;

/** Binds a call and its window; the binders are those of the expressions inside. */
export function bindWindowCall(
  sql: ast.CallExpr,
  spec: ast.WindowSpec,
  bind: Bind,
  bindCondition: Bind,
): BoundWindowCall {
  const { name, span } = sql;
  if (sql.distinct) throw unsupported(`DISTINCT in the window function ${name}`, span);
  if (sql.orderBy.length > 0) throw unsupported(`ORDER BY in the arguments of the window function ${name}`, span);
  if (sql.star && name !== "count") throw new QueryError("syntax", `${name}(*) does not exist`, { span });
  const filter = sql.filter && bindCondition(sql.filter);
  const args = sql.args.map(bind);
  const resolved = windowCall(name, args, { ...(filter && { filter }), ignoreNulls: sql.nulls === "ignore", span });
  const partitionBy = spec.partitionBy.map(bind);
  const orderBy = spec.orderBy.map((item): SortKey => {
    return { expr: bind(item.expr), descending: item.descending, nullsFirst: item.nullsFirst };
  });
  const framed = hasFrame(resolved.fn) ? bindFrame(spec, orderBy, bind) : { frame: wholePartition, orderBy };
  return { call: { ...resolved, frame: framed.frame, span }, window: { partitionBy, orderBy: framed.orderBy } };
}

const wholePartition: WindowFrame = {
  unit: "rows",
  start: { kind: "unbounded_preceding" },
  end: { kind: "unbounded_following" },
};

/** The frame, and the order it is over: keys may need another type to be compared with the frame's bounds. */
function bindFrame(
  spec: ast.WindowSpec,
  orderBy: readonly SortKey[],
  bind: Bind,
): { frame: WindowFrame; orderBy: readonly SortKey[] } {
  const { frame } = spec;
  if (!frame) {
    // Up to the last peer; without ORDER BY all rows are peers.
    if (orderBy.length === 0) return { frame: wholePartition, orderBy };
    const end = { kind: "current_row" } as const;
    return { frame: { unit: "range", start: { kind: "unbounded_preceding" }, end }, orderBy };
  }
  const { unit, exclude } = frame;
  const rest = { unit, ...(exclude && { exclude }) };
  const offsets = [frame.start, frame.end].filter((bound) => "offset" in bound);
  if (unit !== "range" || offsets.length === 0) {
    const start = countedBound(frame.start, bind);
    const end = countedBound(frame.end, bind);
    if (orderBy.length > 0 || unit === "rows") return { frame: { ...rest, start, end }, orderBy };
    if (offsets.length > 0) throw new QueryError("invalid_argument", "GROUPS needs an ORDER BY", { span: spec.span });
    const { exclude: excluded } = rest;
    return { frame: { ...wholePartition, ...(excluded && { exclude: excluded, unit }) }, orderBy };
  }
  const [key] = orderBy;
  if (!key || orderBy.length > 1) {
    const message = "RANGE with an offset needs an ORDER BY of one expression";
    throw new QueryError("invalid_argument", message, { span: spec.span });
  }
  const bounds = [frame.start, frame.end].map((bound) => rangeBound(bound, key, bind));
  const type = bounds.find(({ type }) => type)!.type!;
  const cast = (value: Expr) => castKey(value, type, spec.span);
  const [start, end] = bounds.map(({ bound }) =>
    bound.kind === "value" ? { ...bound, value: cast(bound.value) } : bound,
  );
  return { frame: { ...rest, start: start!, end: end! }, orderBy: [{ ...key, expr: cast(key.expr) }] };
}

function castKey(value: Expr, type: Expr["type"], span: Span): Expr {
  return cast(value, type, { span });
}

/** A bound of so many rows or groups. */
function countedBound(bound: ast.FrameBound, bind: Bind): FrameBound {
  if (!("offset" in bound)) return { kind: bound.kind };
  const { span } = bound.offset;
  const value = foldConstants(bind(bound.offset));
  if (value.kind !== "literal") throw unsupported("a frame offset that is no constant", span);
  const offset = value.value !== null && isInteger(value.type) ? Number(value.value) : Number.NaN;
  if (offset >= 0) return { kind: bound.kind, offset: Math.min(offset, Number.MAX_SAFE_INTEGER) };
  throw new QueryError("invalid_argument", "a frame offset must be a whole number that is not negative", { span });
}

/** A bound so far from the sort key, and the type in which the two are compared. */
function rangeBound(bound: ast.FrameBound, key: SortKey, bind: Bind): { bound: FrameBound; type?: Expr["type"] } {
  if (!("offset" in bound)) return { bound: { kind: bound.kind } };
  const { span } = bound.offset;
  const offset = foldConstants(bind(bound.offset));
  if (offset.kind !== "literal") throw unsupported("a frame offset that is no constant", span);
  if (offset.value === null || isNegative(offset.value)) {
    throw new QueryError("invalid_argument", "a frame offset must not be negative or NULL", { span });
  }
  const backward = (bound.kind === "preceding") !== key.descending;
  // Small integers are wide enough as BIGINT for any sum.
  const wide = (expr: Expr) => (isInteger(expr.type) ? cast(expr, types.int64) : expr);
  const value = located(span, () => callOf(backward ? "-" : "+", [wide(key.expr), wide(offset)], span));
  const comparable = sameType(value.type, key.expr.type) || (isNumeric(value.type) && isNumeric(key.expr.type));
  const type = value.type;
  if (!comparable && type.kind !== "timestamp" && type.kind !== "date") {
    throw new QueryError("type_mismatch", "the frame's offset does not suit the ORDER BY", { span });
  }
  return { bound: { kind: "value", value }, type: isFloat(type) ? types.float64 : type };
}

function isNegative(value: NonNullable<unknown>): boolean {
  if (typeof value === "number") return value < 0;
  if (typeof value === "string") return value.startsWith("-");
  if (typeof value !== "object") return false;
  const { months, days, micros } = value as { months: number; days: number; micros: string };
  return (BigInt(months) * 30n + BigInt(days)) * 86_400_000_000n + BigInt(micros) < 0n;
}
