/**
 * Operator precedence, as in PostgreSQL and DuckDB. The parser library groups a few mixes otherwise (`||` with `+`, `LIKE`
 * with `=`, and everything behind `IS DISTINCT FROM`), so operators are regrouped as the tree is built: an operand without
 * parentheses that binds less tightly than its place gives way.
 */

import type { BinaryOperator, SqlExpr } from "./ast.ts";
import { joinSpans } from "./source.ts";

const binaryLevels: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  "=": 5,
  "<>": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "||": 7,
  "->": 7,
  "->>": 7,
  "&": 7,
  "|": 7,
  "<<": 7,
  ">>": 7,
  "+": 8,
  "-": 8,
  "*": 9,
  "/": 9,
  "//": 9,
  "%": 9,
  "^": 10,
};
const notLevel = 3;
const isLevel = 4;
const predicateLevel = 6;
const atomLevel = 20;

function levelOf(expr: SqlExpr): number {
  switch (expr.kind) {
    case "binary":
      return binaryLevels[expr.op];
    case "unary":
      return expr.op === "not" ? notLevel : atomLevel;
    case "is":
    case "distinct_from":
      return isLevel;
    case "in_list":
    case "in_query":
    case "between":
    case "like":
      return predicateLevel;
    default:
      return atomLevel;
  }
}

/** Builds operator nodes, grouped right; one for each statement. */
export class Grouping {
  readonly #closed = new WeakSet<SqlExpr>();

  /** Marks an expression in parentheses: it is never regrouped. */
  close(expr: SqlExpr): SqlExpr {
    this.#closed.add(expr);
    return expr;
  }

  binary(op: BinaryOperator, left: SqlExpr, right: SqlExpr): SqlExpr {
    const level = binaryLevels[op];
    return this.#infix(level, left, right, (a, b) => ({ kind: "binary", op, left: a, right: b, span: around(a, b) }));
  }

  distinctFrom(negated: boolean, left: SqlExpr, right: SqlExpr): SqlExpr {
    return this.#infix(isLevel, left, right, (a, b) => {
      return { kind: "distinct_from", negated, left: a, right: b, span: around(a, b) };
    });
  }

  /** LIKE and its kin: `build` makes the node of operand and pattern. */
  like(operand: SqlExpr, pattern: SqlExpr, build: (operand: SqlExpr, pattern: SqlExpr) => SqlExpr): SqlExpr {
    return this.#infix(predicateLevel, operand, pattern, build);
  }

  /** IN and BETWEEN: `build` makes the node of its operand. */
  predicate(operand: SqlExpr, build: (operand: SqlExpr) => SqlExpr): SqlExpr {
    return this.#postfix(predicateLevel, operand, build);
  }

  is(operand: SqlExpr, build: (operand: SqlExpr) => SqlExpr): SqlExpr {
    return this.#postfix(isLevel, operand, build);
  }

  not(operand: SqlExpr, build: (operand: SqlExpr) => SqlExpr): SqlExpr {
    return this.#prefix(notLevel, operand, build);
  }

  #infix(level: number, left: SqlExpr, right: SqlExpr, build: (a: SqlExpr, b: SqlExpr) => SqlExpr): SqlExpr {
    const last = this.#gives(left, level) ? lastOperand(left) : undefined;
    if (last) return this.#withLast(left, this.#infix(level, last, right, build));
    return this.#prefix(level + 1, right, (first) => build(left, first));
  }

  /** Lets `build` take only the first operand of something that binds less tightly. */
  #prefix(level: number, operand: SqlExpr, build: (operand: SqlExpr) => SqlExpr): SqlExpr {
    const regrouped = this.#gives(operand, level) && mapFirst(operand, (first) => this.#prefix(level, first, build));
    return regrouped || build(operand);
  }

  #postfix(level: number, operand: SqlExpr, build: (operand: SqlExpr) => SqlExpr): SqlExpr {
    const last = this.#gives(operand, level) ? lastOperand(operand) : undefined;
    return last ? this.#withLast(operand, this.#postfix(level, last, build)) : build(operand);
  }

  /** The expression with another rightmost operand, grouped anew: that may bind less tightly than the old one. */
  #withLast(expr: SqlExpr, last: SqlExpr): SqlExpr {
    switch (expr.kind) {
      case "binary":
        return this.binary(expr.op, expr.left, last);
      case "distinct_from":
        return this.distinctFrom(expr.negated, expr.left, last);
      case "unary":
        return this.not(last, (operand) => ({ ...expr, operand, span: around(expr, operand) }));
      default:
        return expr;
    }
  }

  #gives(expr: SqlExpr, level: number): boolean {
    return !this.#closed.has(expr) && levelOf(expr) < level;
  }
}

function around(a: SqlExpr, b: SqlExpr) {
  return joinSpans(a.span, b.span)!;
}

/** The expression with its leftmost operand replaced; undefined when it starts with something else. */
function mapFirst(expr: SqlExpr, map: (first: SqlExpr) => SqlExpr): SqlExpr | undefined {
  switch (expr.kind) {
    case "binary":
    case "distinct_from": {
      const left = map(expr.left);
      return { ...expr, left, span: around(left, expr.right) };
    }
    case "is":
    case "in_list":
    case "in_query":
    case "between":
    case "like": {
      const operand = map(expr.operand);
      return { ...expr, operand, span: around(operand, expr) };
    }
    default:
      return undefined;
  }
}

/** The operand that an expression ends with; undefined when it ends with something else. */
function lastOperand(expr: SqlExpr): SqlExpr | undefined {
  if (expr.kind === "binary" || expr.kind === "distinct_from") return expr.right;
  return expr.kind === "unary" && expr.op === "not" ? expr.operand : undefined;
}
