import { QueryError, type Span, unsupported } from "../errors.ts";
import { call, conjuncts } from "../expr/build.ts";
import type { Column, Expr } from "../expr/expr.ts";
import type * as ast from "../sql/ast.ts";
import { bindCondition, bindExpr } from "./bind-expr.ts";
import { isSeries, type Series, seriesPlan } from "./bind-series.ts";
import type { Binding, Ctes } from "./binding.ts";
import { elementColumn, filterPlan, joinPlan, outputIds, projectPlan, unnestPlan } from "./build.ts";
import type { ExprContext } from "./expr-context.ts";
import { freeColumns } from "./free-columns.ts";
import { splitCondition } from "./join-keys.ts";
import { columnRef, type LogicalPlan } from "./plan.ts";
import { near, Scope, type ScopeColumn } from "./scope.ts";

export interface FromContext {
  readonly binding: Binding;
  readonly ctes: Ctes;
  /** The queries around this one: what subqueries in FROM can see, its own tables they cannot. */
  readonly outer: Scope | undefined;
  /** What LATERAL subqueries see instead: the tables before them, and then `outer`. */
  readonly lateral?: Scope;
}

export interface BoundFrom {
  readonly plan: LogicalPlan;
  readonly columns: readonly ScopeColumn[];
}

/** The comma-separated list; no FROM at all is one row of no columns. */
export function bindFrom(context: FromContext, refs: readonly ast.TableRef[]): BoundFrom {
  const [first, ...rest] = refs;
  if (!first) return { plan: { kind: "values", columns: [], rows: [[]] }, columns: [] };
  return rest.reduce(
    (left, ref) => {
      if (ref.kind === "unnest") return unnested(context, left, ref, "cross", { kind: "none" });
      return joined(context, "cross", left, bindRef(after(context, left), ref), { kind: "none" }, ref.span);
    },
    bindRef(context, first),
  );
}

/** The context of what stands to the right of `left`. */
function after(context: FromContext, left: BoundFrom): FromContext {
  return { ...context, lateral: new Scope(left.columns, context.lateral ?? context.outer) };
}

function bindRef(context: FromContext, ref: ast.TableRef): BoundFrom {
  switch (ref.kind) {
    case "table": {
      const cte = ref.name.length === 1 ? context.ctes.get(ref.name[0]!.text.toLowerCase()) : undefined;
      if (!cte) return bindTable(context, ref);
      const columns = cte.plan.columns.map((column) => context.binding.ids.renew(column));
      return named({ kind: "shared", id: cte.id, input: cte.plan, columns }, [ref.name[0]!.text], ref.alias);
    }
    case "path":
      return bindTable(context, ref);
    case "table_function":
      return bindTableFunction(context, ref);
    case "unnest": {
      const oneRow: BoundFrom = { plan: { kind: "values", columns: [], rows: [[]] }, columns: [] };
      return unnested(context, oneRow, ref, "cross", { kind: "none" });
    }
    case "subquery":
      return named(context.binding.query(ref.query, visibleIn(context, ref), context.ctes), [], ref.alias);
    case "aliased":
      return named(starOnly(bindRef(context, ref.input)), [], ref.alias);
    case "join": {
      const left = bindRef(context, ref.left);
      if (ref.right.kind === "unnest") return unnested(context, left, ref.right, ref.joinKind, ref.constraint);
      const right = bindRef(after(context, left), ref.right);
      if (ref.joinKind === "right" || ref.joinKind === "full") checkIndependent(left, right, ref);
      return joined(context, ref.joinKind, left, right, ref.constraint, ref.span);
    }
  }
}

