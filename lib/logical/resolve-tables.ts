/** Finds every table that a query names, before binding: the catalog is asynchronous, binding is not. */
import type { Catalog, CatalogSnapshot, Table } from "../catalog/table.ts";
import { QueryError } from "../errors.ts";
import type { Query, TableRef } from "../sql/ast.ts";
import { parse } from "../sql/parse.ts";
import { near, spanOfNames } from "./scope.ts";
import { isFileFunction, readFileFunction } from "./table-function.ts";

/** The SQL of views, by lower-case name. */
export type Views = ReadonlyMap<string, string>;

export type ResolvedTable =
  | { readonly kind: "table"; readonly key: string; readonly table: Table }
  | { readonly kind: "view"; readonly name: string; readonly query: Query };

export interface ResolvedTables {
  /** @throws QueryError unknown_table */
  find(ref: TableRef): ResolvedTable;
  readonly snapshot: CatalogSnapshot;
}

/** Loads the tables of a query and, through its views, of theirs. */
export async function resolveTables(query: Query, catalog: Catalog, views: Views): Promise<ResolvedTables> {
  const resolver = new Resolver(catalog, views);
  await resolver.resolve(query, []);
  return resolver;
}

class Resolver implements ResolvedTables {
  readonly snapshot = new Map<string, Table>();
  readonly #views = new Map<string, ResolvedTable>();
  readonly #catalog: Catalog;
  readonly #viewTexts: Views;

  constructor(catalog: Catalog, viewTexts: Views) {
    this.#catalog = catalog;
    this.#viewTexts = viewTexts;
  }

  /** inside: the names of the views being resolved, against cycles. */
  async resolve(query: Query, inside: readonly string[]): Promise<void> {
    for (const ref of tableRefs(query)) {
      const key = keyOf(ref);
      if (key === undefined || this.snapshot.has(key) || this.#views.has(key)) continue;
      const text = ref.kind === "table" ? this.#viewTexts.get(key) : undefined;
      if (text !== undefined) await this.#resolveView(key, text, inside);
      else await this.#load(ref, key);
    }
  }

  async #resolveView(name: string, text: string, inside: readonly string[]): Promise<void> {
    if (inside.includes(name)) throw new QueryError("invalid_argument", `the view ${name} refers to itself`);
    const [statement] = await parse(text);
    if (statement?.kind !== "query") throw new QueryError("syntax", `the view ${name} is not a query`);
    await this.resolve(statement.query, [...inside, name]);
    this.#views.set(name, { kind: "view", name, query: statement.query });
  }

  async #load(ref: TableRef, key: string): Promise<void> {
    const table = await this.#ask(ref);
    // A name may be a CTE's: whether it is missing is known only when it is bound.
    if (table) this.snapshot.set(key, table);
  }

  async #ask(ref: TableRef): Promise<Table | undefined> {
    switch (ref.kind) {
      case "table":
        return this.#catalog.table(ref.name.map((part) => part.text));
      case "path":
        return located(ref, () => this.#catalog.path([ref.path], "auto"));
      case "table_function": {
        const { paths, format, options } = await readFileFunction(ref);
        return located(ref, () => this.#catalog.path(paths, format, options));
      }
      default:
        return undefined;
    }
  }

  find(ref: TableRef): ResolvedTable {
    const key = keyOf(ref)!;
    const view = this.#views.get(key);
    if (view) return view;
    const table = this.snapshot.get(key);
    if (table) return { kind: "table", key, table };
    if (ref.kind !== "table") throw new QueryError("internal", `the table ${key} was not resolved`);
    const written = ref.name.map((part) => part.text).join(".");
    const known = [...this.#catalog.names(), ...this.#viewTexts.keys()];
    // A schema may have been meant that was not written, or the other way round.
    const [inSchema, bare] = [near(written, known), near(ref.name.at(-1)!.text, known)];
    throw new QueryError("unknown_table", `there is no table ${written}`, {
      span: spanOfNames(ref.name),
      ...(inSchema.hint === undefined ? bare : inSchema),
    });
  }
}

/** Gives an error of the catalog the place of the reference. */
async function located<T>(ref: TableRef, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    const error = QueryError.from(thrown);
    if (error.span || !ref.span) throw error;
    const { code, message, hint, retryable, cause } = error;
    throw new QueryError(code, message, { span: ref.span, retryable, cause, ...(hint && { hint }) });
  }
}

/** What tells tables apart in the snapshot; undefined for what is not a table of the catalog. */
function keyOf(ref: TableRef): string | undefined {
  switch (ref.kind) {
    case "table":
      return ref.name.map((part) => part.text.toLowerCase()).join(".");
    case "path":
      return `'${ref.path}'`;
    case "table_function": {
      if (!isFileFunction(ref.name.text)) return undefined;
      const spansDropped = JSON.stringify(ref.args, (name, value) => (name === "span" ? undefined : value));
      return `${ref.name.text.toLowerCase()}(${spansDropped})`;
    }
    default:
      return undefined;
  }
}

/** Every table reference anywhere in a query, subqueries included. */
function* tableRefs(node: unknown): Generator<TableRef> {
  if (typeof node !== "object" || node === null) return;
  const { kind } = node as { kind?: unknown };
  if (kind === "table" || kind === "path" || kind === "table_function") yield node as TableRef;
  for (const value of Object.values(node)) yield* tableRefs(value);
}
