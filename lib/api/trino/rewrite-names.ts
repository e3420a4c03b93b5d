/**
 * Names of a Trino query in our terms: `volley.default.t` is `t`; information_schema and system tables become their rows;
 * the session's schema goes before plain table names; version() and current_catalog are constants. Places in the text stay
 * where they were as far as possible, for errors to point at.
 */
import type { TableInfo } from "../../service/query-service.ts";
import { type Token, tokenize } from "../../sql/tokens.ts";
import { version } from "../../version.ts";
import { asValues, metadataTable } from "./metadata.ts";
import { catalogName, defaultSchema, type TrinoSession } from "./session.ts";

/** Words that may stand behind a table and are no alias of it. */
const afterTable = new Set(
  "where group order having limit offset fetch union intersect except join inner left right full cross natural on using window tablesample".split(
    " ",
  ),
);
const beforeTable = new Set(["from", "join"]);

/** A name of one or more parts. */
interface Chain {
  readonly parts: readonly string[];
  readonly tokens: readonly Token[];
  readonly before: Token | undefined;
  readonly after: Token | undefined;
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export async function rewriteNames(
  sql: string,
  session: TrinoSession,
  tables: () => Promise<readonly TableInfo[]>,
): Promise<string> {
  const chains = [...chainsOf([...tokenize(sql)])];
  const needsTables = chains.some((chain) => looksQualified(chain)) || session.schema.toLowerCase() !== defaultSchema;
  const known = needsTables ? await tables() : [];
  const edits = chains.map((chain) => edit(chain, session, known)).filter((each) => each !== undefined);
  let text = "";
  let at = 0;
  for (const each of edits) {
    text += sql.slice(at, each.from) + each.text;
    at = each.to;
  }
  return text + sql.slice(at);
}

function looksQualified({ parts }: Chain): boolean {
  return parts.length > 1;
}

function* chainsOf(tokens: readonly Token[]): Generator<Chain> {
  const isName = (token: Token | undefined) => token?.kind === "word" || token?.kind === "name";
  for (let i = 0; i < tokens.length; i++) {
    if (!isName(tokens[i])) continue;
    const start = i;
    while (tokens[i + 1]?.text === "." && tokens[i + 1]?.kind === "symbol" && isName(tokens[i + 2])) i += 2;
    const all = tokens.slice(start, i + 1);
    const parts = all.filter((_, at) => at % 2 === 0).map(({ text }) => text.toLowerCase());
    yield { parts, tokens: all, before: tokens[start - 1], after: tokens[i + 1] };
  }
}

function edit(chain: Chain, session: TrinoSession, tables: readonly TableInfo[]): Edit | undefined {
  const { parts, tokens, after } = chain;
  if (parts.length === 1 && tokens[0]!.kind === "word") {
    const constant = constantOf(chain, session);
    if (constant !== undefined) return constant;
  }
  const inCatalog = parts.length > 2 && parts[0] === catalogName;
  const own = inCatalog ? parts.slice(1) : parts;
  const qualified = qualify(own, chain, session, tables);
  const name = qualified.join(".");
  const found = inTablePosition(chain) ? metadataTable(name, tables) : undefined;
  if (found) return replaced(chain, asValues(found) + (hasAlias(after) ? "" : ` as "${qualified.at(-1)}"`));
  // A column of such a table by the table's full name.
  if (qualified.length > 2 && metadataTable(qualified.slice(0, -1).join("."), tables)) {
    return replaced(chain, qualified.slice(-2).map(quoted).join("."));
  }
  const isDefault = qualified[0] === defaultSchema && qualified.length > 1;
  const isKnown =
    qualified.length > 1 &&
    tables.some(({ schema, name }) => sameName(schema, defaultSchema) && sameName(name, qualified[1]!));
  const plain = isDefault && (isKnown || inTablePosition(chain));
  const dropped = parts.length - own.length + (plain && own.length === qualified.length ? 1 : 0);
  if (dropped > 0) {
    const kept = tokens.slice(dropped * 2).map((token) => (token.kind === "name" ? quoted(token.text) : token.text));
    return replaced(chain, kept.join(""));
  }
  return qualified.length > own.length && !plain ? replaced(chain, qualified.map(quoted).join(".")) : undefined;
}

/** Puts the session's schema before a plain name that it has a table of. */
function qualify(
  parts: readonly string[],
  chain: Chain,
  session: TrinoSession,
  tables: readonly TableInfo[],
): readonly string[] {
  const schema = session.schema.toLowerCase();
  if (parts.length > 1 || schema === defaultSchema || !inTablePosition(chain)) return parts;
  const known = metadataTable(`${schema}.${parts[0]}`, tables) !== undefined;
  const has = tables.some((table) => table.schema.toLowerCase() === schema && table.name.toLowerCase() === parts[0]);
  return known || has ? [schema, ...parts] : parts;
}

/** Behind FROM, JOIN, or the comma of a list of tables; a comma may be any, but then no known table's name is hit. */
function inTablePosition({ before, parts }: Chain): boolean {
  if (before?.kind === "word" && beforeTable.has(before.text.toLowerCase())) return true;
  return before?.text === "," && parts.length > 1;
}

function hasAlias(after: Token | undefined): boolean {
  if (after?.kind === "name") return true;
  return after?.kind === "word" && !afterTable.has(after.text.toLowerCase());
}

function constantOf(chain: Chain, session: TrinoSession): Edit | undefined {
  const { parts, tokens, before, after } = chain;
  if (before?.text === "." || (before?.kind === "word" && /^(as|from|join)$/i.test(before.text))) return undefined;
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const [token] = tokens as [Token];
  const isCall = after?.text === "(";
  switch (parts[0]) {
    case "version":
      // The parenthesis behind it must be empty: "version" "(" ")".
      return isCall ? { from: token.start, to: after!.end, text: `concat(${literal(`volley ${version}`)}` } : undefined;
    case "current_catalog":
      return isCall ? undefined : replaced(chain, literal(session.catalog));
    case "current_schema":
      return isCall ? undefined : replaced(chain, literal(session.schema));
    case "current_user":
      return isCall ? undefined : replaced(chain, literal(session.user));
    default:
      return undefined;
  }
}

/** Blanks before a shorter text keep what follows where it was. */
function replaced({ tokens }: Chain, text: string): Edit {
  const from = tokens[0]!.start;
  const to = tokens.at(-1)!.end;
  return { from, to, text: text.padStart(to - from) };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
