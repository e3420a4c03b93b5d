/** The text of one statement and where it stands in the whole: turns the parser's places into spans and back. */
import type { Span } from "../errors.ts";

/** A place as the parser library gives it: 1-based line and column, counted in code points; 0 when unknown. */
export interface RawSpan {
  readonly start: { readonly line: number; readonly column: number };
  readonly end: { readonly line: number; readonly column: number };
}

export class Source {
  readonly text: string;
  readonly #line: number;
  readonly #column: number;
  #lines: readonly string[] | undefined;

  /** line, column: where the text's first character stands, 1-based. */
  constructor(text: string, line = 1, column = 1) {
    this.text = text;
    this.#line = line;
    this.#column = column;
  }

  /** The span of the whole text's first character: the place of last resort. */
  get start(): Span {
    return { line: this.#line, column: this.#column };
  }

  span(raw: RawSpan | undefined): Span | undefined {
    if (!raw || raw.start.line === 0) return undefined;
    const start = this.place(raw.start.line, raw.start.column);
    const end = this.place(raw.end.line, raw.end.column);
    return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
  }

  /** A place in this text as a place in the whole. */
  place(line: number, column: number): { line: number; column: number } {
    return { line: line + this.#line - 1, column: line === 1 ? column + this.#column - 1 : column };
  }

  /** The place just behind the last character. */
  get end(): Span {
    const lines = this.#split();
    return this.place(lines.length, [...lines.at(-1)!].length + 1);
  }

  /** The text of a span that `span` gave; "" for one without an end. */
  slice(span: Span): string {
    const end = { line: span.endLine ?? span.line, column: span.endColumn ?? span.column };
    const lines = this.#split().slice(span.line - this.#line, end.line - this.#line + 1);
    return lines
      .map((line, index) => {
        const row = span.line + index;
        const shift = row === this.#line ? this.#column : 1;
        const from = row === span.line ? span.column - shift : 0;
        const to = row === end.line ? end.column - shift : undefined;
        return [...line].slice(from, to).join("");
      })
      .join("\n");
  }

  /** The text before a place on its line. */
  before(span: Span): string {
    return this.slice({
      line: span.line,
      column: span.line === this.#line ? this.#column : 1,
      endLine: span.line,
      endColumn: span.column,
    });
  }

  #split(): readonly string[] {
    this.#lines ??= this.text.split("\n");
    return this.#lines;
  }
}

/** The smallest span around both. */
export function joinSpans(a: Span | undefined, b: Span | undefined): Span | undefined {
  if (!a || !b) return a ?? b;
  const first = comparePlaces(a.line, a.column, b.line, b.column) <= 0 ? a : b;
  const aEnd = { line: a.endLine ?? a.line, column: a.endColumn ?? a.column };
  const bEnd = { line: b.endLine ?? b.line, column: b.endColumn ?? b.column };
  const last = comparePlaces(aEnd.line, aEnd.column, bEnd.line, bEnd.column) >= 0 ? aEnd : bEnd;
  return { line: first.line, column: first.column, endLine: last.line, endColumn: last.column };
}

function comparePlaces(lineA: number, columnA: number, lineB: number, columnB: number): number {
  return lineA - lineB || columnA - columnB;
}
