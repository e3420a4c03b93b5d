/** Text functions. Positions and lengths count code points; positions start at 1. */
import { isComposite, types } from "../../arrow/types.ts";
import type { Value } from "../../arrow/value.ts";
import { QueryError } from "../../errors.ts";
import { type Arg, castable } from "../coercion.ts";
import { lowerCase, upperCase } from "./letter-case.ts";
import type { Resolution, ScalarFunction } from "./scalar-function.ts";

/** No function makes a text longer than this many UTF-16 units. */
const lengthMax = 1 << 28;

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Code points; for ASCII the string itself, which slices alike. */
function points(text: string): string | readonly string[] {
  return isAscii(text) ? text : Array.from(text);
}

function slice(text: string | readonly string[], from: number, to: number): string {
  const part = text.slice(from, Math.max(from, to));
  return typeof part === "string" ? part : part.join("");
}

const encoder = new TextEncoder();

function byteLength(value: Value): bigint {
  return BigInt(typeof value === "string" ? encoder.encode(value).length : (value as Uint8Array).length);
}

/** Characters [start, start + length) where start counts from 1, or from the end when negative; a negative length goes left. */
function substring(text: string, start: bigint, length?: bigint): string {
  const characters = points(text);
  const size = BigInt(characters.length);
  const first = start > 0n ? start - 1n : start < 0n ? size + start : length === undefined ? 0n : -1n;
  const other = length === undefined ? size : first + length;
  const [from, to] = other < first ? [other, first] : [first, other];
  const clip = (at: bigint) => Number(at < 0n ? 0n : at > size ? size : at);
  return slice(characters, clip(from), clip(to));
}

/** The first `count` characters; a negative count leaves that many off the other end. */
function left(text: string, count: bigint): string {
  const characters = points(text);
  const size = BigInt(characters.length);
  return slice(
    characters,
    0,
    Number(count >= 0n ? (count < size ? count : size) : size + count > 0n ? size + count : 0n),
  );
}

function right(text: string, count: bigint): string {
  const characters = points(text);
  const size = BigInt(characters.length);
  const keep = count >= 0n ? (count < size ? count : size) : size + count > 0n ? size + count : 0n;
  return slice(characters, Number(size - keep), Number(size));
}

function pad(text: string, size: bigint, fill: string, side: "left" | "right"): string {
  if (size <= 0n) return "";
  if (size > BigInt(lengthMax)) throw tooLong();
  const characters = points(text);
  const missing = Number(size) - characters.length;
  if (missing <= 0) return slice(characters, 0, Number(size));
  const fillers = points(fill);
  if (fillers.length === 0) throw new QueryError("invalid_argument", "nothing to pad with");
  const repeated = fill.repeat(Math.floor(missing / fillers.length)) + slice(fillers, 0, missing % fillers.length);
  return side === "left" ? repeated + text : text + repeated;
}

function tooLong(): QueryError {
  return new QueryError("overflow", `the text would be longer than ${lengthMax} characters`);
}

function trimmer(atStart: boolean, atEnd: boolean): (text: string, set?: string) => string {
  return (text, set) => {
    const drop = set === undefined ? isSpace : (character: string) => Array.from(set).includes(character);
    const characters = points(text);
    let from = 0;
    let to = characters.length;
    while (atStart && from < to && drop(characters[from]!)) from++;
    while (atEnd && to > from && drop(characters[to - 1]!)) to--;
    return slice(characters, from, to);
  };
}

/** Space separators; neither tabs nor line ends. */
function isSpace(character: string): boolean {
  return character === " " || (character > "\x7f" && /\p{Zs}/u.test(character));
}

function position(text: string, part: string): bigint {
  const at = text.indexOf(part);
  return at < 0 ? 0n : BigInt(points(text.slice(0, at)).length + 1);
}

/** The n-th field, from the end when n < 0; empty when there is none. An empty separator splits into characters. */
function splitPart(text: string, separator: string, index: bigint): string {
  const parts = separator === "" ? Array.from(text) : text.split(separator);
  const at = index > 0n ? index - 1n : BigInt(parts.length) + index;
  return index === 0n || at < 0n || at >= BigInt(parts.length) ? "" : parts[Number(at)]!;
}

/** Replaces each character of `from` by the one at its place in `to`, or drops it when there is none. */
function translate(text: string, from: string, to: string): string {
  const targets = Array.from(to);
  const map = new Map<string, string>();
  for (const [i, character] of Array.from(from).entries()) {
    if (!map.has(character)) map.set(character, targets[i] ?? "");
  }
  return Array.from(text, (character) => map.get(character) ?? character).join("");
}

const segmenter = () => new Intl.Segmenter("en", { granularity: "grapheme" });

function reverse(text: string): string {
  const parts = isAscii(text) ? text.split("") : Array.from(segmenter().segment(text), (part) => part.segment);
  return parts.reverse().join("");
}

function codePoint(value: Value): string {
  const code = Number(value);
  if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    throw new QueryError("invalid_argument", `${code} is not a Unicode code point`);
  }
  return String.fromCodePoint(code);
}