/** The rows of `left`, each with every element of its list. */
function unnested(
  context: FromContext,
  left: BoundFrom,
  ref: ast.UnnestRef,
  kind: ast.JoinKind,
  constraint: ast.JoinConstraint,
): BoundFrom {
  const { binding, ctes } = context;
  const scope = new Scope(left.columns, context.lateral ?? context.outer);
  const list = bindExpr({ binding, ctes, scope, clause: "unnest" }, ref.list);
  const column = elementColumn(binding.ids, list, ref.span);
  if (!["cross", "inner", "left"].includes(kind) || constraint.kind === "using" || constraint.kind === "natural") {
    throw unsupported(`${kind.toUpperCase()} JOIN with unnest, but for ON conditions,`, ref.span);
  }
  const plan = unnestPlan(left.plan, list, column, kind === "left");
  const element = named({ kind: "values", columns: [column], rows: [] }, ["unnest"], ref.alias);
  checkNames(left, element, ref.span);
  const columns = [...left.columns, ...element.columns];
  const conditions = constraint.kind === "on" ? bindOn(context, columns, constraint.condition) : [];
  if (kind === "left" && conditions.length > 0) throw unsupported("LEFT JOIN unnest ON anything but TRUE", ref.span);
  return { plan: filterPlan(plan, conditions), columns };
}

function bindTableFunction(context: FromContext, ref: TableFunctionRef): BoundFrom {
  const name = ref.name.text.toLowerCase();
  return isSeries(name) ? bindSeries(context, ref, name) : bindTable(context, ref);
}

function visibleIn(context: FromContext, { lateral }: { readonly lateral?: boolean }): Scope | undefined {
  return lateral ? (context.lateral ?? context.outer) : context.outer;
}

/** A join that keeps rows of its right side has them before there is a row of the left one that they could depend on. */
function checkIndependent(left: BoundFrom, right: BoundFrom, { joinKind, span }: ast.JoinRef): void {
  if (freeColumns(right.plan).isDisjointFrom(outputIds(left.plan))) return;
  const message = `the right side of a ${joinKind.toUpperCase()} JOIN cannot depend on its left side`;
  throw new QueryError("invalid_argument", message, {
    ...(span && { span }),
    hint: "use JOIN LATERAL or LEFT JOIN LATERAL",
  });
}

/** A relation under its name or alias. */
function named(plan: LogicalPlan, name: readonly string[], alias: ast.TableAlias | undefined): BoundFrom {
  const path = alias ? [alias.name.text] : name;
  const names = alias?.columns ?? [];
  if (names.length > plan.columns.length) {
    const message = `${alias!.name.text} has ${plan.columns.length} columns, but ${names.length} names are given`;
    throw new QueryError("invalid_argument", message, { span: names[plan.columns.length]!.span });
  }
  const lower = path.map((part) => part.toLowerCase());
  const columns = plan.columns.map((column, i) => ({
    column: names[i] ? { ...column, name: names[i].text } : column,
    path: lower,
    bare: true,
    qualified: true,
  }));
  return { plan, columns };
}

function starOnly({ plan, columns }: BoundFrom): LogicalPlan {
  const visible = columns.filter((entry) => entry.bare).map((entry) => entry.column);
  return projectPlan(plan, visible.map(columnRef), visible);
}

type TableLike = Extract<ast.TableRef, { kind: "table" | "path" | "table_function" }>;

function bindTable(context: FromContext, ref: TableLike): BoundFrom {
  if (ref.kind === "table_function") checkFileFunction(ref);
  const name = tableName(ref);
  const resolved = context.binding.table(ref);
  if (resolved.kind === "view") {
    return named(
      inView(resolved.name, () => context.binding.query(resolved.query, undefined, new Map())),
      name,
      ref.alias,
    );
  }
  const { fields } = resolved.table.schema;
  const columns = fields.map((field) => context.binding.ids.column(field.name, field.type, field.nullable));
  const plan: LogicalPlan = {
    kind: "scan",
    table: resolved.key,
    label: ref.alias ? ref.alias.name.text : name.join("."),
    columns,
    source: fields.map((_, i) => i),
    filters: [],
  };
  return named(plan, name, ref.alias);
}

