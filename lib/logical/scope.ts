/** Which columns a name can mean at a place of the query. */
import { nestedOf } from "../arrow/types.ts";
import { QueryError, type Span } from "../errors.ts";
import type { Column } from "../expr/expr.ts";
import { nearestName } from "../expr/nearest-name.ts";
import type { Name } from "../sql/ast.ts";

/** One column as names see it. */
export interface ScopeColumn {
  readonly column: Column;
  /** What qualifies it, lower case, outermost first: ["t"], ["schema", "t"]; empty for a column merged by USING. */
  readonly path: readonly string[];
  /** Found by its bare name, and part of `*`: not so the second of two columns merged by USING. */
  readonly bare: boolean;
  /** Found by `t.column`, and part of `t.*`. False: a merged column beside the two it came from. */
  readonly qualified: boolean;
}

/** The columns of one FROM clause; `outer` are those of the queries around it. */
export class Scope {
  readonly columns: readonly ScopeColumn[];
  readonly outer: Scope | undefined;

  constructor(columns: readonly ScopeColumn[], outer: Scope | undefined) {
    this.columns = columns;
    this.outer = outer;
  }

  /** The column of a name in this FROM clause or, failing that, in an outer one; undefined when there is none. */
  find(parts: readonly Name[]): Column | undefined {
    const matches = this.#matches(parts.map((part) => part.text.toLowerCase()));
    if (matches.length > 1) throw ambiguous(parts, matches);
    return matches[0]?.column ?? this.outer?.find(parts);
  }

  /**
   * The column of a name, and the fields inside of it that the rest of the name says. A table's column comes before a
   * struct's field, and what this FROM clause has before what an outer one has.
   */
  resolve(parts: readonly Name[]): { readonly column: Column; readonly fields: readonly Name[] } | undefined {
    const lower = parts.map((part) => part.text.toLowerCase());
    for (let length = parts.length; length > 0; length--) {
      const found = this.#matches(lower.slice(0, length));
      const matches = length === parts.length ? found : found.filter(({ column }) => hasFields(column));
      if (matches.length > 1) throw ambiguous(parts.slice(0, length), matches);
      if (matches[0]) return { column: matches[0].column, fields: parts.slice(length) };
    }
    return this.outer?.resolve(parts);
  }

  #matches(parts: readonly string[]): readonly ScopeColumn[] {
    const name = parts.at(-1)!;
    const path = parts.slice(0, -1);
    return this.columns.filter((entry) => {
      if (entry.column.name.toLowerCase() !== name) return false;
      return path.length === 0 ? entry.bare : entry.qualified && pathEndsWith(entry.path, path);
    });
  }

  /** The columns of `*`. */
  get star(): readonly Column[] {
    return this.columns.filter((entry) => entry.bare).map((entry) => entry.column);
  }

  /** The columns of `t.*`; undefined when there is no t. */
  starOf(table: readonly Name[]): readonly Column[] | undefined {
    const path = table.map((part) => part.text.toLowerCase());
    const found = this.columns.filter((entry) => entry.qualified && pathEndsWith(entry.path, path));
    return found.length > 0 ? found.map((entry) => entry.column) : undefined;
  }

  /** The error of a name that `find` did not find. */
  unknown(parts: readonly Name[], alsoKnown: Iterable<string> = []): QueryError {
    const written = parts.map((part) => part.text).join(".");
    const span = spanOfNames(parts);
    const table = parts.slice(0, -1);
    if (table.length > 0 && !this.#hasTable(table)) {
      const hint = near(table.at(-1)!.text, this.#tables());
      return new QueryError(
        "unknown_table",
        `there is no table ${written.slice(0, written.lastIndexOf("."))} in FROM`,
        {
          span,
          ...hint,
        },
      );
    }
    const known = table.length > 0 ? this.#columnsOf(table) : [...this.#bareNames(), ...alsoKnown];
    return new QueryError("unknown_column", `there is no column ${written}`, {
      span,
      ...near(parts.at(-1)!.text, known),
    });
  }

  #hasTable(table: readonly Name[]): boolean {
    return this.starOf(table) !== undefined || (this.outer ? this.outer.#hasTable(table) : false);
  }

  #columnsOf(table: readonly Name[]): readonly string[] {
    return this.starOf(table)?.map((column) => column.name) ?? (this.outer ? this.outer.#columnsOf(table) : []);
  }

  #bareNames(): readonly string[] {
    return [...this.star.map((column) => column.name), ...(this.outer ? this.outer.#bareNames() : [])];
  }

  #tables(): readonly string[] {
    return [...this.columns.map((entry) => entry.path.at(-1) ?? ""), ...(this.outer ? this.outer.#tables() : [])];
  }

  /** The error of `t.*` without a t. */
  unknownTable(table: readonly Name[]): QueryError {
    const written = table.map((part) => part.text).join(".");
    return new QueryError("unknown_table", `there is no table ${written} in FROM`, {
      span: spanOfNames(table),
      ...near(table.at(-1)!.text, this.#tables()),
    });
  }
}

function hasFields({ type }: Column): boolean {
  const nested = nestedOf(type);
  return nested?.kind === "struct" || nested?.kind === "json";
}

function pathEndsWith(path: readonly string[], end: readonly string[]): boolean {
  const start = path.length - end.length;
  return start >= 0 && end.every((part, i) => part === path[start + i]);
}

function ambiguous(parts: readonly Name[], matches: readonly ScopeColumn[]): QueryError {
  const written = parts.map((part) => part.text).join(".");
  const name = parts.at(-1)!.text;
  const choices = [...new Set(matches.map((match) => [...match.path, name].join(".")))];
  return new QueryError("ambiguous_column", `the column ${written} is ambiguous`, {
    span: spanOfNames(parts),
    ...(choices.length > 1 && { hint: `write ${choices.slice(0, 4).join(" or ")}` }),
  });
}

/** The hint that names the nearest known name. */
export function near(name: string, known: Iterable<string>): { hint?: string } {
  const found = nearestName(name, known);
  return found ? { hint: `did you mean ${found}?` } : {};
}

export function spanOfNames(parts: readonly Name[]): Span {
  const [first, last] = [parts[0]!.span, parts.at(-1)!.span];
  return { ...first, endLine: last.endLine ?? last.line, endColumn: last.endColumn ?? last.column };
}
