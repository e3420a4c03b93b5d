/** Expressions: names to columns, calls to functions of the registry, everything typed. */
import { types } from "../arrow/types.ts";
import { QueryError, type Span, unsupported } from "../errors.ts";
import { aggregateCall, isAggregate } from "../expr/aggregates.ts";
import * as build from "../expr/build.ts";
import { isNumeric } from "../expr/coercion.ts";
import type { Expr, SortKey } from "../expr/expr.ts";
import { columnIdsOf } from "../expr/walk.ts";
import { findWindowFunction } from "../expr/window-functions.ts";
import type * as ast from "../sql/ast.ts";
import { bindField, bindSubscript } from "./bind-field.ts";
import { bindNumber, bindParameter, intervalFromText, intervalOf } from "./bind-literal.ts";
import { bindExists, bindInQuery, bindQuantified, bindScalarSubquery } from "./bind-subquery.ts";
import { bindWindowCall } from "./bind-window.ts";
import { requireOrder } from "./build.ts";
import type { ExprContext } from "./expr-context.ts";
import { columnRef } from "./plan.ts";

/** @throws QueryError with the span of the part that is at fault */
export function bindExpr(context: ExprContext, expr: ast.SqlExpr): Expr {
  const special = context.special?.(expr);
  if (special) return special;
  const bind = (inner: ast.SqlExpr) => bindExpr(context, inner);
  const { span } = expr;
  switch (expr.kind) {
    case "name":
      return bindName(context, expr);
    case "number":
      return bindNumber(expr.text);
    case "string":
      return build.literal(types.varchar, expr.value);
    case "constant":
      return expr.value === null ? build.nullLiteral() : build.literal(types.boolean, expr.value);
    case "hex":
      return build.literal(types.binary, expr.digits);
    case "parameter":
      return bindParameter(expr, context.binding.parameters);
    case "typed_string":
      return build.cast(build.literal(types.varchar, expr.value), expr.type, { span });
    case "interval":
      return bindInterval(context, expr);
    case "unary":
      return bindUnary(context, expr);
    case "binary":
      return bindBinary(context, expr);
    case "distinct_from": {
      const fn = expr.negated ? "is_not_distinct_from" : "is_distinct_from";
      return build.call(fn, [bind(expr.left), bind(expr.right)], span);
    }
    case "is":
      return bindIs(expr, bind(expr.operand));
    case "between": {
      const between = build.between(bind(expr.operand), bind(expr.low), bind(expr.high), span);
      return expr.negated ? build.not(between) : between;
    }
    case "like":
      return bindLike(context, expr);
    case "in_list":
      return bindInList(context, expr);
    case "in_query":
      return bindInQuery(context, expr, bind);
    case "exists":
      return bindExists(context, expr);
    case "subquery":
      return bindScalarSubquery(context, expr);
    case "quantified":
      return bindQuantified(context, expr, bind);
    case "case":
      return bindCase(context, expr);
    case "cast":
      return build.cast(bind(expr.operand), expr.type, { safe: expr.safe, span });
    case "call":
      return bindCall(context, expr);
    case "field":
      return bindField(bind(expr.operand), expr.name);
    case "subscript":
      return bindSubscript(bind(expr.operand), bind(expr.index), span);
    case "tuple":
      throw unsupported("a row value here", span);
  }
}

/** A condition: boolean, or cast to it. */
export function bindCondition(context: ExprContext, expr: ast.SqlExpr): Expr {
  return build.located(expr.span, () => build.and([bindExpr(context, expr)]));
}

function bindName(context: ExprContext, { parts, span }: ast.NameExpr): Expr {
  const alias = parts.length === 1 ? parts[0]!.text.toLowerCase() : undefined;
  const aliased = alias === undefined ? undefined : context.aliases?.get(alias);
  const found = context.scope.resolve(parts);
  if (found && !(aliased && context.aliasFirst?.(found.column))) {
    return found.fields.reduce(bindField, columnRef(found.column) as Expr);
  }
  if (!aliased) throw context.scope.unknown(parts, context.aliases?.keys());
  // An alias cannot mean itself: within its own expression it is unknown.
  const rest = new Map(context.aliases);
  rest.delete(alias!);
  return build.located(span, () => bindExpr({ ...context, aliases: rest }, aliased));
}

function bindUnary(context: ExprContext, expr: ast.UnaryExpr): Expr {
  const operand = bindExpr(context, expr.operand);
  if (expr.op === "not") return build.call("not", [operand], expr.span);
  if (expr.op === "-") return build.call("neg", [operand], expr.span);
  if (expr.op === "~") return build.call("~", [operand], expr.span);
  if (isNumeric(operand.type) || operand.type.kind === "interval" || operand.type.kind === "null") return operand;
  throw new QueryError("type_mismatch", "unary + needs a number", { span: expr.span });
}

