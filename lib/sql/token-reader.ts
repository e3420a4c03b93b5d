/** Reads tokens one after another: for the few statements whose syntax is our own. */
import type { Span } from "../errors.ts";
import type { Name } from "./ast.ts";
import { syntaxError } from "./converter.ts";
import type { Token } from "./tokens.ts";

export class TokenReader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#next + ahead];
  }

  next(expected: string): Token {
    const token = this.peek();
    if (!token) throw this.unexpected(expected);
    this.#next++;
    return token;
  }

  /** Whether the next tokens are these words or symbols; if so, passes over them. */
  accept(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.#is(this.peek(i), word))) return false;
    this.#next += words.length;
    return true;
  }

  expect(...words: readonly string[]): void {
    if (!this.accept(...words)) throw this.unexpected(words.join(" "));
  }

  #is(token: Token | undefined, word: string): boolean {
    return (token?.kind === "word" || token?.kind === "symbol") && token.text.toUpperCase() === word;
  }

  string(what: string): string {
    const token = this.next(what);
    if (token.kind !== "string")
      throw syntaxError(`expected ${what} in quotes, found ${token.text}`, spanOfToken(token));
    return token.text;
  }

  /** A name with dots. */
  qualifiedName(what: string): readonly Name[] {
    const names: Name[] = [];
    do {
      const token = this.next(what);
      if (token.kind !== "word" && token.kind !== "name") {
        throw syntaxError(`expected ${what}, found ${token.text}`, spanOfToken(token));
      }
      names.push({ text: token.text, quoted: token.kind === "name", span: spanOfToken(token) });
    } while (this.accept("."));
    return names;
  }

  unexpected(expected: string): Error {
    const token = this.peek();
    if (token) return syntaxError(`expected ${expected}, found ${token.text}`, spanOfToken(token));
    const last = this.#tokens.at(-1)!;
    const span = spanOfToken(last);
    return syntaxError(`expected ${expected} at the end`, { line: span.line, column: span.endColumn ?? span.column });
  }
}

export function spanOfToken(token: Token): Span {
  const length = token.end - token.start;
  return { line: token.line, column: token.column, endLine: token.line, endColumn: token.column + length };
}
