/** Walks JSON text in place: where values start and end, without building them. Source: RFC 8259. */
import { QueryError } from "../errors.ts";
import { jsonOfText } from "./json-text.ts";

const depthMax = 1000;

const space = /[ \t\n\r]*/y;
const stringLiteral = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

function skipSpace(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13) ? match(space, text, at) : at;
}

function malformed(text: string, at: number): QueryError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  const what = at >= text.length ? "it ends early" : `"${text.slice(at, at + 10)}" at character ${at + 1}`;
  return new QueryError("invalid_argument", `malformed JSON: ${what} in ${JSON.stringify(shown)}`);
}

/** Where the value that starts at `at` ends. @throws QueryError invalid_argument when it is no JSON */
export function endOfValue(text: string, at: number, depth = 0): number {
  switch (text[at]) {
    case "{":
    case "[":
      if (depth === depthMax) throw new QueryError("invalid_argument", "JSON is nested too deeply");
      return endOfItems(text, at, () => false, depth + 1);
    default: {
      const end = match(text[at] === '"' ? stringLiteral : scalar, text, at);
      if (end < 0) throw malformed(text, at);
      return end;
    }
  }
}

/** An element of an array or member of an object: its key's literal (of none length in arrays) and its value. */
export type VisitItem = (keyFrom: number, keyTo: number, from: number, to: number) => boolean;

/** Visits the items of the array or object at `at` until the visitor says true; where the whole ends, or the visit did. */
function endOfItems(text: string, at: number, visit: VisitItem, depth: number): number {
  const object = text[at] === "{";
  const close = object ? "}" : "]";
  let next = skipSpace(text, at + 1);
  if (text[next] === close) return next + 1;
  while (true) {
    const keyFrom = next;
    let keyTo = next;
    if (object) {
      keyTo = match(stringLiteral, text, next);
      if (keyTo < 0) throw malformed(text, next);
      next = skipSpace(text, keyTo);
      if (text[next] !== ":") throw malformed(text, next);
      next = skipSpace(text, next + 1);
    }
    const end = endOfValue(text, next, depth);
    if (visit(keyFrom, keyTo, next, end)) return end;
    next = skipSpace(text, end);
    if (text[next] === close) return next + 1;
    if (text[next] !== ",") throw malformed(text, next);
    next = skipSpace(text, next + 1);
  }
}

/** Visits the items of an array or object, until the visitor says true; of other values there are none. */
export function visitItems(text: string, at: number, visit: VisitItem): void {
  if (text[at] === "{" || text[at] === "[") endOfItems(text, at, visit, 0);
}

/** Where the one value of a text starts. @throws QueryError invalid_argument when the text is no JSON */
export function checkJson(text: string): number {
  const start = skipSpace(text, 0);
  const end = skipSpace(text, endOfValue(text, start));
  if (end < text.length) throw malformed(text, end);
  return start;
}

export function isJson(text: string): boolean {
  try {
    checkJson(text);
    return true;
  } catch {
    return false;
  }
}

/** The text of a string literal. */
export function textOfLiteral(literal: string): string {
  return literal.includes("\\") ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

/** A JSON value without space between its parts, its strings escaped as we escape. Numbers keep their digits. */
export function compactJson(value: string): string {
  if (!/[\s\\]/.test(value)) return value;
  const parts: string[] = [];
  for (let at = 0; at < value.length; ) {
    if (value[at] === '"') {
      const end = match(stringLiteral, value, at);
      const literal = value.slice(at, end);
      parts.push(literal.includes("\\") ? jsonOfText(textOfLiteral(literal)) : literal);
      at = end;
    } else if (skipSpace(value, at) > at) at = skipSpace(value, at);
    else parts.push(value[at++]!);
  }
  return parts.join("");
}
