/** What each kind of statement does in a session. */

import { resolve } from "node:path";
import { typeName, types } from "../arrow/types.ts";
import type { TableSource } from "../catalog/table-source.ts";
import { QueryError } from "../errors.ts";
import { formatAnalyzed } from "../explain/analyze.ts";
import { explain } from "../explain/explain.ts";
import { ColumnIds } from "../expr/column-ids.ts";
import { nearestName } from "../expr/nearest-name.ts";
import type { LogicalPlan } from "../logical/plan.ts";
import { viewColumnNames } from "../logical/view-columns.ts";
import { formatOfFile, isOutputFormat, outputFormats, writeAnswer } from "../output/format.ts";
import type { AnswerKind } from "../output/query-answer.ts";
import { type PlannedQuery, planLogical } from "../query.ts";
import type { Name } from "../sql/ast.ts";
import type {
  CopyStatement,
  CreateExternalTableStatement,
  CreateTableStatement,
  CreateViewStatement,
  DropStatement,
  ExplainStatement,
  Statement,
} from "../sql/statement-ast.ts";
import { externalTableOptions } from "./external-table.ts";
import type { PlanToRun } from "./own-tables.ts";
import type { QueryHandle } from "./query-handle.ts";
import type { SessionContext, SqlOptions } from "./session.ts";

export async function runStatement(
  session: SessionContext,
  statement: Statement,
  options: SqlOptions,
): Promise<QueryHandle> {
  switch (statement.kind) {
    case "query":
      return session.handle(await session.plan(statement.query, options), options);
    case "explain":
      return runExplain(session, statement, options);
    case "create_external_table":
      return createTable(session, statement);
    case "create_table":
      return createOwnTable(session, statement, options);
    case "insert":
      return count(session, await session.ownTables.insert(statement, toRun(session, options)));
    case "copy":
      return copy(session, statement, options);
    case "create_view":
      return createView(session, statement, options);
    case "drop":
      return drop(session, statement);
    case "show_tables": {
      const tables = session.catalog.names().map((name) => [name, "table"]);
      const views = [...session.views.values()].map(({ name }) => [name, "view"]);
      return rows(session, ["name", "kind"], [...tables, ...views]);
    }
    case "describe": {
      const { columns, names } = await session.plan(statement.query, options);
      const described = columns.map((column, i) => [names[i]!, typeName(column.type), column.nullable ? "YES" : "NO"]);
      return rows(session, ["column_name", "column_type", "nullable"], described);
    }
  }
}

async function runExplain(
  session: SessionContext,
  statement: ExplainStatement,
  options: SqlOptions,
): Promise<QueryHandle> {
  const planned = await session.plan(statement.query, options);
  const plans = statement.analyze
    ? [["analyzed_plan", await analyze(session, planned, options)] as const]
    : explain(planned, statement.mode);
  return rows(session, ["plan_type", "plan"], plans, "plans");
}

async function analyze(session: SessionContext, planned: PlannedQuery, options: SqlOptions): Promise<string> {
  const handle = session.handle(planned, { ...options, analyze: true });
  const { stages } = await handle.run();
  return formatAnalyzed(planned.graph, stages, await handle.account());
}

type CreateStatement = CreateExternalTableStatement | CreateTableStatement;

/** Whether a table is to be made, or is there already and may stay. @throws QueryError duplicate */
function isToBeMade(session: SessionContext, { name: parts, ifNotExists, orReplace }: CreateStatement): boolean {
  const name = parts.map((part) => part.text).join(".");
  if (!session.catalog.has(name) && !session.views.has(name.toLowerCase())) return true;
  if (!ifNotExists && !orReplace) throw taken(parts);
  return !ifNotExists;
}

/** A name means one thing: what it meant before is forgotten, now that the new table is there. */
function nameTable(session: SessionContext, name: string, source: TableSource): void {
  session.views.delete(name.toLowerCase());
  session.catalog.register(name, source);
}

async function createOwnTable(
  session: SessionContext,
  statement: CreateTableStatement,
  options: SqlOptions,
): Promise<QueryHandle> {
  if (!isToBeMade(session, statement)) return count(session, 0);
  const { name, folder, rows } = await session.ownTables.create(statement, toRun(session, options));
  nameTable(session, name, { paths: [folder], format: "parquet" });
  return count(session, rows);
}

