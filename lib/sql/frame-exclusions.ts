/**
 * EXCLUDE at the end of a window's frame, which the parser library does not know: it is read from the tokens and blanked
 * out of the text, so that all other places stay what they are.
 */
import type { FrameExclusion } from "./ast.ts";
import type { Token } from "./tokens.ts";

interface Exclusions {
  /** The text with spaces where the exclusions were. */
  readonly blanked: string;
  /** By `line:column` of the name before the window: that of the function before OVER, the window's own before AS. */
  readonly exclusions: ReadonlyMap<string, FrameExclusion>;
}

const forms: readonly { readonly words: readonly string[]; readonly exclude?: FrameExclusion }[] = [
  { words: ["CURRENT", "ROW"], exclude: "current row" },
  { words: ["GROUP"], exclude: "group" },
  { words: ["TIES"], exclude: "ties" },
  { words: ["NO", "OTHERS"] },
];

export function takeExclusions(text: string, tokens: readonly Token[]): Exclusions {
  const exclusions = new Map<string, FrameExclusion>();
  let blanked = text;
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, "EXCLUDE")) continue;
    const form = forms.find(({ words }) => words.every((word, i) => isWord(tokens[index + 1 + i], word)));
    const last = index + (form?.words.length ?? 0);
    if (!form || tokens[last + 1]?.text !== ")") continue;
    const name = nameBefore(tokens, index);
    if (!name) continue;
    if (form.exclude) exclusions.set(`${name.line}:${name.column}`, form.exclude);
    const { end } = tokens[last]!;
    const spaces = text.slice(token.start, end).replace(/[^\n]/g, " ");
    blanked = blanked.slice(0, token.start) + spaces + blanked.slice(end);
  }
  return { blanked, exclusions };
}

/** The name before the window in whose parentheses a token stands; undefined where there is no window. */
function nameBefore(tokens: readonly Token[], inside: number): Token | undefined {
  const open = openParenthesis(tokens, inside);
  const before = tokens[open - 1];
  if (isWord(before, "AS")) return tokens[open - 2];
  if (!isWord(before, "OVER")) return undefined;
  let at = open - 2;
  if (isWord(tokens[at], "NULLS")) at -= 2;
  // Behind FILTER (…) stands the function's own argument list.
  for (;;) {
    if (tokens[at]?.text !== ")") return undefined;
    const start = openParenthesis(tokens, at) - 1;
    if (!isWord(tokens[start], "FILTER") && !isWord(tokens[start], "GROUP")) return tokens[start];
    at = start - (isWord(tokens[start], "GROUP") ? 2 : 1);
  }
}

/** Index of the parenthesis that is open before a token. */
function openParenthesis(tokens: readonly Token[], before: number): number {
  let depth = 0;
  for (let i = before - 1; i >= 0; i--) {
    const { kind, text } = tokens[i]!;
    if (kind !== "symbol") continue;
    if (text === ")") depth++;
    if (text === "(" && depth-- === 0) return i;
  }
  return -1;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toUpperCase() === word;
}
