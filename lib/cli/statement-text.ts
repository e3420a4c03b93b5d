/** What the shell needs to know of SQL's text before it is parsed: where quotes and comments are. */

/** Quoted text, comments, and dollar quotes, whole; an opened one that does not end runs to the end of the text. */
const opaque = /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$)/g;

/** Whether the text ends in a semicolon outside quotes and comments. */
export function isComplete(text: string): boolean {
  const bare = text.replace(opaque, (part) => (isComment(part) ? (isOpenComment(part) ? "x" : " ") : "x"));
  return /;\s*$/.test(bare);
}

/** The statement on one line without comments, for the history; undefined when a quoted text has line breaks. */
export function oneLine(text: string): string | undefined {
  let line = "";
  let end = 0;
  const add = (plain: string) => {
    const words = plain.replace(/\s+/g, " ");
    line += line.endsWith(" ") ? words.trimStart() : words;
  };
  for (const match of text.matchAll(opaque)) {
    add(text.slice(end, match.index));
    end = match.index + match[0].length;
    if (isComment(match[0])) add(" ");
    else if (/[\r\n]/.test(match[0])) return undefined;
    else line += match[0];
  }
  add(text.slice(end));
  return line.trim();
}

function isComment(part: string): boolean {
  return part.startsWith("--") || part.startsWith("/*");
}

function isOpenComment(part: string): boolean {
  return part.startsWith("/*") && (part.length < 4 || !part.endsWith("*/"));
}
