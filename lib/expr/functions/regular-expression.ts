/** RE2's regular expressions on JavaScript's engine: the syntax is translated, what RE2 lacks is refused. */
import { QueryError } from "../../errors.ts";

const cache = new Map<string, RegExp>();
const cacheMax = 256;

/**
 * Compiles a pattern; all flags of the result: u, and i, m as asked.
 * @param options letters: i ignore case, c match case, s `.` also matches line ends, m n p it does not, l literal
 * @param whole the match must span the whole text
 * @throws QueryError invalid_argument for a pattern or option that is not understood
 */
export function compileRegex(pattern: string, options = "", whole = false): RegExp {
  // Nearly always the pattern of the row before: no key to build and hash.
  if (last && last.pattern === pattern && last.options === options && last.whole === whole) return last.regex;
  const key = `${whole ? 1 : 0}${options}/${pattern}`;
  let regex = cache.get(key);
  if (!regex) {
    regex = compile(pattern, options, whole);
    if (cache.size >= cacheMax) cache.delete(cache.keys().next().value!);
    cache.set(key, regex);
  }
  last = { pattern, options, whole, regex };
  return regex;
}

let last: { pattern: string; options: string; whole: boolean; regex: RegExp } | undefined;

const globals = new WeakMap<RegExp, RegExp>();

/** The matches of a compiled pattern from left to right. As in RE2, an empty match right after another does not count. */
export function* allMatches(regex: RegExp, text: string): Iterable<RegExpExecArray> {
  let scanner = globals.get(regex);
  if (!scanner) {
    scanner = new RegExp(regex.source, `${regex.flags}g`);
    globals.set(regex, scanner);
  }
  let previousEnd = -1;
  for (let from = 0; from <= text.length; ) {
    scanner.lastIndex = from;
    const match = scanner.exec(text);
    if (!match) return;
    const end = match.index + match[0].length;
    const isEmpty = match[0] === "";
    if (!isEmpty || match.index !== previousEnd) yield match;
    previousEnd = end;
    from = isEmpty ? end + (text.codePointAt(end)! > 0xffff ? 2 : 1) : end;
  }
}

function compile(pattern: string, options: string, whole: boolean): RegExp {
  const flags = { i: false, m: false, s: false };
  let literal = false;
  for (const option of options) {
    if (option === "i" || option === "s") flags[option] = true;
    else if (option === "c") flags.i = false;
    else if ("mnp".includes(option)) flags.s = false;
    else if (option === "l") literal = true;
    else throw invalid(`unknown regular expression option "${option}"`);
  }
  let rest = pattern;
  for (let leading = leadingFlags(rest); leading && !literal; leading = leadingFlags(rest)) {
    for (const flag of leading) flags[flag as "i"] = true;
    rest = rest.slice(leading.length + 3);
  }
  const source = literal ? escapeRegex(rest) : translate(rest, flags.s);
  try {
    return new RegExp(whole ? `^(?:${source})$` : source, `u${flags.i ? "i" : ""}${flags.m && !whole ? "m" : ""}`);
  } catch {
    throw invalid(`"${pattern}" is not a regular expression`);
  }
}

function invalid(message: string): QueryError {
  return new QueryError("invalid_argument", message);
}

function leadingFlags(pattern: string): string | undefined {
  return /^\(\?([ims]+)\)/.exec(pattern)?.[1];
}

/** The text with every character that means something to a regular expression escaped. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

const posixClasses: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\0-\\x7f",
  blank: "\\t ",
  cntrl: "\\0-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

const token =
  /\\Q(.*?)(?:\\E|$)|\\([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Za-z]))|\\x\{([0-9a-fA-F]+)\}|\\(.)|\[:(\^?)([a-z]+):\]|\(\?P</suy;

/** Rewrites RE2 syntax as JavaScript's with the u flag. */
function translate(pattern: string, dotMatchesLineEnd: boolean): string {
  let out = "";
  let inClass = false;
  for (let i = 0; i < pattern.length; ) {
    token.lastIndex = i;
    const match = token.exec(pattern);
    if (match && (match[9] === undefined || inClass)) {
      out += translateToken(match, inClass, pattern);
      i += match[0].length;
      continue;
    }
    const character = String.fromCodePoint(pattern.codePointAt(i)!);
    i += character.length;
    if (inClass) {
      out += character === "[" ? "\\[" : character;
      inClass = character !== "]";
    } else if (character === "[") {
      const opening = /^\^?\]?/.exec(pattern.slice(i))![0];
      out += `[${opening.replace("]", "\\]")}`;
      i += opening.length;
      inClass = true;
    } else if (character === ".") out += dotMatchesLineEnd ? "[^]" : "[^\\n]";
    else if (character === "{" && !/^\d+(,\d*)?\}/.test(pattern.slice(i))) out += "\\{";
    else if (character === "{") {
      const end = pattern.indexOf("}", i) + 1;
      out += `{${pattern.slice(i, end)}`;
      i = end;
    } else if (character === "}" || character === "]") out += `\\${character}`;
    else {
      if (/^\(\?(=|!|<=|<!)/.test(character + pattern.slice(i)))
        throw invalid("lookaround is not part of regular expressions here");
      out += character;
    }
  }
  return out;
}

function translateToken(match: RegExpExecArray, inClass: boolean, pattern: string): string {
  const [whole, quoted, property, caret, propertyName, propertyLetter, code, escaped, classCaret, className] = match;
  if (quoted !== undefined) return escapeRegex(quoted);
  if (property) return unicodeProperty(propertyName ?? propertyLetter!, (property === "P") !== (caret === "^"));
  if (code) return `\\u{${code}}`;
  if (className !== undefined) {
    const members = posixClasses[className];
    if (!members) throw invalid(`"[:${className}:]" is no character class`);
    if (classCaret) throw invalid(`"[:^${className}:]" is not supported`);
    return members;
  }
  if (whole === "(?P<") return "(?<";
  return translateEscape(escaped!, inClass, pattern);
}

function unicodeProperty(name: string, negated: boolean): string {
  const letter = negated ? "P" : "p";
  return name.length <= 2 ? `\\${letter}{${name}}` : `\\${letter}{Script=${name}}`;
}

function translateEscape(character: string, inClass: boolean, pattern: string): string {
  if (character === "s") return inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]";
  if (character === "S" && !inClass) return "[^\\t\\n\\f\\r ]";
  if (character === "A") return "(?<![^])";
  if (character === "z") return "(?![^])";
  if (character === "a") return "\\x07";
  if (/[dDwWbBnrtfvxS]/.test(character)) return `\\${character}`;
  if (character === "0") return "\\0";
  if (/[a-zA-Z1-9]/.test(character)) throw invalid(`"\\${character}" in "${pattern}" is not supported`);
  if (character === "-") return inClass ? "\\-" : "-";
  return escapeRegex(character);
}
