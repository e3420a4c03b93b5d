/** SQL text to syntax trees. */

import type { DataType } from "../arrow/types.ts";
import { QueryError, type Span } from "../errors.ts";
import type { ExplainMode, Name } from "./ast.ts";
import { convertQuery } from "./convert-query.ts";
import { convertStatement } from "./convert-statement.ts";
import { convertColumns } from "./convert-table-statement.ts";
import { type Converter, syntaxError } from "./converter.ts";
import { readExternalTable } from "./external-table.ts";
import { takeExclusions } from "./frame-exclusions.ts";
import { parseWithLibrary } from "./parser-library.ts";
import { Grouping } from "./precedence.ts";
import { Source } from "./source.ts";
import type { ColumnDefinition, Statement } from "./statement-ast.ts";
import { spanOfToken, TokenReader } from "./token-reader.ts";
import { splitStatements, type Token } from "./tokens.ts";

/**
 * The statements of a text, which are separated by semicolons.
 * Fails with a QueryError: `syntax` for text that is not SQL, `unsupported` for SQL that Volley does not speak; both with
 * a span where the place is known.
 */
export async function parse(text: string): Promise<Statement[]> {
  const statements: Statement[] = [];
  for (const tokens of splitStatements(text)) statements.push(await parseStatement(text, tokens));
  return statements;
}

async function parseStatement(text: string, tokens: readonly Token[]): Promise<Statement> {
  const reader = new TokenReader(tokens);
  if (reader.accept("EXPLAIN")) return parseExplain(text, tokens, reader);
  const orReplace = tokens[1]?.text.toUpperCase() === "OR";
  if (reader.accept("CREATE", "EXTERNAL", "TABLE") || reader.accept("CREATE", "OR", "REPLACE", "EXTERNAL", "TABLE")) {
    const { columnTokens, partitionTokens, ...table } = readExternalTable(reader, orReplace);
    const columns = columnTokens.length > 0 ? await parseColumns(text, columnTokens) : [];
    const partitionedBy: { name: Name; type?: DataType }[] = [];
    for (const tokens of partitionTokens) {
      if (tokens.length === 1) partitionedBy.push({ name: new TokenReader(tokens).qualifiedName("a key")[0]! });
      else partitionedBy.push(...(await parseColumns(text, tokens, "(", ")")));
    }
    return { ...table, columns, partitionedBy };
  }
  const { converter, raw } = await parseTokens(text, tokens);
  return convertStatement(converter, raw, viewText(text, tokens));
}

async function parseColumns(
  text: string,
  tokens: readonly Token[],
  open = "",
  close = "",
): Promise<ColumnDefinition[]> {
  const { converter, raw } = await parseTokens(text, tokens, `CREATE TABLE t ${open}`, close);
  return [...convertColumns(converter, raw)];
}

const explainModes: ReadonlySet<string> = new Set(["LOGICAL", "PHYSICAL", "STAGES", "GRAPH", "COST"]);

/** EXPLAIN [ANALYZE] [(LOGICAL | PHYSICAL | STAGES | GRAPH | COST | ANALYZE)] query */
async function parseExplain(text: string, tokens: readonly Token[], reader: TokenReader): Promise<Statement> {
  let analyze = reader.accept("ANALYZE");
  let mode: ExplainMode = "default";
  const word = reader.peek(1)?.text.toUpperCase() ?? "";
  const options =
    reader.peek()?.text === "(" &&
    reader.peek(1)?.kind === "word" &&
    !["SELECT", "WITH", "VALUES", "FROM"].includes(word);
  if (options) {
    reader.accept("(");
    do {
      const option = reader.next("LOGICAL, PHYSICAL, STAGES, GRAPH or COST");
      const name = option.text.toUpperCase();
      if (explainModes.has(name)) mode = name.toLowerCase() as ExplainMode;
      else if (name === "ANALYZE") analyze = true;
      else
        throw syntaxError(
          `unknown EXPLAIN option ${option.text}`,
          spanOfToken(option),
          "known: LOGICAL, PHYSICAL, STAGES, GRAPH, COST, ANALYZE",
        );
    } while (reader.accept(","));
    reader.expect(")");
  }
  const rest = tokens.slice(tokens.indexOf(reader.peek() ?? tokens[0]!));
  if (!reader.peek()) throw reader.unexpected("a query");
  const inner = await parseStatement(text, rest);
  if (inner.kind !== "query") throw syntaxError("EXPLAIN takes a query", spanOfToken(rest[0]!));
  return { kind: "explain", mode, analyze, query: inner.query };
}

