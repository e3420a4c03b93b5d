/** Prepared statements: the client keeps their texts and sends them along; each ? becomes its expression. */
import { types } from "../../arrow/types.ts";
import { QueryError, type Span } from "../../errors.ts";
import { spanOfToken, type TokenReader } from "../../sql/token-reader.ts";
import { type Token, tokenize } from "../../sql/tokens.ts";
import { type Answer, answer, done } from "./answer.ts";
import { dottedName, type Statement } from "./context.ts";
import { TrinoFailure } from "./errors.ts";
import { rewriteNames } from "./rewrite-names.ts";
import { encoded, type TrinoSession } from "./session.ts";
import { trinoType } from "./types.ts";

export function prepare({ sql, reader }: Statement): Answer {
  const name = dottedName(reader, "a name");
  reader.expect("FROM");
  const text = sql.slice(reader.next("a statement").start);
  return done("PREPARE", { "x-trino-added-prepare": `${encoded(name)}=${encoded(text)}` });
}

export function deallocate({ reader }: Statement): Answer {
  return done("DEALLOCATE", { "x-trino-deallocated-prepare": encoded(dottedName(reader, "a name")) });
}

/** EXECUTE name USING …, or EXECUTE IMMEDIATE 'text' USING … */
export function execute({ sql, reader, session }: Statement): { readonly filled: string } {
  const { text, span } = prepared(reader, session);
  const values = reader.accept("USING") ? expressions(sql, reader) : [];
  const marks = marksOf(text);
  if (marks.length !== values.length) {
    const message = `Incorrect number of parameters: expected ${marks.length} but found ${values.length}`;
    throw new TrinoFailure("INVALID_PARAMETER_USAGE", message, { span });
  }
  return { filled: filled(text, marks, values) };
}

/** What a prepared statement takes, or gives. Types of parameters are not known before there are values. */
export async function describePrepared(
  { reader, session, knowledge }: Statement,
  side: "input" | "output",
): Promise<Answer> {
  const { text } = prepared(reader, session);
  const marks = marksOf(text);
  if (side === "input") {
    return answer(
      ["Position:bigint", "Type"],
      marks.map((_, i) => [i, "unknown"]),
    );
  }
  const columns = await resultColumns(
    filled(
      text,
      marks,
      marks.map(() => "null"),
    ),
  );
  return answer(
    ["Column Name", "Catalog", "Schema", "Table", "Type", "Type Size:bigint", "Aliased:boolean"],
    columns.map(({ name, type }) => [name, "", "", "", trinoType(type), sizes[type.kind] ?? 0, false]),
  );

  async function resultColumns(sql: string) {
    const query = /^\s*\(*\s*(select|with|values|table|from)\b/i.test(sql);
    if (!query) return [{ name: "result", type: types.boolean }];
    return knowledge.columnsOf(await rewriteNames(sql, session, knowledge.tables));
  }
}

/** Bytes of types that have a size. */
const sizes: Readonly<Record<string, number>> = {
  boolean: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float32: 4,
  float64: 8,
  date: 4,
  timestamp: 8,
};

function marksOf(text: string): readonly Token[] {
  return [...tokenize(text)].filter((token) => token.kind === "symbol" && token.text === "?");
}

function filled(text: string, marks: readonly Token[], values: readonly string[]): string {
  let result = "";
  let at = 0;
  for (const [i, mark] of marks.entries()) {
    result += text.slice(at, mark.start) + values[i];
    at = mark.end;
  }
  return result + text.slice(at);
}

function prepared(reader: TokenReader, session: TrinoSession): { readonly text: string; readonly span: Span } {
  const first = reader.peek();
  const span = first ? spanOfToken(first) : { line: 1, column: 1 };
  if (reader.accept("IMMEDIATE")) return { text: reader.string("a statement"), span };
  const name = dottedName(reader, "the name of a prepared statement");
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