function bindBinary(context: ExprContext, expr: ast.BinaryExpr): Expr {
  if (expr.left.kind === "tuple" || expr.right.kind === "tuple") return bindRowComparison(context, expr);
  if (expr.op === "and" || expr.op === "or") {
    const operands = chain(expr, expr.op).map((operand) => bindCondition(context, operand));
    return build.located(expr.span, () => (expr.op === "and" ? build.and(operands) : build.or(operands)));
  }
  return build.call(expr.op, [bindExpr(context, expr.left), bindExpr(context, expr.right)], expr.span);
}

/** The operands of `a AND b AND c`, without recursion into the long left side. */
function chain(expr: ast.BinaryExpr, op: ast.BinaryOperator): readonly ast.SqlExpr[] {
  const operands: ast.SqlExpr[] = [];
  let left: ast.SqlExpr = expr;
  while (left.kind === "binary" && left.op === op) {
    operands.push(left.right);
    left = left.left;
  }
  return [left, ...operands.reverse()];
}

/** `(a, b) = (c, d)` and `<>`; the other comparisons would compare lexicographically. */
function bindRowComparison(context: ExprContext, { op, left, right, span }: ast.BinaryExpr): Expr {
  if (left.kind !== "tuple" || right.kind !== "tuple") throw unsupported("a row value here", span);
  if (op !== "=" && op !== "<>") throw unsupported(`${op} between row values`, span);
  const equal = rowsEqual(context, left, right);
  return op === "=" ? equal : build.not(equal);
}

function rowsEqual(context: ExprContext, left: ast.TupleExpr, right: ast.TupleExpr): Expr {
  if (left.items.length !== right.items.length) {
    throw new QueryError("type_mismatch", "the rows have different numbers of columns", { span: right.span });
  }
  return build.and(
    left.items.map((item, i) => {
      return build.call("=", [bindExpr(context, item), bindExpr(context, right.items[i]!)], item.span);
    }),
  );
}

function bindInList(context: ExprContext, expr: ast.InListExpr): Expr {
  const { operand, list, span } = expr;
  const bound =
    operand.kind === "tuple"
      ? build.or(
          list.map((item) => {
            if (item.kind === "tuple") return rowsEqual(context, operand, item);
            throw new QueryError("type_mismatch", "a row is compared with a single value", { span: item.span });
          }),
        )
      : build.inList(
          bindExpr(context, operand),
          list.map((item) => bindExpr(context, item)),
          span,
        );
  return expr.negated ? build.not(bound) : bound;
}

function bindIs({ test, negated, span }: ast.IsExpr, operand: Expr): Expr {
  switch (test) {
    case "null":
      return build.call(negated ? "is_not_null" : "is_null", [operand], span);
    case "unknown": {
      const condition = build.located(span, () => build.and([operand]));
      return build.call(negated ? "is_not_null" : "is_null", [condition], span);
    }
    default: {
      const condition = build.located(span, () => build.and([operand]));
      const constant = build.literal(types.boolean, test === "true");
      return build.call(negated ? "is_distinct_from" : "is_not_distinct_from", [condition, constant], span);
    }
  }
}

/** SIMILAR TO and ~ match the whole text with a regular expression, as in DuckDB. */
const likeFunctions: Readonly<Record<ast.LikeExpr["form"], string>> = {
  like: "like",
  ilike: "ilike",
  similar: "regexp_full_match",
  regexp: "regexp_full_match",
  regexp_i: "regexp_full_match",
};

function bindLike(context: ExprContext, expr: ast.LikeExpr): Expr {
  const { form, span } = expr;
  const args = [bindExpr(context, expr.operand), bindExpr(context, expr.pattern)];
  if (form === "regexp_i") args.push(build.literal(types.varchar, "i"));
  if (expr.escape !== undefined) {
    if (form !== "like" && form !== "ilike") throw unsupported("ESCAPE of a regular expression", span);
    args.push(build.literal(types.varchar, expr.escape));
  }
  const name = expr.escape === undefined ? likeFunctions[form] : `${form}_escape`;
  const like = build.call(name, args, span);
  return expr.negated ? build.not(like) : like;
}

function bindCase(context: ExprContext, expr: ast.CaseExpr): Expr {
  const operand = expr.operand && bindExpr(context, expr.operand);
  const branches = expr.branches.map(({ when, result }) => ({
    when: operand ? build.call("=", [operand, bindExpr(context, when)], when.span) : bindCondition(context, when),
    result: bindExpr(context, result),
  }));
  return build.caseWhen(branches, expr.otherwise && bindExpr(context, expr.otherwise), expr.span);
}

