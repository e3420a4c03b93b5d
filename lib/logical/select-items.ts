/** The select list with its wildcards written out. */
import { QueryError } from "../errors.ts";
import type { Column } from "../expr/expr.ts";
import type { Name, SelectItem, SqlExpr } from "../sql/ast.ts";
import { formatSql } from "../sql/format.ts";
import { near, type Scope } from "./scope.ts";

/** One column of the select list: a column of FROM (from a wildcard), or an expression. */
export interface SelectColumn {
  readonly column?: Column;
  readonly expr?: SqlExpr;
  readonly name: string;
  /** Whether the name was given with AS, so that other clauses can use it. */
  readonly aliased: boolean;
}

type Wildcard = Extract<SelectItem, { kind: "wildcard" }>;

export function expandItems(items: readonly SelectItem[], scope: Scope): readonly SelectColumn[] {
  return items.flatMap((item) => {
    if (item.kind === "wildcard") return expandWildcard(item, scope);
    return [{ expr: item.expr, name: item.alias?.text ?? nameOf(item.expr, scope), aliased: item.alias !== undefined }];
  });
}

/** A column's own name, as its table spells it; otherwise the expression's text. */
function nameOf(expr: SqlExpr, scope: Scope): string {
  if (expr.kind === "name") {
    try {
      return scope.find(expr.parts)?.name ?? formatSql(expr);
    } catch {
      return formatSql(expr); // ambiguous: binding will say so
    }
  }
  return formatSql(expr);
}

/** What names given with AS stand for, lower case; the first of two wins. */
export function aliasesOf(items: readonly SelectItem[]): ReadonlyMap<string, SqlExpr> {
  const aliases = new Map<string, SqlExpr>();
  for (const item of items) {
    if (item.kind !== "expr" || !item.alias) continue;
    const name = item.alias.text.toLowerCase();
    if (!aliases.has(name)) aliases.set(name, item.expr);
  }
  return aliases;
}

function expandWildcard(item: Wildcard, scope: Scope): readonly SelectColumn[] {
  const columns = item.table ? scope.starOf(item.table) : scope.star;
  if (!columns) throw scope.unknownTable(item.table!);
  if (columns.length === 0) {
    throw new QueryError("invalid_argument", "SELECT * needs a FROM clause", { span: item.span });
  }
  for (const name of [
    ...item.exclude,
    ...item.replace.map(({ name }) => name),
    ...item.rename.map(({ from }) => from),
  ]) {
    requireColumn(name, columns);
  }
  const excluded = new Set(item.exclude.map(lower));
  const replaced = new Map(item.replace.map(({ name, expr }) => [lower(name), expr]));
  const renamed = new Map(item.rename.map(({ from, to }) => [lower(from), to.text]));
  const kept = columns.filter((column) => !excluded.has(column.name.toLowerCase()));
  return kept.map((column): SelectColumn => {
    const key = column.name.toLowerCase();
    const name = renamed.get(key) ?? column.name;
    const expr = replaced.get(key);
    return { ...(expr ? { expr } : { column }), name, aliased: false };
  });
}

function requireColumn(name: Name, columns: readonly Column[]): void {
  const names = columns.map((column) => column.name);
  if (names.some((known) => known.toLowerCase() === lower(name))) return;
  throw new QueryError("unknown_column", `* has no column ${name.text}`, {
    span: name.span,
    ...near(name.text, names),
  });
}

function lower(name: Name): string {
  return name.text.toLowerCase();
}

/** What an ordinal or an alias refers to; undefined for any other expression. */
export function outputOf(expr: SqlExpr, items: readonly SelectColumn[], clause: string): number | undefined {
  if (expr.kind === "number" && /^-?\d+$/.test(expr.text)) {
    const ordinal = Number(expr.text);
    if (ordinal >= 1 && ordinal <= items.length) return ordinal - 1;
    const message = `${clause} ${expr.text} is out of range: the select list has ${items.length} columns`;
    throw new QueryError("invalid_argument", message, { span: expr.span });
  }
  if (expr.kind !== "name" || expr.parts.length !== 1) return undefined;
  const name = expr.parts[0]!.text.toLowerCase();
  const index = items.findIndex((item) => item.aliased && item.name.toLowerCase() === name);
  return index < 0 ? undefined : index;
}