function repeat(text: string, count: bigint): string {
  if (count <= 0n || text === "") return "";
  if (count * BigInt(text.length) > BigInt(lengthMax)) throw tooLong();
  return text.repeat(Number(count));
}

/** Everything becomes text; the first `fixed` arguments must be text already. */
function textArguments(args: readonly Arg[], min: number): Omit<Resolution, "fn"> | undefined {
  if (args.length < min || !args.every((arg) => castable(arg.type, types.varchar) && arg.type.kind !== "binary"))
    return undefined;
  return { argTypes: args.map(() => types.varchar), type: types.varchar };
}

function resolveConcatenation(args: readonly Arg[]): Omit<Resolution, "fn"> | undefined {
  const binary = args.length === 2 && args.some((arg) => arg.type.kind === "binary");
  if (!binary) return args.length === 2 ? textArguments(args, 2) : undefined;
  const usable = args.every(
    (arg) => arg.type.kind === "binary" || arg.type.kind === "null" || arg.literal?.type.kind === "varchar",
  );
  return usable ? { argTypes: [types.binary, types.binary], type: types.binary } : undefined;
}

function concatenate([a, b]: readonly Value[]): Value {
  if (typeof a === "string") return a + (b as string);
  const [x, y] = [a as Uint8Array, b as Uint8Array];
  const joined = new Uint8Array(x.length + y.length);
  joined.set(x);
  joined.set(y, x.length);
  return joined;
}

function capitalize(text: string): string {
  return text.replace(/[\p{L}\p{N}]+/gu, (word) => {
    const [first = "", ...rest] = Array.from(word);
    return upperCase(first) + lowerCase(rest.join(""));
  });
}

const trim = trimmer(true, true);
const trimStart = trimmer(true, false);
const trimEnd = trimmer(false, true);
const trimSignatures = ["varchar -> varchar", "varchar, varchar -> varchar"];

/** A function of texts (and int64s) only. */
// biome-ignore lint/suspicious/noExplicitAny: the signature says what each value is
type TextFunction = (...values: any[]) => Value;

function text(
  name: string,
  aliases: readonly string[],
  signatures: readonly string[],
  run: TextFunction,
  about: string,
  canFail = false,
): ScalarFunction {
  return { name, aliases, signatures, evaluate: (values) => run(...values), about, canFail };
}

/** Everything before the n-th separator, or after the n-th from the end when n < 0; the whole text when there are fewer. */
function substringIndex(value: string, separator: string, count: bigint): string {
  if (separator === "" || count === 0n) return "";
  const parts = value.split(separator);
  const keep = Number(
    count > BigInt(parts.length) ? BigInt(parts.length) : count < -BigInt(parts.length) ? -BigInt(parts.length) : count,
  );
  return (keep > 0 ? parts.slice(0, keep) : parts.slice(keep)).join(separator);
}

const byteUnits = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

function formatByteCount(value: bigint): string {
  const negative = value < 0n;
  const magnitude = negative ? -value : value;
  let unit = 0;
  while (unit < byteUnits.length - 1 && magnitude >= 1n << BigInt(10 * (unit + 1))) unit++;
  const sign = negative ? "-" : "";
  if (unit === 0) return `${sign}${magnitude} ${magnitude === 1n ? "byte" : "bytes"}`;
  const tenths = (magnitude * 10n) >> BigInt(10 * unit);
  return `${sign}${tenths / 10n}.${tenths % 10n} ${byteUnits[unit]}`;
}