/** What qualifies a table's columns without an alias: for a file its name without folders and extension. */
function tableName(ref: TableLike): readonly string[] {
  switch (ref.kind) {
    case "table":
      return ref.name.map((part) => part.text);
    case "path":
      return [(ref.path.split("/").at(-1) ?? "").replace(/\..*$/, "")];
    case "table_function":
      return [ref.name.text];
  }
}

/** Places in a view's text mean nothing to a reader of the query. */
function inView<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    const { code, message, hint, retryable, cause } = QueryError.from(thrown);
    throw new QueryError(code, `in the view ${name}: ${message}`, { retryable, cause, ...(hint && { hint }) });
  }
}

type TableFunctionRef = Extract<ast.TableRef, { kind: "table_function" }>;

const fileFunctions = ["read_parquet", "parquet_scan", "read_csv", "read_csv_auto"];

function checkFileFunction({ name }: TableFunctionRef): void {
  if (fileFunctions.includes(name.text.toLowerCase())) return;
  const known = [...fileFunctions, "range", "generate_series"];
  throw new QueryError("unknown_function", `there is no table function ${name.text}`, {
    span: name.span,
    ...near(name.text, known),
  });
}

function bindSeries(context: FromContext, ref: TableFunctionRef, name: Series["name"]): BoundFrom {
  const { binding, ctes } = context;
  const scope = new Scope([], undefined);
  const args = ref.args.map(({ name: option, value, span }) => {
    if (option || !("kind" in value) || value.kind === "list" || value.kind === "map") {
      throw new QueryError("invalid_argument", `${name} takes one to three numbers`, { span });
    }
    return bindExpr({ binding, ctes, scope, clause: name }, value);
  });
  return named(seriesPlan({ name, args, ...(ref.span && { span: ref.span }) }, binding.ids), [name], ref.alias);
}

function joined(
  context: FromContext,
  kind: ast.JoinKind,
  left: BoundFrom,
  right: BoundFrom,
  constraint: ast.JoinConstraint,
  span: Span | undefined,
): BoundFrom {
  checkNames(left, right, span);
  const shared = sharedColumns(left, right, constraint, span);
  if (shared) return joinUsing(context, kind, left, right, shared);
  const all = [...left.columns, ...right.columns];
  const condition = constraint.kind === "on" ? bindOn(context, all, constraint.condition) : [];
  const { keys, filters } = splitCondition(condition, left.plan, right.plan);
  const plan = joinPlan(kind === "inner" && condition.length === 0 ? "cross" : kind, left.plan, right.plan, {
    keys,
    filters,
  });
  return { plan, columns: visibleAfter(kind, plan, left, right) };
}

function bindOn(context: FromContext, columns: readonly ScopeColumn[], condition: ast.SqlExpr): readonly Expr[] {
  const scope = new Scope(columns, context.outer);
  const exprContext: ExprContext = { binding: context.binding, ctes: context.ctes, scope, clause: "ON" };
  return conjuncts(bindCondition(exprContext, condition));
}

/** Two tables of one name could not be told apart. */
function checkNames(left: BoundFrom, right: BoundFrom, span: Span | undefined): void {
  const names = new Set(left.columns.filter((entry) => entry.path.length > 0).map((entry) => entry.path.join(".")));
  const twice = right.columns.find((entry) => names.has(entry.path.join(".")));
  if (!twice) return;
  throw new QueryError("duplicate", `two tables in FROM are named ${twice.path.join(".")}`, {
    ...(span && { span }),
    hint: "give one of them an alias",
  });
}

/** The columns of a join as names see them, with what the join makes nullable. */
function visibleAfter(
  kind: ast.JoinKind,
  plan: LogicalPlan,
  left: BoundFrom,
  right: BoundFrom,
): readonly ScopeColumn[] {
  const columns = kind === "semi" || kind === "anti" ? left.columns : [...left.columns, ...right.columns];
  const nullable = new Map(plan.columns.map((column) => [column.id, column.nullable]));
  return columns.map((entry) => {
    return { ...entry, column: { ...entry.column, nullable: nullable.get(entry.column.id) ?? entry.column.nullable } };
  });
}