function bindInterval(context: ExprContext, { value, unit, span }: ast.IntervalExpr): Expr {
  const text = value.kind === "string" ? value.value.trim() : value.kind === "number" ? value.text : undefined;
  if (unit === undefined) {
    if (text === undefined) throw unsupported("INTERVAL of an expression without a unit", span);
    return intervalFromText(text, span);
  }
  if (text !== undefined && /^[+-]?\d+$/.test(text)) return intervalOf(BigInt(text), unit, span);
  if (text !== undefined) return intervalFromText(`${text} ${unit}`, span);
  return build.call("*", [intervalOf(1n, unit, span), bindExpr(context, value)], span);
}

function bindCall(context: ExprContext, call: ast.CallExpr): Expr {
  const { name, span } = call;
  if (call.over) return bindWindow(context, call);
  if (isAggregate(name)) return bindAggregate(context, call);
  if (findWindowFunction(name)) {
    const hint = `write ${name}(…) OVER (…)`;
    throw new QueryError("invalid_argument", `${name} is a window function and needs OVER`, { span, hint });
  }
  if (call.star) throw new QueryError("syntax", `${name}(*) does not exist`, { span });
  if (name === "unnest")
    throw unsupported(`unnest in ${context.clause}`, span, "write it in FROM: … FROM t, unnest(t.list) u(x)");
  const extra = call.filter ? "FILTER" : call.nulls ? "IGNORE or RESPECT NULLS" : undefined;
  const only = call.distinct ? "DISTINCT" : (extra ?? (call.orderBy.length > 0 ? "ORDER BY" : undefined));
  const args = call.args.map((arg) => bindExpr(context, arg));
  const bound = build.call(name, args, span);
  if (only) {
    throw new QueryError("syntax", `${only} is for aggregate functions, and ${name} is none`, { span });
  }
  return bound;
}

function bindWindow(context: ExprContext, call: ast.CallExpr): Expr {
  const { window, aliasFirst: _, ...rest } = context;
  if (!window) throw misplacedWindow(context, call.span);
  const inner: ExprContext = { ...rest, clause: insideWindow };
  const bind = (expr: ast.SqlExpr) => bindExpr(inner, expr);
  const bound = window(call, (spec) => bindWindowCall(call, spec, bind, (expr) => bindCondition(inner, expr)));
  return bound;
}

const insideWindow = "a window function";

function misplacedWindow(context: ExprContext, span: Span): QueryError {
  if (context.clause === insideWindow) {
    const hint = "compute the inner one in a subquery";
    return new QueryError("invalid_argument", "window functions cannot be nested", { span, hint });
  }
  return new QueryError("invalid_argument", `${context.clause} cannot contain a window function`, {
    span,
    hint: context.clause === "WHERE" ? "conditions on window functions belong in QUALIFY" : "compute it in a subquery",
  });
}

function bindAggregate(context: ExprContext, call: ast.CallExpr): Expr {
  const { name, span } = call;
  const { aggregate } = context;
  if (!aggregate) throw misplaced(context, name, span);
  if (call.star && name !== "count") throw new QueryError("syntax", `${name}(*) does not exist`, { span });
  if (call.star && call.distinct) throw unsupported("count(DISTINCT *)", span);
  if (call.nulls) throw unsupported("IGNORE or RESPECT NULLS of an aggregate function", span);
  const { aggregate: _, aliasFirst: __, window: ___, ...inner } = { ...context, clause: insideAggregate };
  const args = call.args.map((arg) => bindExpr(inner, arg));
  const filter = call.filter && bindCondition(inner, call.filter);
  const orderBy = call.orderBy.map((item) => bindSortKey(inner, item));
  const exprs = [...args, ...(filter ? [filter] : []), ...orderBy.map((key) => key.expr)];
  refuseOuter(context, exprs, span);
  return aggregate(aggregateCall(name, args, { distinct: call.distinct, ...(filter && { filter }), orderBy, span }));
}

const insideAggregate = "an aggregate function";

function misplaced(context: ExprContext, name: string, span: Span): QueryError {
  if (context.clause === insideAggregate) {
    return new QueryError("invalid_argument", "aggregate functions cannot be nested", {
      span,
      hint: "compute the inner one in a subquery",
    });
  }
  return new QueryError("invalid_argument", `${context.clause} cannot contain the aggregate function ${name}`, {
    span,
    ...(context.clause === "WHERE" && { hint: "conditions on groups belong in HAVING" }),
  });
}

/** An aggregate over columns of an outer query alone would belong to that query. */
function refuseOuter(context: ExprContext, exprs: readonly Expr[], span: Span): void {
  const ids = columnIdsOf(...exprs);
  if (ids.size === 0 || context.scope.columns.some(({ column }) => ids.has(column.id))) return;
  throw unsupported("an aggregate function over columns of an outer query", span);
}

export function bindSortKey(context: ExprContext, item: ast.OrderItem): SortKey {
  const expr = bindExpr(context, item.expr);
  requireOrder(expr.type, item.expr.span);
  return { expr, descending: item.descending, nullsFirst: item.nullsFirst };
}
