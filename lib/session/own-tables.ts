/**
 * Tables of a session's own: CREATE TABLE and INSERT write Parquet files into a temporary folder, one a statement, and
 * the table is that folder. They go with the session. Rows are kept, never changed: there is no UPDATE or DELETE.
 */
import { mkdirSync, rmSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { types } from "../arrow/types.ts";
import { ScratchDirectory } from "../embedded/scratch-directory.ts";
import { QueryError, type Span } from "../errors.ts";
import { nearestName } from "../expr/nearest-name.ts";
import { writeAnswer } from "../output/format.ts";
import type { Name, Query, Select, SelectItem, SqlExpr, TableRef } from "../sql/ast.ts";
import type { ColumnDefinition, CreateTableStatement, InsertStatement } from "../sql/statement-ast.ts";
import type { QueryHandle } from "./query-handle.ts";

/** Plans a query of a statement, to be run. */
export type PlanToRun = (query: Query) => Promise<QueryHandle>;

interface OwnTable {
  readonly name: string;
  readonly folder: string;
  readonly columns: readonly ColumnDefinition[];
  files: number;
}

export class OwnTables {
  readonly #parent: string | undefined;
  readonly #tables = new Map<string, OwnTable>();
  #scratch: ScratchDirectory | undefined;
  #folders = 0;

  /** @param parent where the temporary folder goes; default: the system's */
  constructor(parent?: string) {
    this.#parent = parent;
  }

  /** Writes a new table's first file, empty without a query. The caller names its folder in the catalog. */
  async create(
    { name: parts, columns: definitions, query }: CreateTableStatement,
    plan: PlanToRun,
  ): Promise<{ readonly name: string; readonly folder: string; readonly rows: number }> {
    const name = textOf(parts);
    const { span } = parts[0]!;
    this.#scratch ??= new ScratchDirectory(this.#parent);
    const folder = join(this.#scratch.path, `table-${++this.#folders}`);
    mkdirSync(folder);
    try {
      const source = query && (await plan(query));
      const columns = definitions.length > 0 ? definitions : definitionsOf(source!, name, span);
      const table: OwnTable = { name, folder, columns, files: 0 };
      const rows = await this.#append(table, await plan(rowsFor(columns, columns, query, source, span)), plan);
      this.drop(name);
      this.#tables.set(name.toLowerCase(), table);
      return { name, folder, rows };
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Appends rows; gives their number. @throws QueryError unknown_table, also for tables that are files of the user's */
  async insert({ name, columns, query }: InsertStatement, plan: PlanToRun): Promise<number> {
    const text = textOf(name);
    const { span } = name[0]!;
    const table = this.#tables.get(text.toLowerCase());
    if (!table) {
      const near = nearestName(
        text,
        [...this.#tables.values()].map((known) => known.name),
      );
      throw new QueryError("unknown_table", `there is no table ${text} of the session's own`, {
        span,
        hint: near ? `did you mean ${near}?` : "INSERT takes tables that CREATE TABLE made; files are only read",
      });
    }
    const given = columns.length > 0 ? columns.map((column) => columnOf(table, column)) : table.columns;
    return this.#append(table, await plan(rowsFor(table.columns, given, query, await plan(query), span)), plan);
  }

  /** Forgets a table and removes its files; false when there is none. */
  drop(name: string): boolean {
    const table = this.#tables.get(name.toLowerCase());
    if (table) rmSync(table.folder, { recursive: true, force: true });
    return this.#tables.delete(name.toLowerCase());
  }

  close(): void {
    this.#tables.clear();
    this.#scratch?.remove();
  }

  /** A statement's rows appear all together or not at all. */
  async #append(table: OwnTable, rows: QueryHandle, plan: PlanToRun): Promise<number> {
    const file = `${String(++table.files).padStart(6, "0")}.parquet`;
    // Beside the folder first: a query that lists it meanwhile must not see rows that break a NOT NULL.
    const written = `${table.folder}-${file}`;
    try {
      await writeAnswer(rows, { format: "parquet", output: written });
      await checkNotNull(table, written, plan);
      await rename(written, join(table.folder, file));
    } catch (error) {
      await rm(written, { force: true });
      throw error;
    }
    return (await rows.account()).rows;
  }
}

async function checkNotNull({ name, columns }: OwnTable, file: string, plan: PlanToRun): Promise<void> {
  for (const column of columns.filter(({ nullable }) => !nullable)) {
    const { span } = column.name;
    const isNull: SqlExpr = { kind: "is", operand: nameOf(column.name), test: "null", negated: false, span };
    const from: TableRef = { kind: "path", path: file, span };
    const one: SqlExpr = { kind: "number", text: "1", span };
    const nulls = await plan(selectOf([{ kind: "expr", expr: one }], [from], { where: isNull, limit: one }));
    if ((await nulls.toRows()).length > 0) {
      throw new QueryError("invalid_argument", `NULL for the column ${column.name.text} of ${name}, which is NOT NULL`);
    }
  }
}

/** The columns that CREATE TABLE … AS gives a table. */
function definitionsOf({ columns }: QueryHandle, table: string, span: Span): readonly ColumnDefinition[] {
  const seen = new Set<string>();
  return columns.map(({ name, type }) => {
    if (seen.has(name.toLowerCase()))
      throw new QueryError("duplicate", `${table} would have two columns ${name}`, { span });
    seen.add(name.toLowerCase());
    return {
      name: { text: name, quoted: true, span },
      type: type.kind === "null" ? types.int32 : type,
      nullable: true,
    };
  });
}

function columnOf({ name, columns }: OwnTable, { text, span }: Name): ColumnDefinition {
  const found = columns.find((column) => column.name.text.toLowerCase() === text.toLowerCase());
  if (found) return found;
  const near = nearestName(
    text,
    columns.map((column) => column.name.text),
  );
  const hint = near ? { hint: `did you mean ${near}?` } : {};
  throw new QueryError("unknown_column", `${name} has no column ${text}`, { span, ...hint });
}

/** A query's columns, which are `given`, cast and put in the places that they have among `columns`; NULL elsewhere. */
function rowsFor(
  columns: readonly ColumnDefinition[],
  given: readonly ColumnDefinition[],
  query: Query | undefined,
  source: QueryHandle | undefined,
  span: Span,
): Query {
  if (source && source.columns.length !== given.length) {
    const counts = `the query gives ${source.columns.length} columns, where ${given.length} are wanted`;
    throw new QueryError("invalid_argument", counts, { span });
  }
  const places = given.map((_, i): Name => ({ text: `column${i}`, quoted: true, span }));
  const items = columns.map(({ name, type }): SelectItem => {
    const place = query && places[given.findIndex((column) => column.name.text === name.text)];
    const operand: SqlExpr = place ? nameOf(place) : { kind: "constant", value: null, span };
    return { kind: "expr", expr: { kind: "cast", operand, type, safe: false, span }, alias: name };
  });
  if (!query) return selectOf(items, [], { where: { kind: "constant", value: false, span } });
  return selectOf(items, [
    { kind: "subquery", query, alias: { name: { text: "given", quoted: true, span }, columns: places } },
  ]);
}

function selectOf(
  items: readonly SelectItem[],
  from: readonly TableRef[],
  { where, limit }: { readonly where?: SqlExpr; readonly limit?: SqlExpr } = {},
): Query {
  const groupBy = { kind: "items", items: [] } as const;
  const body: Select = { kind: "select", distinct: false, items, from, groupBy, windows: [], ...(where && { where }) };
  return { ctes: [], body, orderBy: [], ...(limit && { limit }) };
}

function textOf(name: readonly Name[]): string {
  return name.map((part) => part.text).join(".");
}

function nameOf(name: Name): SqlExpr {
  return { kind: "name", parts: [name], span: name.span };
}
