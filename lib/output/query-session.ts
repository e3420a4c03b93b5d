/** What every session does, whether it runs queries in this process or sends them away. */
import type { PathOptions } from "../catalog/table-source.ts";
import type { ParameterValues } from "../expr/parameters.ts";
import type { QueryAnswer } from "./query-answer.ts";

/** What goes with one statement. */
export interface StatementOptions {
  /** Values of $1, $2, … or ?, or of $name by name. */
  readonly parameters?: ParameterValues;
  readonly signal?: AbortSignal;
  /** Handles of queries are only drawn (`graph`); nothing of them runs. @internal */
  readonly planOnly?: boolean;
}

/** A table or view that queries may name. */
export interface DescribedTable {
  readonly schema: string;
  readonly name: string;
  /** Types in their SQL spelling. */
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
}

/** SessionContext and RemoteSession: close it when done. */
export interface QuerySession extends AsyncDisposable {
  /** Plans one statement; anything but a query is done on return. */
  sql(text: string, options?: StatementOptions): Promise<QueryAnswer>;
  /** Statements separated by `;`, one after the other; gives a handle for each. */
  script(text: string, options?: StatementOptions): AsyncGenerator<QueryAnswer>;
  tables(): Promise<readonly DescribedTable[]>;
  registerParquet(name: string, path: string | readonly string[]): Promise<void>;
  registerCsv(name: string, path: string | readonly string[], options?: PathOptions): Promise<void>;
  close(): Promise<void>;
}
