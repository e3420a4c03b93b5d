/**
 * What a statement of a Trino client means here: a query for the service, with names and metadata tables put into our
 * terms, or an answer that needs no query. Works on tokens; what it does not know goes through as it is.
 */
import { types } from "../../arrow/types.ts";
import { QueryError, type Span, unsupported } from "../../errors.ts";
import { nearestName } from "../../expr/nearest-name.ts";
import type { ResultColumnInfo, TableInfo } from "../../service/query-service.ts";
import { spanOfToken, TokenReader } from "../../sql/token-reader.ts";
import { type Token, tokenize } from "../../sql/tokens.ts";
import { type Cell, describeRows, schemasOf } from "./metadata.ts";
import { rewriteNames } from "./rewrite-names.ts";
import { catalogName, encoded, type TrinoSession } from "./session.ts";

export type Translated =
  | { readonly kind: "query"; readonly sql: string }
  | {
      readonly kind: "answer";
      readonly columns: readonly ResultColumnInfo[];
      readonly rows: readonly (readonly Cell[])[];
      readonly headers: Readonly<Record<string, string>>;
      readonly updateType?: string;
    };

type Tables = () => Promise<readonly TableInfo[]>;

interface Statement {
  readonly sql: string;
  readonly reader: TokenReader;
  readonly session: TrinoSession;
  readonly tables: Tables;
}

export async function translate(text: string, session: TrinoSession, tables: Tables): Promise<Translated> {
  const sql = text.replace(/;\s*$/, "");
  const tokens = [...tokenize(sql)];
  if (tokens.length === 0) throw new QueryError("syntax", "there is no statement");
  const reader = new TokenReader(tokens);
  const statement: Statement = { sql, reader, session, tables };
  if (reader.accept("SHOW")) return show(statement);
  if (reader.accept("USE")) return use(reader);
  if (reader.accept("SET", "SESSION")) return setSession(statement);
  if (reader.accept("RESET", "SESSION")) {
    return done("RESET SESSION", { "x-trino-clear-session": dotted(reader, "a property") });
  }
  if (reader.accept("PREPARE")) return prepare(statement);
  if (reader.accept("DEALLOCATE", "PREPARE")) {
    return done("DEALLOCATE", { "x-trino-deallocated-prepare": encoded(dotted(reader, "a name")) });
  }
  if (reader.accept("EXECUTE")) return execute(statement);
  if (reader.accept("DESCRIBE", "OUTPUT") || reader.accept("DESCRIBE", "INPUT")) {
    throw unsupported("DESCRIBE of a prepared statement");
  }
  if (reader.accept("DESCRIBE") || reader.accept("DESC")) return showColumns(statement);
  if (reader.accept("COMMIT") || reader.accept("ROLLBACK"))
    return done("COMMIT", { "x-trino-clear-transaction-id": "true" });
  return { kind: "query", sql: await rewriteNames(sql, session, tables) };
}

async function show(statement: Statement): Promise<Translated> {
  const { reader, session, tables } = statement;
  if (reader.accept("CATALOGS")) return listed("Catalog", [catalogName, "system"], reader);
  if (reader.accept("SCHEMAS") || reader.accept("DATABASES")) {
    if (reader.accept("FROM") || reader.accept("IN")) knownCatalog(dotted(reader, "a catalog"));
    return listed("Schema", schemasOf(await tables()), reader);
  }
  if (reader.accept("TABLES")) {
    const from = reader.accept("FROM") || reader.accept("IN") ? reader.qualifiedName("a schema") : [];
    if (from.length > 1) knownCatalog(from[0]!.text);
    const schema = (from.at(-1)?.text ?? session.schema).toLowerCase();
    const all = await tables();
    if (!schemasOf(all).includes(schema)) throw new QueryError("not_found", `Schema '${schema}' does not exist`);
    return listed(
      "Table",
      all
        .filter((table) => table.schema.toLowerCase() === schema)
        .map(({ name }) => name)
        .sort(),
      reader,
    );
  }
  if (reader.accept("COLUMNS", "FROM") || reader.accept("COLUMNS", "IN")) return showColumns(statement);
  if (reader.accept("SESSION")) {
    const rows = [...session.properties].map(([name, value]) => [name, value, "", "varchar", ""]);
    return answer(["Name", "Value", "Default", "Type", "Description"], rows);
  }
  if (reader.accept("FUNCTIONS")) {
    return answer(["Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description"], []);
  }
  throw unsupported(`SHOW ${reader.peek()?.text ?? ""}`.trim());
}

async function showColumns({ reader, session, tables }: Statement): Promise<Translated> {
  const parts = reader.qualifiedName("a table").map(({ text }) => text.toLowerCase());
  if (parts.length > 2) knownCatalog(parts.shift()!);
  const [schema, name] = parts.length === 2 ? parts : [session.schema.toLowerCase(), parts[0]!];
  const all = await tables();
  const table = all.find((each) => each.schema.toLowerCase() === schema && each.name.toLowerCase() === name);
  if (table) return answer(["Column", "Type", "Extra", "Comment"], describeRows(table));
  const near = nearestName(
    name!,
    all.map((each) => each.name),
  );
  const hint = near ? { hint: `Did you mean ${near}?` } : {};
  throw new QueryError("unknown_table", `Table '${catalogName}.${schema}.${name}' does not exist`, hint);
}

