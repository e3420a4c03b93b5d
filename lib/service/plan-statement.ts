/** Plans one statement for a deployment. What is no query acts on the catalog, and its answer is rows that it gives at once. */
import { typeName, types } from "../arrow/types.ts";
import { type Deployment, estimateQuery } from "../bill/estimate.ts";
import type { PriceTable } from "../bill/usage.ts";
import { defaultSchema } from "../catalog/catalog-store.ts";
import { type CloudCatalog, qualified } from "../catalog/cloud-catalog.ts";
import { QueryError } from "../errors.ts";
import { explain } from "../explain/explain.ts";
import { ColumnIds } from "../expr/column-ids.ts";
import { nearestName } from "../expr/nearest-name.ts";
import type { LogicalPlan } from "../logical/plan.ts";
import { viewColumnNames } from "../logical/view-columns.ts";
import { type PlannedQuery, type PlanningOptions, planLogical, planQuery } from "../query.ts";
import { externalTableOptions } from "../session/external-table.ts";
import type { Name } from "../sql/ast.ts";
import type {
  CreateExternalTableStatement,
  CreateViewStatement,
  DropStatement,
  Statement,
} from "../sql/statement-ast.ts";

import { refuseLocal, type ServedStatement } from "./refuse-local.ts";

export interface StatementPlanning extends Omit<PlanningOptions, "catalog" | "views"> {
  readonly catalog: CloudCatalog;
  /** What EXPLAIN estimates for. */
  readonly deployment: Deployment;
  readonly prices: PriceTable;
}

export interface PlannedStatement {
  readonly planned: PlannedQuery;
  /** EXPLAIN ANALYZE: the query runs, and what it did is the answer. */
  readonly analyze: boolean;
}

export async function planStatement(statement: Statement, options: StatementPlanning): Promise<PlannedStatement> {
  refuseLocal(statement);
  if (statement.kind === "query") return { planned: await plan(statement.query, options), analyze: false };
  if (statement.kind === "explain" && statement.analyze) {
    return { planned: await plan(statement.query, options), analyze: true };
  }
  const [names, rows] = await answerOf(statement, options);
  return { planned: planRows(names, rows, options), analyze: false };
}

/** Rows of text as a query over values. */
export function planRows(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  options: Pick<PlanningOptions, "slots">,
): PlannedQuery {
  const ids = new ColumnIds();
  const logical: LogicalPlan = {
    kind: "values",
    columns: names.map((name) => ids.column(name, types.varchar, false)),
    rows: rows.map((row) => row.map((value) => ({ kind: "literal", type: types.varchar, value }))),
  };
  return { ...planLogical(logical, new Map(), ids, options), names };
}

type Rows = readonly [names: readonly string[], rows: readonly (readonly string[])[]];
const done: Rows = [["status"], [["ok"]]];

async function answerOf(
  statement: Exclude<ServedStatement, { readonly kind: "query" }>,
  options: StatementPlanning,
): Promise<Rows> {
  const { catalog } = options;
  switch (statement.kind) {
    case "explain": {
      const planned = await plan(statement.query, options);
      const { deployment, prices } = options;
      return [
        ["plan_type", "plan"],
        explain(planned, statement.mode, estimateQuery(planned.graph, planned.snapshot, deployment, prices)),
      ];
    }
    case "show_tables": {
      const views = catalog.definitions.views.map(({ schema, name }) =>
        schema === defaultSchema ? name : `${schema}.${name}`,
      );
      const tables = catalog.names().map((name) => [name, "table"]);
      return [
        ["name", "kind"],
        [...tables, ...views.sort().map((name) => [name, "view"])],
      ];
    }
    case "describe": {
      const { columns, names } = await plan(statement.query, options);
      const rows = columns.map(({ type, nullable }, i) => [names[i]!, typeName(type), nullable ? "YES" : "NO"]);
      return [["column_name", "column_type", "nullable"], rows];
    }
    case "create_external_table":
      return createTable(statement, catalog);
    case "create_view":
      return createView(statement, options);
    case "drop":
      return drop(statement, catalog);
  }
}

function plan(query: Parameters<typeof planQuery>[0], options: StatementPlanning): Promise<PlannedQuery> {
  return planQuery(query, { ...options, views: options.catalog.views() });
}

async function createTable(statement: CreateExternalTableStatement, catalog: CloudCatalog): Promise<Rows> {
  const { format, location } = statement;
  const options = externalTableOptions(statement);
  const named = qualified(statement.name.map(({ text }) => text));
  const { schema } = await catalog.path([location], format, options);
  const fields = schema.fields.map(({ name, type, nullable }) => ({ name, type, nullable }));
  const definition = { ...named, paths: [location], format, options, columns: fields };
  const taken = isView(catalog, statement.name) || !(await catalog.store.putTable(definition, statement.orReplace));
  if (taken && !statement.ifNotExists) throw nameTaken(statement.name);
  return done;
}

async function createView(statement: CreateViewStatement, options: StatementPlanning): Promise<Rows> {
  const { catalog } = options;
  const { columns, names } = await plan(statement.query, options);
  const parts = statement.name.map(({ text }) => text);
  const given = viewColumnNames(statement, names);
  const fields = columns.map(({ type, nullable }, i) => ({ name: given[i]!, type, nullable }));
  const view = { ...qualified(parts), sql: statement.sql, columns: fields };
  const taken = catalog.has(parts) || !(await catalog.store.putView(view, statement.orReplace));
  if (taken && !statement.ifNotExists) throw nameTaken(statement.name);
  return done;
}

async function drop({ object, ifExists, names }: DropStatement, catalog: CloudCatalog): Promise<Rows> {
  for (const name of names) {
    const { schema, name: table } = qualified(name.map(({ text }) => text));
    if ((await catalog.store.drop(object, schema, table)) || ifExists) continue;
    const text = name.map((part) => part.text).join(".");
    const near = nearestName(text, object === "view" ? catalog.views().keys() : catalog.names());
    const hint = near ? { hint: `Did you mean ${near}?` } : {};
    throw new QueryError("unknown_table", `there is no ${object} ${text}`, { span: name[0]!.span, ...hint });
  }
  return done;
}

function isView(catalog: CloudCatalog, name: readonly Name[]): boolean {
  return catalog.views().has(
    name
      .map(({ text }) => text)
      .join(".")
      .toLowerCase(),
  );
}

function nameTaken(name: readonly Name[]): QueryError {
  const text = name.map((part) => part.text).join(".");
  return new QueryError("duplicate", `${text} exists already`, {
    span: name[0]!.span,
    hint: "CREATE OR REPLACE replaces it.",
  });
}
