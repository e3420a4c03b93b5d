/**
 * What a statement of a Trino client means here: a query for the service, with names and metadata tables put into our
 * terms, or an answer that needs no query. Works on tokens; what it does not know goes through as it is.
 */
import { randomUUID } from "node:crypto";
import { QueryError, unsupported } from "../../errors.ts";
import { TokenReader } from "../../sql/token-reader.ts";
import { tokenize } from "../../sql/tokens.ts";
import { type Answer, answer, done } from "./answer.ts";
import { dottedName, type Knowledge, knownCatalog, knownSchema, type Statement } from "./context.ts";
import { TrinoFailure } from "./errors.ts";
import { deallocate, describePrepared, execute, prepare } from "./prepared.ts";
import { rewriteNames } from "./rewrite-names.ts";
import { encoded, type TrinoSession } from "./session.ts";
import { show, showColumns } from "./show.ts";

export type Translated = { readonly kind: "query"; readonly sql: string } | Answer;

export async function translate(text: string, session: TrinoSession, knowledge: Knowledge): Promise<Translated> {
  const sql = text.replace(/;\s*$/, "");
  const tokens = [...tokenize(sql)];
  if (tokens.length === 0) throw new QueryError("syntax", "there is no statement");
  const reader = new TokenReader(tokens);
  const statement: Statement = { sql, reader, session, knowledge };
  if (reader.accept("SHOW")) return show(statement);
  if (reader.accept("USE")) return use(statement);
  if (reader.accept("SET")) return set(statement);
  if (reader.accept("RESET", "SESSION")) {
    return done("RESET SESSION", { "x-trino-clear-session": dottedName(reader, "a property") });
  }
  if (reader.accept("PREPARE")) return prepare(statement);
  if (reader.accept("DEALLOCATE", "PREPARE")) return deallocate(statement);
  if (reader.accept("EXECUTE")) {
    const { filled } = execute(statement);
    return translate(filled, session, knowledge);
  }
  if (reader.accept("DESCRIBE", "OUTPUT")) return describePrepared(statement, "output");
  if (reader.accept("DESCRIBE", "INPUT")) return describePrepared(statement, "input");
  if (reader.accept("DESCRIBE") || reader.accept("DESC")) return showColumns(statement);
  if (reader.accept("START", "TRANSACTION")) return startTransaction(statement);
  for (const end of ["COMMIT", "ROLLBACK"]) {
    if (reader.accept(end)) return done(end, { "x-trino-clear-transaction-id": "true" });
  }
  if (reader.accept("EXPLAIN", "(")) return explain(statement);
  return { kind: "query", sql: await rewriteNames(sql, session, knowledge.tables) };
}

/** Trino's options in our words; ours stay. What is shown is Volley's own. */
async function explain({ sql, reader, session, knowledge }: Statement): Promise<Translated> {
  const { type, format } = explainOptions(reader);
  const rest = reader.next("a query").start;
  if (type === "VALIDATE") {
    await knowledge.columnsOf(await rewriteNames(sql.slice(rest), session, knowledge.tables));
    return answer(["Valid:boolean"], [[true]]);
  }
  const mode = format === "GRAPHVIZ" ? "GRAPH" : type;
  // Places in the query stay what they are.
  const text = `EXPLAIN ${mode ? `(${mode}) ` : ""}`.padEnd(rest) + sql.slice(rest);
  return { kind: "query", sql: await rewriteNames(text, session, knowledge.tables) };
}

const explainTypes: Readonly<Record<string, string>> = { DISTRIBUTED: "STAGES", VALIDATE: "VALIDATE" };

function explainOptions(reader: TokenReader): { readonly type?: string; readonly format?: string } {
  let options: { type?: string; format?: string } = {};
  do {
    const name = reader.next("an option").text.toUpperCase();
    const hasValue = name === "TYPE" || name === "FORMAT";
    const value = hasValue ? reader.next("a value").text.toUpperCase() : name;
    if (value === "IO" || value === "JSON") throw unsupported(`EXPLAIN (${name} ${value})`);
    options = name === "FORMAT" ? { ...options, format: value } : { ...options, type: explainTypes[value] ?? value };
  } while (reader.accept(","));
  reader.expect(")");
  return options;
}

/** A schema that is not there is told now, not at the next statement. */
async function use({ reader, knowledge }: Statement): Promise<Answer> {
  const parts = reader.qualifiedName("a schema").map(({ text }) => text);
  const schema = parts.at(-1)!;
  if (parts.length > 1) knownCatalog(parts[0]!);
  await knownSchema(schema, knowledge);
  const headers = { "x-trino-set-schema": schema };
  return done("USE", parts.length > 1 ? { "x-trino-set-catalog": parts[0]!, ...headers } : headers);
}

function set({ sql, reader }: Statement): Answer {
  if (reader.accept("TIME", "ZONE")) {
    const zone = reader.accept("LOCAL") ? "UTC" : reader.string("a time zone");
    if (/^(UTC|GMT|Z|[+-]?00?:00)$/i.test(zone)) return done("SET TIME ZONE");
    throw unsupported(`a session time zone other than UTC (AT TIME ZONE converts): ${zone}`);
  }
  if (reader.accept("ROLE")) {
    if (reader.accept("ALL") || reader.accept("NONE")) return done("SET ROLE");
    throw new TrinoFailure("ROLE_NOT_FOUND", `Role '${reader.next("a role").text}' does not exist`);
  }
  reader.expect("SESSION");
  if (reader.accept("AUTHORIZATION")) throw unsupported("SET SESSION AUTHORIZATION");
  const name = dottedName(reader, "a property");
  reader.expect("=");
  const value = reader.next("a value");
  const text = value.kind === "string" ? value.text : sql.slice(value.start);
  return done("SET SESSION", { "x-trino-set-session": `${name}=${encoded(text)}` });
}

/** Nothing is written in it, and each statement reads the tables as they are when it starts. */
function startTransaction({ reader, session }: Statement): Answer {
  if (session.transaction !== undefined) throw unsupported("a transaction in a transaction");
  do {
    if (reader.accept("ISOLATION", "LEVEL")) {
      if (reader.accept("READ", "UNCOMMITTED") || reader.accept("READ", "COMMITTED")) continue;
      const level = reader.accept("SERIALIZABLE") ? "SERIALIZABLE" : "REPEATABLE READ";
      throw new TrinoFailure("UNSUPPORTED_ISOLATION_LEVEL", `Volley reads with READ COMMITTED, not ${level}`);
    }
    if (!(reader.accept("READ", "ONLY") || reader.accept("READ", "WRITE"))) break;
  } while (reader.accept(","));
  return done("START TRANSACTION", { "x-trino-started-transaction-id": randomUUID() });
}
