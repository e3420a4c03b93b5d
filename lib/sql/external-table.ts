/**
 * CREATE [OR REPLACE] EXTERNAL TABLE [IF NOT EXISTS] name [(column type, …)] STORED AS PARQUET|CSV
 * [PARTITIONED BY (key [type], …)] [WITH HEADER ROW] [DELIMITER 'c'] LOCATION 'path' [OPTIONS (name 'value', …)]
 */
import { type Span, unsupported } from "../errors.ts";
import { syntaxError } from "./converter.ts";
import type { CreateExternalTableStatement } from "./statement-ast.ts";
import { spanOfToken, type TokenReader } from "./token-reader.ts";
import type { Token } from "./tokens.ts";

export interface ExternalTable extends Omit<CreateExternalTableStatement, "columns" | "partitionedBy"> {
  /** The tokens of the column list, from ( to ), for the parser library to read. */
  readonly columnTokens: readonly Token[];
  /** The keys of PARTITIONED BY: the tokens of each, a name and perhaps a type. */
  readonly partitionTokens: readonly (readonly Token[])[];
}

/** Spellings of options in other engines. */
const optionNames: Readonly<Record<string, string>> = {
  header: "header",
  has_header: "header",
  delim: "delimiter",
  sep: "delimiter",
  delimiter: "delimiter",
  quote: "quote",
  escape: "escape",
  null: "null",
  nullstr: "null",
  null_value: "null",
};

/** Reads the statement behind CREATE [OR REPLACE] EXTERNAL TABLE. */
export function readExternalTable(reader: TokenReader, orReplace: boolean): ExternalTable {
  const ifNotExists = reader.accept("IF", "NOT", "EXISTS");
  const name = reader.qualifiedName("the table's name");
  const columnTokens = reader.peek()?.text === "(" ? readParentheses(reader) : [];
  let format: "parquet" | "csv" | undefined;
  let location: string | undefined;
  let partitionTokens: readonly (readonly Token[])[] = [];
  const options: Record<string, string> = {};
  while (reader.peek()) {
    if (reader.accept("STORED", "AS")) format = readFormat(reader);
    else if (reader.accept("LOCATION")) location = reader.string("the location");
    else if (reader.accept("WITH", "HEADER", "ROW")) options.header = "true";
    else if (reader.accept("PARTITIONED", "BY")) partitionTokens = listItems(readParentheses(reader));
    else if (reader.accept("DELIMITER")) options.delimiter = reader.string("the delimiter");
    else if (reader.accept("OPTIONS") || reader.accept("WITH")) Object.assign(options, readOptions(reader));
    else throw reader.unexpected("STORED AS, PARTITIONED BY, LOCATION or OPTIONS");
  }
  if (!format) throw reader.unexpected("STORED AS PARQUET or STORED AS CSV");
  if (location === undefined) throw reader.unexpected("LOCATION '…'");
  const table = { name, ifNotExists, orReplace, columnTokens, partitionTokens, format, location, options };
  return { kind: "create_external_table", ...table };
}

function readFormat(reader: TokenReader): "parquet" | "csv" {
  const token = reader.next("PARQUET or CSV");
  const format = token.text.toLowerCase();
  if (format === "parquet" || format === "csv") return format;
  throw unsupported(`STORED AS ${token.text.toUpperCase()}`, spanOfToken(token));
}

/** `(name value, …)`: names may be quoted and carry a prefix such as `format.`; values are strings, numbers or words. */
function readOptions(reader: TokenReader): Record<string, string> {
  const options: Record<string, string> = {};
  reader.expect("(");
  do {
    const start = reader.peek();
    const span: Span | undefined = start && spanOfToken(start);
    const written = start?.kind === "string" ? reader.next("an option").text : optionName(reader);
    const name = optionNames[written.toLowerCase().replace(/^(format|csv)\./, "")];
    if (!name)
      throw syntaxError(
        `unknown option ${written}`,
        span,
        `known: ${[...new Set(Object.values(optionNames))].join(", ")}`,
      );
    reader.accept("=");
    options[name] = reader.next("a value").text;
  } while (reader.accept(","));
  reader.expect(")");
  return options;
}

function optionName(reader: TokenReader): string {
  return reader
    .qualifiedName("an option")
    .map((part) => part.text)
    .join(".");
}

function readParentheses(reader: TokenReader): readonly Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  do {
    const token = reader.next(")");
    tokens.push(token);
    if (token.kind === "symbol" && token.text === "(") depth++;
    if (token.kind === "symbol" && token.text === ")") depth--;
  } while (depth > 0);
  return tokens;
}

/** What stands between the commas of a list in parentheses. */
function listItems(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const items: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(1, -1)) {
    if (token.kind === "symbol" && token.text === "(") depth++;
    if (token.kind === "symbol" && token.text === ")") depth--;
    if (depth === 0 && token.kind === "symbol" && token.text === ",") items.push([]);
    else items.at(-1)!.push(token);
  }
  const empty = items.some((item) => item.length === 0);
  if (empty) throw syntaxError("PARTITIONED BY needs the names of its keys", spanOfToken(tokens.at(-1)!));
  return items;
}
