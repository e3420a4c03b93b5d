/** LIKE and regular expressions. */

import type { Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import type { Expr } from "../expr.ts";
import { lowerCase } from "./letter-case.ts";
import { allMatches, compileRegex } from "./regular-expression.ts";
import type { Builder, ScalarFunction } from "./scalar-function.ts";

/**
 * Whether all of `text` matches a LIKE pattern: % any run of characters, _ one character, and the character after
 * `escapeWith` itself. A pattern that ends in `escapeWith` matches nothing.
 */
export function matchesLike(text: string, pattern: string, escapeWith?: string): boolean {
  const characters = Array.from(text);
  const wanted = likeTokens(pattern, escapeWith);
  if (!wanted) return false;
  let i = 0;
  let j = 0;
  let runToken = -1; // the last % met, to which a mismatch returns
  let runText = 0;
  while (i < characters.length) {
    const token = wanted[j];
    if (token === "%") {
      runToken = j++;
      runText = i;
    } else if (token !== undefined && (token === "_" || token.slice(1) === characters[i])) {
      i++;
      j++;
    } else if (runToken >= 0) {
      j = runToken + 1;
      i = ++runText;
    } else return false;
  }
  while (wanted[j] === "%") j++;
  return j === wanted.length;
}

/** "%", "_", or "=" and a character that stands for itself. */
function likeTokens(pattern: string, escapeWith: string | undefined): string[] | undefined {
  const tokens: string[] = [];
  let escaped = false;
  for (const character of pattern) {
    if (!escaped && character === escapeWith) escaped = true;
    else {
      tokens.push(!escaped && (character === "%" || character === "_") ? character : `=${character}`);
      escaped = false;
    }
  }
  return escaped ? undefined : tokens;
}

function escapeCharacter(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (Array.from(text).length > 1)
    throw new QueryError("invalid_argument", `the LIKE escape "${text}" is not one character`);
  return text;
}

/** `not` around another function, for the operators that have a name of their own. */
function negation(name: string, positive: string, aliases: string[]): ScalarFunction {
  return {
    name,
    aliases,
    signatures: ["varchar, varchar -> boolean", "varchar, varchar, varchar -> boolean"],
    expand: (args: readonly Expr[], build: Builder) => build.call("not", [build.call(positive, args)]),
    about: `NOT ${positive}.`,
  };
}

const likeSignatures = ["varchar, varchar -> boolean", "varchar, varchar, varchar -> boolean"];
const withOptions = likeSignatures;

/** Replaces the first match, or with option g all; \1 to \9 in the replacement are groups, \0 the match. */
function replaceRegex(text: string, pattern: string, replacement: string, options = ""): string {
  const all = options.includes("g");
  const regex = compileRegex(pattern, all ? options.replaceAll("g", "") : options);
  let out = "";
  let copied = 0;
  for (const match of all ? allMatches(regex, text) : firstMatch(regex, text)) {
    out += text.slice(copied, match.index) + filledIn(replacement, match);
    copied = match.index + match[0].length;
  }
  return copied === 0 && out === "" ? text : out + text.slice(copied);
}

function firstMatch(regex: RegExp, text: string): readonly RegExpExecArray[] {
  const match = regex.exec(text);
  return match ? [match] : [];
}

function filledIn(replacement: string, groups: readonly (string | undefined)[]): string {
  if (!replacement.includes("\\")) return replacement;
  return replacement.replace(/\\([0-9\\])/g, (_, code: string) =>
    code === "\\" ? "\\" : (groups[Number(code)] ?? ""),
  );
}

function extractRegex(text: string, pattern: string, group: bigint = 0n, options = ""): string {
  if (group < 0n) throw new QueryError("invalid_argument", "the group number is negative");
  return compileRegex(pattern, options).exec(text)?.[Number(group)] ?? "";
}

function countRegex(text: string, pattern: string, start: bigint = 1n, options = ""): bigint {
  if (start < 1n) throw new QueryError("invalid_argument", "the start position must be at least 1");
  const regex = compileRegex(pattern, options);
  const rest = Array.from(text)
    .slice(Number(start) - 1)
    .join("");
  return BigInt(Array.from(allMatches(regex, rest)).length);
}

/** Every ASCII character but letters, digits and _ escaped. */
function quoteMeta(text: string): string {
  return text.replace(/[\0-/:-@[-^`{-\x7f]/g, (character) => (character === "\0" ? "\\x00" : `\\${character}`));
}

function positionOfRegex(text: string, pattern: string): bigint {
  const match = compileRegex(pattern).exec(text);
  return match ? BigInt(Array.from(text.slice(0, match.index)).length + 1) : 0n;
}

// biome-ignore lint/suspicious/noExplicitAny: the signature says what each value is
type PatternFunction = (...values: any[]) => Value;

function regex(
  name: string,
  aliases: string[],
  signatures: readonly string[],
  run: PatternFunction,
  about: string,
): ScalarFunction {
  return { name, aliases, signatures, canFail: true, evaluate: (values) => run(...values), about };
}

export const patternFunctions: readonly ScalarFunction[] = [
  {
    name: "like",
    aliases: ["~~", "like_escape"],
    signatures: likeSignatures,
    canFail: (argTypes) => argTypes.length > 2,
    evaluate: ([text, pattern, escapeWith]) =>
      matchesLike(text as string, pattern as string, escapeCharacter(escapeWith as string)),
    about: "text LIKE pattern [ESCAPE c]: % is any run of characters, _ any one. There is no escape unless given.",
  },
  {
    name: "ilike",
    aliases: ["~~*", "ilike_escape"],
    signatures: likeSignatures,
    canFail: (argTypes) => argTypes.length > 2,
    evaluate: ([text, pattern, escapeWith]) =>
      matchesLike(lowerCase(text as string), lowerCase(pattern as string), escapeCharacter(escapeWith as string)),
    about: "LIKE in lower case.",
  },
  negation("not_like", "like", ["!~~", "not_like_escape"]),
  negation("not_ilike", "ilike", ["!~~*", "not_ilike_escape"]),
  regex(
    "regexp_matches",
    ["regexp_like"],
    withOptions,
    (s, p, o) => compileRegex(p, o).test(s),
    "Whether the pattern (RE2 syntax) matches somewhere.",
  ),
  regex(
    "regexp_full_match",
    ["similar_to"],
    withOptions,
    (s, p, o) => compileRegex(p, o, true).test(s),
    "Whether the pattern matches the whole text; the operators ~ and SIMILAR TO.",
  ),
  regex(
    "regexp_replace",
    [],
    ["varchar, varchar, varchar -> varchar", "varchar, varchar, varchar, varchar -> varchar"],
    replaceRegex,
    "Replaces the first match, or with option g all; \\1 stands for a group.",
  ),
  regex(
    "regexp_extract",
    ["regexp_substr"],
    [
      "varchar, varchar -> varchar",
      "varchar, varchar, int64 -> varchar",
      "varchar, varchar, int64, varchar -> varchar",
    ],
    extractRegex,
    "The first match, or a group of it; empty if there is none.",
  ),
  regex(
    "regexp_count",
    [],
    ["varchar, varchar -> int64", "varchar, varchar, int64 -> int64", "varchar, varchar, int64, varchar -> int64"],
    countRegex,
    "How many matches there are, from a position on.",
  ),
  regex(
    "regexp_instr",
    [],
    ["varchar, varchar -> int64"],
    positionOfRegex,
    "Where the first match starts; 0 if there is none.",
  ),
  {
    ...regex("regexp_escape", [], ["varchar -> varchar"], quoteMeta, "The text escaped so that it matches itself."),
    canFail: false,
  },
];