/** Parses the text that a run of tokens covers; places in the result are places in the whole text. */
async function parseTokens(
  text: string,
  tokens: readonly Token[],
  prefix = "",
  suffix = "",
): Promise<{ converter: Converter; raw: unknown }> {
  const [first, last] = [tokens[0]!, tokens.at(-1)!];
  const { blanked, exclusions } = takeExclusions(text, tokens);
  const sql = prefix + blanked.slice(first.start, last.end) + suffix;
  const source = new Source(sql, first.line, first.column - prefix.length);
  const parameters = new Map<string, number>();
  for (const token of tokens) {
    if (token.kind === "symbol" && token.text === "?")
      parameters.set(`${token.line}:${token.column}`, parameters.size + 1);
  }
  const converter: Converter = {
    source,
    grouping: new Grouping(),
    exclusionAt: (span) => exclusions.get(`${span.line}:${span.column}`),
    parameterAt: (span) => parameters.get(`${span.line}:${span.column}`)!,
    placeOfString: (value) => {
      const token = tokens.find((other) => other.kind === "string" && other.text === value);
      return token && spanOfToken(token);
    },
    query: (raw) => convertQuery(converter, raw),
  };
  const statements = await parseWithLibrary(sql).catch((thrown: unknown) => {
    throw asQueryError(thrown, source);
  });
  if (statements.length !== 1) throw syntaxError("expected one statement", source.start);
  return { converter, raw: statements[0] };
}

/** The library's `sql parser error: Expected: …, found: … at Line: 1, Column: 8`, as ours. */
function asQueryError(thrown: unknown, source: Source): QueryError {
  if (thrown instanceof QueryError) return thrown;
  const text = String((thrown as { message?: unknown } | undefined)?.message ?? thrown);
  const place = / at Line: (\d+), Column: (\d+)/.exec(text);
  const message = text.replace(place?.[0] ?? "", "").replace(/^sql parser error: /, "");
  if (message === "recursion limit exceeded") {
    return syntaxError("the query is nested too deeply", source.start);
  }
  const span: Span = place ? source.place(Number(place[1]), Number(place[2])) : source.end;
  return syntaxError(readable(message), span);
}

/** `Expected: identifier, found: EOF` reads `Expected identifier, found the end of the query`. */
function readable(message: string): string {
  return message
    .replace(/^Expected: /, "expected ")
    .replace(/found: EOF$/, "found the end of the query")
    .replace(/found: /, "found ")
    .replace(/Token(?:Word)?\(?Word\(?Word \{ value: "([^"]*)".*$/, "$1")
    .replace(/^U(nterminated)/, "u$1")
    .replace(/^No infix parser for token .*value: "([^"]*)".*$/, "unexpected $1");
}

/** What CREATE VIEW … AS stands for: the text behind the AS. */
function viewText(text: string, tokens: readonly Token[]): string {
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "symbol") depth += token.text === "(" ? 1 : token.text === ")" ? -1 : 0;
    const next = tokens[index + 1];
    if (depth === 0 && token.kind === "word" && token.text.toUpperCase() === "AS" && next) {
      return text.slice(next.start, tokens.at(-1)!.end);
    }
  }
  return text;
}