async function copy(session: SessionContext, statement: CopyStatement, options: SqlOptions): Promise<QueryHandle> {
  const { path, format: given, span } = statement;
  const format = given ? given.text.toLowerCase() : formatOfFile(path);
  if (!isOutputFormat(format)) {
    const near = nearestName(format, outputFormats);
    const hint = near ? `did you mean ${near}?` : `known: ${outputFormats.join(", ")}`;
    throw new QueryError("invalid_argument", `there is no format ${given!.text}`, { span: given!.span ?? span, hint });
  }
  const handle = await toRun(session, options)(statement.query);
  await writeAnswer(handle, { format, output: resolve(path) });
  return count(session, (await handle.account()).rows);
}

function toRun(session: SessionContext, options: SqlOptions): PlanToRun {
  return async (query) => session.handle(await session.plan(query, options), options);
}

async function createTable(session: SessionContext, statement: CreateExternalTableStatement): Promise<QueryHandle> {
  if (!isToBeMade(session, statement)) return done(session);
  const name = statement.name.map((part) => part.text).join(".");
  const { format, location } = statement;
  const options = externalTableOptions(statement);
  await session.catalog.path([location], format, options);
  session.ownTables.drop(name);
  nameTable(session, name, { paths: [resolve(location)], format, options });
  return done(session);
}

async function createView(
  session: SessionContext,
  statement: CreateViewStatement,
  options: SqlOptions,
): Promise<QueryHandle> {
  const name = statement.name.map((part) => part.text).join(".");
  const key = name.toLowerCase();
  if (session.catalog.has(name) || session.views.has(key)) {
    if (statement.ifNotExists) return done(session);
    if (!statement.orReplace || session.catalog.has(name)) throw taken(statement.name);
  }
  const { names } = await session.plan(statement.query, options);
  viewColumnNames(statement, names);
  session.views.set(key, { name, sql: statement.sql });
  return done(session);
}

async function drop(session: SessionContext, statement: DropStatement): Promise<QueryHandle> {
  for (const parts of statement.names) {
    const name = parts.map((part) => part.text).join(".");
    const dropped = statement.object === "view" ? session.views.delete(name.toLowerCase()) : session.catalog.drop(name);
    if (dropped && statement.object === "table") session.ownTables.drop(name);
    if (!dropped && !statement.ifExists) {
      const known = statement.object === "view" ? session.views.keys() : session.catalog.names();
      const near = nearestName(name, known);
      const hint = near ? { hint: `Did you mean ${near}?` } : {};
      throw new QueryError("unknown_table", `there is no ${statement.object} ${name}`, {
        span: parts[0]!.span,
        ...hint,
      });
    }
  }
  return done(session);
}

function taken(name: readonly Name[]): QueryError {
  const text = name.map((part) => part.text).join(".");
  return new QueryError("duplicate", `${text} exists already`, {
    span: name[0]!.span,
    hint: "CREATE OR REPLACE replaces it.",
  });
}

/** The answer of a statement that gives no rows. */
function done(session: SessionContext): QueryHandle {
  return rows(session, ["status"], [["ok"]], "status");
}

/** The answer of a statement that wrote rows. */
function count(session: SessionContext, rows: number): QueryHandle {
  const ids = new ColumnIds();
  const columns = [ids.column("count", types.int64, false)];
  const value = { kind: "literal", type: types.int64, value: String(rows) } as const;
  const plan: LogicalPlan = { kind: "values", columns, rows: [[value]] };
  return session.handle(planLogical(plan, new Map(), ids, session.planning()), { answer: "rows" });
}

/** Rows of text that Volley itself has to say, as a query over values: every consumer treats them like any answer. */
function rows(
  session: SessionContext,
  names: readonly string[],
  data: readonly (readonly string[])[],
  answer: AnswerKind = "rows",
): QueryHandle {
  const ids = new ColumnIds();
  const columns = names.map((name) => ids.column(name, types.varchar, false));
  const plan: LogicalPlan = {
    kind: "values",
    columns,
    rows: data.map((row) => row.map((value) => ({ kind: "literal", type: types.varchar, value }))),
  };
  return session.handle(planLogical(plan, new Map(), ids, session.planning()), { answer });
}
