/** Conditions that follow from equalities: a = b and a < 5 give b < 5. */
import { sameType } from "../arrow/types.ts";
import { and, conjuncts, or } from "../expr/build.ts";
import type { ColumnExpr, ColumnId, Expr } from "../expr/expr.ts";
import { canFail, isDeterministic } from "../expr/properties.ts";
import { columnIdsOf, exprKey, substitute } from "../expr/walk.ts";

/** Sets of columns that conditions make equal. */
export class EqualColumns {
  readonly #classOf = new Map<ColumnId, ColumnExpr[]>();

  add(a: ColumnExpr, b: ColumnExpr): void {
    const left = this.#classOf.get(a.id) ?? [a];
    const right = this.#classOf.get(b.id) ?? [b];
    if (left === right) return;
    const merged = [...left, ...right.filter(({ id }) => !left.some((column) => column.id === id))];
    for (const column of merged) this.#classOf.set(column.id, merged);
  }

  /** The other columns that equal this one. */
  partners(id: ColumnId): readonly ColumnExpr[] {
    return (this.#classOf.get(id) ?? []).filter((column) => column.id !== id);
  }

  /** Each class of at least two columns, once. */
  classes(): readonly (readonly ColumnExpr[])[] {
    return [...new Set(this.#classOf.values())];
  }
}

/** `a = b` between two columns of one type. */
export function columnEquality(expr: Expr): readonly [ColumnExpr, ColumnExpr] | undefined {
  if (expr.kind !== "call" || expr.fn !== "=") return undefined;
  const [a, b] = expr.args;
  return a?.kind === "column" && b?.kind === "column" && sameType(a.type, b.type) ? [a, b] : undefined;
}

/** The conditions and what follows from them for single columns. */
export function withImplied(conditions: readonly Expr[], equal = equalColumns(conditions)): readonly Expr[] {
  const known = new Map(conditions.map((condition) => [exprKey(condition), condition]));
  for (const condition of conditions) {
    const ids = [...columnIdsOf(condition)];
    if (ids.length !== 1 || !isTransferable(condition)) continue;
    for (const partner of equal.partners(ids[0]!)) {
      const implied = substitute(condition, () => partner);
      const key = exprKey(implied);
      if (!known.has(key)) known.set(key, implied);
    }
  }
  return [...known.values()];
}

/** Equal values have equal results; −0 = 0 is the exception, so floats stay out. */
function isTransferable(condition: Expr): boolean {
  return isDeterministic(condition) && !canFail(condition) && !readsFloat(condition);
}

function readsFloat(expr: Expr): boolean {
  if (expr.kind === "column") return expr.type.kind === "float32" || expr.type.kind === "float64";
  if (expr.kind === "call") return expr.args.some(readsFloat);
  if (expr.kind === "in_list") return readsFloat(expr.input);
  return expr.kind === "cast" ? readsFloat(expr.input) : false;
}

export function equalColumns(conditions: readonly Expr[]): EqualColumns {
  const equal = new EqualColumns();
  for (const condition of conditions) {
    const pair = columnEquality(condition);
    if (pair) equal.add(pair[0], pair[1]);
  }
  return equal;
}

/** What a disjunction says about one input's columns alone: (a = 1 AND b = 2) OR (a = 3 AND b = 4) gives a = 1 OR a = 3. */
export function impliedFor(condition: Expr, columns: ReadonlySet<ColumnId>): Expr | undefined {
  if (condition.kind !== "call" || condition.fn !== "or" || !isTransferable(condition)) return undefined;
  const branches = condition.args.map((branch) => {
    return conjuncts(branch).filter((part) => {
      const read = columnIdsOf(part);
      return read.size > 0 && read.isSubsetOf(columns);
    });
  });
  return branches.every((parts) => parts.length > 0) ? or(branches.map((parts) => and(parts))) : undefined;
}