export const stringFunctions: readonly ScalarFunction[] = [
  {
    name: "concat_op",
    aliases: ["||"],
    signatures: ["varchar, varchar -> varchar", "binary, binary -> binary"],
    resolve: resolveConcatenation,
    evaluate: concatenate,
    about: "a || b; other types become text. NULL if either is NULL.",
  },
  {
    name: "concat",
    signatures: ["varchar... -> varchar"],
    resolve: (args) => textArguments(args, 1),
    nullPropagating: false,
    evaluate: (values) => values.map((value) => value ?? "").join(""),
    about: "All arguments joined; NULLs are skipped.",
  },
  {
    name: "concat_ws",
    signatures: ["varchar, varchar... -> varchar"],
    resolve: (args) => textArguments(args, 2),
    nullPropagating: false,
    evaluate: ([separator, ...values]) =>
      separator === null ? null : values.filter((value) => value !== null).join(separator as string),
    about: "The arguments after the first, joined with the first between; NULLs are skipped.",
  },
  {
    ...text(
      "length",
      ["char_length", "character_length", "len"],
      ["varchar -> int64"],
      (s) => BigInt(points(s).length),
      "Characters (code points).",
    ),
    expand: ([arg, ...more], build) => {
      return arg && more.length === 0 && isComposite(arg.type) ? build.call("list_length", [arg]) : undefined;
    },
  },
  text("octet_length", ["strlen"], ["varchar -> int64", "binary -> int64"], byteLength, "Bytes (of text, in UTF-8)."),
  text("bit_length", [], ["varchar -> int64"], (s) => byteLength(s) * 8n, "Bits of the UTF-8 form."),
  text("lower", ["lcase"], ["varchar -> varchar"], lowerCase, "Lower case, character by character."),
  text("upper", ["ucase"], ["varchar -> varchar"], upperCase, "Upper case, character by character."),
  text("initcap", [], ["varchar -> varchar"], capitalize, "Each word with a capital first letter."),
  text(
    "substring",
    ["substr"],
    ["varchar, int64 -> varchar", "varchar, int64, int64 -> varchar"],
    substring,
    "Characters from a position (from the end when negative), to the end or of a length.",
  ),
  text("left", [], ["varchar, int64 -> varchar"], left, "The first n characters; all but the last -n when n < 0."),
  text("right", [], ["varchar, int64 -> varchar"], right, "The last n characters; all but the first -n when n < 0."),
  text(
    "lpad",
    [],
    ["varchar, int64, varchar -> varchar", "varchar, int64 -> varchar"],
    (s, n, fill = " ") => pad(s, n, fill, "left"),
    "Filled up on the left, or cut, to n characters.",
    true,
  ),
  text(
    "rpad",
    [],
    ["varchar, int64, varchar -> varchar", "varchar, int64 -> varchar"],
    (s, n, fill = " ") => pad(s, n, fill, "right"),
    "Filled up on the right, or cut, to n characters.",
    true,
  ),
  text("trim", ["btrim"], trimSignatures, trim, "Without spaces, or characters of the second argument, at both ends."),
  text("ltrim", [], trimSignatures, trimStart, "Without spaces, or the given characters, at the start."),
  text("rtrim", [], trimSignatures, trimEnd, "Without spaces, or the given characters, at the end."),
  text(
    "replace",
    [],
    ["varchar, varchar, varchar -> varchar"],
    (s, from, to) => (from === "" ? s : s.replaceAll(from, () => to)),
    "Every occurrence of the second argument replaced by the third.",
  ),
  text(
    "translate",
    [],
    ["varchar, varchar, varchar -> varchar"],
    translate,
    "Characters of the second argument replaced by those at the same place of the third, or dropped.",
  ),
  text(
    "overlay",
    [],
    ["varchar, varchar, int64 -> varchar", "varchar, varchar, int64, int64 -> varchar"],
    (s, part, from, count = BigInt(points(part).length)) =>
      left(s, from > 1n ? from - 1n : 0n) + part + substring(s, from + count > 1n ? from + count : 1n),
    "Puts the second argument in the place of n characters from a position.",
  ),
  text("repeat", [], ["varchar, int64 -> varchar"], repeat, "The text n times.", true),
  text("reverse", [], ["varchar -> varchar"], reverse, "The characters (grapheme clusters) in reverse order."),
  text(
    "strpos",
    ["instr", "position"],
    ["varchar, varchar -> int64"],
    position,
    "Where the second argument first occurs in the first; 0 if nowhere. POSITION(b IN a) is strpos(a, b).",
  ),
  text(
    "starts_with",
    ["prefix", "^@"],
    ["varchar, varchar -> boolean"],
    (s, part) => s.startsWith(part),
    "Whether the text starts with the second argument.",
  ),
  text(
    "ends_with",
    ["suffix"],
    ["varchar, varchar -> boolean"],
    (s, part) => s.endsWith(part),
    "Whether the text ends with the second argument.",
  ),
  text(
    "contains",
    [],
    ["varchar, varchar -> boolean"],
    (s, part) => s.includes(part),
    "Whether the second argument occurs in the text.",
  ),
  text(
    "split_part",
    [],
    ["varchar, varchar, int64 -> varchar"],
    splitPart,
    "The n-th part between separators; from the end when n < 0.",
  ),
  text(
    "ascii",
    [],
    ["varchar -> int32"],
    (s) => s.codePointAt(0) ?? 0,
    "Code point of the first character; 0 for none.",
  ),
  text(
    "unicode",
    ["ord"],
    ["varchar -> int32"],
    (s) => s.codePointAt(0) ?? -1,
    "Code point of the first character; -1 for none.",
  ),
  text("chr", [], ["int64 -> varchar"], codePoint, "The character of a code point.", true),
  text(
    "strip_accents",
    [],
    ["varchar -> varchar"],
    (s) =>
      s
        .normalize("NFD")
        .replace(/\p{Mn}/gu, "")
        .normalize("NFC"),
    "Letters without their accents.",
  ),
  text("nfc_normalize", [], ["varchar -> varchar"], (s) => s.normalize("NFC"), "Unicode normalization form C."),
  text(
    "substring_index",
    ["substr_index"],
    ["varchar, varchar, int64 -> varchar"],
    substringIndex,
    "What comes before the n-th separator, or after the n-th from the end when n < 0.",
  ),
  text(
    "find_in_set",
    [],
    ["varchar, varchar -> int64"],
    (s, list) => BigInt(list === "" ? 0 : list.split(",").indexOf(s) + 1),
    "The position of the text in a comma-separated list; 0 if it is not in it.",
  ),
  text(
    "format_bytes",
    ["pg_size_pretty"],
    ["int64 -> varchar"],
    formatByteCount,
    "A number of bytes in words, such as 1.5 KiB.",
  ),
];
