/** Completion in the shell: keywords, tables, the columns of tables, dot commands. */
import { dotCommands } from "./dot-commands.ts";
import type { KnownTables } from "./known-tables.ts";

// biome-ignore format: a word list
const keywords = [
  "select", "from", "where", "group by", "order by", "having", "limit", "offset", "join", "left join", "inner join",
  "full join", "cross join", "on", "using", "union all", "intersect", "except", "with", "as", "distinct", "case", "when",
  "then", "else", "end", "between", "like", "in", "exists", "is null", "is not null", "explain", "explain analyze",
  "describe", "show tables", "create view", "create external table", "values", "desc", "nulls first", "nulls last",
  "read_parquet(", "read_csv(", "count(", "sum(", "avg(", "min(", "max(", "cast(", "extract(", "date", "interval",
];

/** The completions of the last word of a line, and that word, as readline wants them. */
export function complete(line: string, tables: KnownTables): [string[], string] {
  const command = /^\s*(\.\w*)$/.exec(line)?.[1];
  if (command !== undefined) return [startingWith(Object.keys(dotCommands), command), command];
  const [, qualifier, start] = /(?:(\w+)\.)?(\w*)$/.exec(line)!;
  if (qualifier !== undefined) return [startingWith(columnsOf(tables, qualifier), start!), start!];
  if (start === "") return [[], ""];
  if (/^\s*\.schema\s/.test(line)) return [startingWith([...tables.keys()], start!), start!];
  return [startingWith([...keywords, ...tables.keys(), ...[...tables.values()].flat()], start!), start!];
}

function columnsOf(tables: KnownTables, name: string): readonly string[] {
  const found = [...tables].find(([table]) => table.toLowerCase() === name.toLowerCase());
  // The qualifier may be an alias, which only the whole statement could tell.
  return found?.[1] ?? [...tables.values()].flat();
}

function startingWith(words: readonly string[], start: string): string[] {
  const hits = words.filter((word) => word.toLowerCase().startsWith(start.toLowerCase()));
  return [...new Set(hits)].sort();
}