interface SharedColumn {
  readonly left: Column;
  readonly right: Column;
}

/** The pairs of columns of USING or NATURAL; undefined for other joins. */
function sharedColumns(
  left: BoundFrom,
  right: BoundFrom,
  constraint: ast.JoinConstraint,
  span: Span | undefined,
): readonly SharedColumn[] | undefined {
  const leftScope = new Scope(left.columns, undefined);
  const rightScope = new Scope(right.columns, undefined);
  if (constraint.kind === "using") {
    return constraint.columns.map((name) => {
      const [a, b] = [leftScope.find([name]), rightScope.find([name])];
      if (!a) throw leftScope.unknown([name]);
      if (!b) throw rightScope.unknown([name]);
      return { left: a, right: b };
    });
  }
  if (constraint.kind !== "natural") return undefined;
  const names = new Set(rightScope.star.map((column) => column.name.toLowerCase()));
  const pairs = leftScope.star
    .filter((column) => names.has(column.name.toLowerCase()))
    .map(({ name }): SharedColumn => {
      const part = { text: name, quoted: true, span: span ?? { line: 1, column: 1 } };
      return { left: leftScope.find([part])!, right: rightScope.find([part])! };
    });
  if (pairs.length > 0) return pairs;
  throw new QueryError("invalid_argument", "NATURAL JOIN finds no column that both sides have", {
    ...(span && { span }),
    hint: "write CROSS JOIN for every pair of rows",
  });
}

/**
 * The bare name of a shared column is the left one's, for RIGHT JOIN the right one's, for FULL JOIN whichever is not NULL;
 * it stands where the left one stood, as in DuckDB.
 */
function joinUsing(
  context: FromContext,
  kind: ast.JoinKind,
  left: BoundFrom,
  right: BoundFrom,
  shared: readonly SharedColumn[],
): BoundFrom {
  const conditions = shared.map((pair) => call("=", [columnRef(pair.left), columnRef(pair.right)]));
  const { keys, filters } = splitCondition(conditions, left.plan, right.plan);
  const join = joinPlan(kind, left.plan, right.plan, { keys, filters });
  const columns = visibleAfter(kind, join, left, right);
  if (kind === "semi" || kind === "anti") return { plan: join, columns };
  const merged = new Map(shared.map((pair) => [pair.left.id, mergedColumn(context, kind, join, pair)]));
  const rightIds = new Set(shared.map((pair) => pair.right.id));
  const visible = columns.flatMap((entry): ScopeColumn[] => {
    const hidden = { ...entry, bare: false };
    const replacement = entry.bare ? merged.get(entry.column.id) : undefined;
    if (replacement) return [{ column: replacement.column, path: [], bare: true, qualified: false }, hidden];
    return [rightIds.has(entry.column.id) ? hidden : entry];
  });
  const computed = [...merged.values()].filter((item) => item.expr.kind !== "column");
  if (computed.length === 0) return { plan: join, columns: visible };
  const exprs = [...join.columns.map(columnRef), ...computed.map((item) => item.expr)];
  const plan = projectPlan(join, exprs, [...join.columns, ...computed.map((item) => item.column)]);
  return { plan, columns: visible };
}

function mergedColumn(
  { binding }: FromContext,
  kind: ast.JoinKind,
  join: LogicalPlan,
  pair: SharedColumn,
): { expr: Expr; column: Column } {
  const after = (column: Column) => join.columns.find((other) => other.id === column.id)!;
  const [a, b] = [columnRef(after(pair.left)), columnRef(after(pair.right))];
  if (kind !== "full") {
    const expr = kind === "right" ? b : a;
    const { id, type, nullable } = expr;
    return { expr, column: { id, name: pair.left.name, type, nullable } };
  }
  const expr = call("coalesce", [a, b]);
  return { expr, column: binding.ids.column(pair.left.name, expr.type, pair.left.nullable || pair.right.nullable) };
}
