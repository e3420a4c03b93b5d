/** Where a deployment keeps the names of its tables and views: the port, and its twin in memory. */
import type { DataType } from "../arrow/types.ts";
import type { TableSource } from "./table-source.ts";

/** Tables whose name has no schema are in this one. */
export const defaultSchema = "default";

export interface DefinedColumn {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
}

export interface TableDefinition extends TableSource {
  readonly schema: string;
  readonly name: string;
  /** As of its registration, for listings that open no file. */
  readonly columns?: readonly DefinedColumn[];
  /** Why it cannot be read: something of it that Volley does not do. */
  readonly unsupported?: string;
}

export interface ViewDefinition {
  readonly schema: string;
  readonly name: string;
  readonly sql: string;
  /** As of its registration. */
  readonly columns?: readonly DefinedColumn[];
}

export interface Definitions {
  readonly tables: readonly TableDefinition[];
  readonly views: readonly ViewDefinition[];
}

export interface CatalogStore {
  /** All of them: a deployment has thousands of tables at most. */
  load(): Promise<Definitions>;
  /** False when the name is taken and `replace` is not set. */
  putTable(table: TableDefinition, replace: boolean): Promise<boolean>;
  putView(view: ViewDefinition, replace: boolean): Promise<boolean>;
  /** False when there was none. */
  drop(kind: "table" | "view", schema: string, name: string): Promise<boolean>;
}

/** Names compare without case. */
export function definitionKey({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`.toLowerCase();
}

export class MemoryCatalogStore implements CatalogStore {
  readonly #tables = new Map<string, TableDefinition>();
  readonly #views = new Map<string, ViewDefinition>();

  async load(): Promise<Definitions> {
    return { tables: [...this.#tables.values()], views: [...this.#views.values()] };
  }

  async putTable(table: TableDefinition, replace: boolean): Promise<boolean> {
    const key = definitionKey(table);
    if (this.#tables.has(key) && !replace) return false;
    this.#tables.set(key, table);
    return true;
  }

  async putView(view: ViewDefinition, replace: boolean): Promise<boolean> {
    const key = definitionKey(view);
    if (this.#views.has(key) && !replace) return false;
    this.#views.set(key, view);
    return true;
  }

  async drop(kind: "table" | "view", schema: string, name: string): Promise<boolean> {
    return (kind === "table" ? this.#tables : this.#views).delete(definitionKey({ schema, name }));
  }
}