function use(reader: TokenReader): Translated {
  const parts = reader.qualifiedName("a schema").map(({ text }) => text);
  const schema = { "x-trino-set-schema": parts.at(-1)! };
  if (parts.length === 1) return done("USE", schema);
  knownCatalog(parts[0]!);
  return done("USE", { "x-trino-set-catalog": parts[0]!, ...schema });
}

function setSession({ sql, reader }: Statement): Translated {
  const name = dotted(reader, "a property");
  reader.expect("=");
  const value = reader.next("a value");
  return done("SET SESSION", {
    "x-trino-set-session": `${name}=${encoded(value.kind === "string" ? value.text : sql.slice(value.start))}`,
  });
}

function prepare({ sql, reader }: Statement): Translated {
  const name = dotted(reader, "a name");
  reader.expect("FROM");
  const text = sql.slice(reader.next("a statement").start);
  return done("PREPARE", { "x-trino-added-prepare": `${encoded(name)}=${encoded(text)}` });
}

/** EXECUTE name USING …, or EXECUTE IMMEDIATE 'text' USING …: each ? becomes its expression. */
async function execute({ sql, reader, session, tables }: Statement): Promise<Translated> {
  const { text, span } = prepared(reader, session);
  const values = reader.accept("USING") ? expressions(sql, reader) : [];
  const marks = [...tokenize(text)].filter((token) => token.kind === "symbol" && token.text === "?");
  if (marks.length !== values.length) {
    throw new QueryError(
      "invalid_argument",
      `Incorrect number of parameters: expected ${marks.length} but found ${values.length}`,
      { span },
    );
  }
  let filled = "";
  let at = 0;
  for (const [i, mark] of marks.entries()) {
    filled += text.slice(at, mark.start) + values[i];
    at = mark.end;
  }
  return translate(filled + text.slice(at), session, tables);
}

function prepared(reader: TokenReader, session: TrinoSession): { readonly text: string; readonly span: Span } {
  const first = reader.peek();
  const span = first ? spanOfToken(first) : { line: 1, column: 1 };
  if (reader.accept("IMMEDIATE")) return { text: reader.string("a statement"), span };
  const name = dotted(reader, "the name of a prepared statement");
  const text = session.prepared.get(name);
  if (text === undefined) throw new QueryError("not_found", `Prepared statement not found: ${name}`, { span });
  return { text, span };
}

/** The texts between the commas of the outermost level. */
function expressions(sql: string, reader: TokenReader): readonly string[] {
  const texts: string[] = [];
  let depth = 0;
  let first: Token | undefined;
  let last: Token | undefined;
  const end = () => {
    if (!first) throw reader.unexpected("an expression");
    const text = sql.slice(first.start, last!.end);
    // LIMIT ? takes no parentheses; an expression of several tokens needs them.
    texts.push(first === last ? text : `(${text})`);
    first = undefined;
  };
  while (reader.peek()) {
    if (depth === 0 && reader.accept(",")) {
      end();
      continue;
    }
    last = reader.next("an expression");
    first ??= last;
    if (last.kind === "symbol") depth += last.text === "(" ? 1 : last.text === ")" ? -1 : 0;
  }
  end();
  return texts;
}

function knownCatalog(name: string): void {
  const lower = name.toLowerCase();
  if (lower !== catalogName && lower !== "system")
    throw new QueryError("not_found", `Catalog '${name}' does not exist`);
}

function dotted(reader: TokenReader, what: string): string {
  return reader
    .qualifiedName(what)
    .map(({ text }) => text)
    .join(".");
}

function done(updateType: string, headers: Readonly<Record<string, string>>): Translated {
  return { ...answer(["result"], [["true"]]), headers, updateType };
}

/** One column, through LIKE if the statement has one. */
function listed(column: string, names: readonly string[], reader: TokenReader): Translated {
  if (!reader.accept("LIKE"))
    return answer(
      [column],
      names.map((name) => [name]),
    );
  const pattern = reader.string("a pattern");
  const escaping = reader.accept("ESCAPE") ? reader.string("a character") : undefined;
  const like = likeExpression(pattern, escaping);
  return answer(
    [column],
    names.filter((name) => like.test(name)).map((name) => [name]),
  );
}

function likeExpression(pattern: string, escaping: string | undefined): RegExp {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === escaping && i + 1 < pattern.length) source += literally(pattern[++i]!);
    else source += char === "%" ? ".*" : char === "_" ? "." : literally(char);
  }
  return new RegExp(`^${source}$`, "su");
}

function answer(names: readonly string[], rows: readonly (readonly Cell[])[]): Translated & { kind: "answer" } {
  return {
    kind: "answer",
    columns: names.map((name) => ({ name, type: types.varchar, nullable: true })),
    rows,
    headers: {},
  };
}

function literally(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
}
