/** What converting any node needs: the text, the numbering of `?`, grouping of operators, and a way into subqueries. */
import { QueryError, type Span } from "../errors.ts";
import type { FrameExclusion, Name, Query, SqlExpr } from "./ast.ts";
import type { Grouping } from "./precedence.ts";
import { list, type Raw, variant } from "./raw.ts";
import { joinSpans, type RawSpan, type Source } from "./source.ts";

export interface Converter {
  readonly source: Source;
  readonly grouping: Grouping;
  /** The number of the `?` at a place. */
  readonly parameterAt: (span: Span) => number;
  /** The place of the first string with this text: the library gives none to FROM 'path'. */
  readonly placeOfString: (text: string) => Span | undefined;
  /** The EXCLUDE of the window that follows the name at a place, see lib/sql/frame-exclusions.ts. */
  readonly exclusionAt: (span: Span) => FrameExclusion | undefined;
  /** Converts a subquery; handed in so that expressions do not depend on queries and queries on expressions. */
  readonly query: (raw: unknown) => Query;
}

/** The span of a raw node: its own, or the smallest that holds all those inside it. */
export function spanOf(converter: Converter, raw: unknown): Span | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const own = (raw as Raw).span;
  if (own) return converter.source.span(own as RawSpan);
  let span: Span | undefined;
  for (const value of Object.values(raw)) span = joinSpans(span, spanOf(converter, value));
  return span;
}

/** spanOf, or the start of the statement. */
export function placeOf(converter: Converter, raw: unknown): Span {
  return spanOf(converter, raw) ?? converter.source.start;
}

export function convertName(converter: Converter, raw: unknown): Name {
  const { value, quote_style } = raw as { value: string; quote_style?: string };
  return { text: value, quoted: quote_style !== undefined && quote_style !== null, span: placeOf(converter, raw) };
}

/** A possibly qualified name: a list of identifiers, each perhaps wrapped as {Identifier}. */
export function convertNames(converter: Converter, raw: unknown): readonly Name[] {
  return list(raw).map((part) => {
    const [tag, payload] = variant(part);
    return convertName(converter, tag === "Identifier" ? payload : part);
  });
}

export function syntaxError(message: string, span: Span | undefined, hint?: string): QueryError {
  return new QueryError("syntax", message, { ...(span && { span }), ...(hint && { hint }) });
}

/** The text of a string constant; an error with `what` for anything else. */
export function stringOf(expr: SqlExpr, what: string): string {
  if (expr.kind === "string") return expr.value;
  throw syntaxError(`${what} must be a string`, expr.span);
}
