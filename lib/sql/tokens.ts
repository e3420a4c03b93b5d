/** Just enough of a tokenizer to find the ends of statements, the places of `?`, and to read the statements of our own. */

export interface Token {
  /** comments and white space are not given; `name` is a quoted one */
  readonly kind: "word" | "name" | "string" | "number" | "symbol";
  /** A name or string without its quotes; everything else as written. */
  readonly text: string;
  /** Offsets in the text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** 1-based, in code points. */
  readonly line: number;
  readonly column: number;
}

/** The first alternative that matches at a place wins; an unterminated string or comment runs to the end. */
const pattern = new RegExp(
  [
    /(?<space>\s+|--[^\n]*)/,
    /(?<comment>\/\*)/,
    /(?<escaped>[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$))/,
    /(?<string>(?:[nNxX]|[uU]&)?'(?:[^']|'')*(?:'|$))/,
    /(?<dollar>\$(?<tag>[A-Za-z_\u0080-\uffff]*)\$[\s\S]*?(?:\$\k<tag>\$|$))/,
    /(?<name>"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$))/,
    /(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/,
    /(?<word>[A-Za-z_@#\u0080-\uffff][\w$@#\u0080-\uffff]*)/,
    /(?<symbol>[\s\S])/,
  ]
    .map((part) => part.source)
    .join("|"),
  "y",
);

/** Every token of a text; never fails: what it cannot read becomes symbols, for the parser to refuse. */
export function* tokenize(text: string): Generator<Token> {
  const places = new Places(text);
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text)!;
    const groups = match.groups!;
    const end = groups.comment ? endOfComment(text, at) : pattern.lastIndex;
    if (!groups.space && !groups.comment) {
      yield { ...classify(groups, match[0]), start: at, end, ...places.at(at) };
    }
    at = end;
  }
}

function classify(groups: Readonly<Record<string, string | undefined>>, text: string): Pick<Token, "kind" | "text"> {
  if (groups.string !== undefined || groups.escaped !== undefined) {
    const inner = text.slice(text.indexOf("'") + 1, -1);
    return { kind: "string", text: inner.replaceAll("''", "'") };
  }
  if (groups.dollar !== undefined) {
    const quote = (groups.tag ?? "").length + 2;
    return { kind: "string", text: text.slice(quote, -quote) };
  }
  if (groups.name !== undefined) {
    const quote = text[0]!;
    return { kind: "name", text: text.slice(1, -1).replaceAll(quote + quote, quote) };
  }
  if (groups.number !== undefined) return { kind: "number", text };
  return { kind: groups.word === undefined ? "symbol" : "word", text };
}

/** Block comments nest. */
function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith("/*", at)) {
      depth++;
      at++;
    } else if (text.startsWith("*/", at)) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** Line and column of ever later offsets. */
class Places {
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #column = 1;

  constructor(text: string) {
    this.#text = text;
  }

  at(offset: number): { line: number; column: number } {
    for (const char of this.#text.slice(this.#offset, offset)) {
      if (char === "\n") {
        this.#line++;
        this.#column = 1;
      } else this.#column++;
    }
    this.#offset = offset;
    return { line: this.#line, column: this.#column };
  }
}

/** The statements of a text: each a run of tokens between semicolons; empty ones are left out. */
export function splitStatements(text: string): readonly (readonly Token[])[] {
  const statements: Token[][] = [[]];
  for (const token of tokenize(text)) {
    if (token.kind === "symbol" && token.text === ";") statements.push([]);
    else statements.at(-1)!.push(token);
  }
  return statements.filter((tokens) => tokens.length > 0);
}
