/**
 * Reads sqllogictest scripts (https://www.sqlite.org/sqllogictest/doc/trunk/about.wiki): records are separated by blank
 * lines; `statement ok`, `statement error PATTERN`, `query TYPES [sort]` with `----` before the expected values, `skipif`
 * and `onlyif` with an engine's name, `halt`, comments with #. Expected rows are written one a line, values separated by
 * a tab or, in rows without tabs, by spaces; a query without `----` is checked only against the other engine and modes.
 */

export interface SltRecord {
  readonly line: number;
  readonly kind: "statement" | "query";
  readonly sql: string;
  /** Of `statement error`: a pattern the message must match. */
  readonly error?: RegExp;
  readonly sort: "nosort" | "rowsort" | "valuesort";
  readonly expected?: readonly string[];
  readonly skipIf: readonly string[];
  readonly onlyIf: readonly string[];
}

export function parseSlt(text: string, name: string): readonly SltRecord[] {
  const lines = text.split(/\r?\n/);
  const records: SltRecord[] = [];
  let skipIf: string[] = [];
  let onlyIf: string[] = [];
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!.trim();
    const words = line.split(/\s+/);
    i++;
    if (line === "" || line.startsWith("#")) continue;
    if (words[0] === "halt") break;
    if (words[0] === "skipif") skipIf.push(words[1]!);
    else if (words[0] === "onlyif") onlyIf.push(words[1]!);
    else if (words[0] === "statement" || words[0] === "query") {
      const start = i;
      const body: string[] = [];
      while (i < lines.length && lines[i]!.trim() !== "" && lines[i] !== "----") body.push(lines[i++]!);
      let expected: string[] | undefined;
      if (lines[i] === "----") {
        i++;
        expected = [];
        while (i < lines.length && lines[i]!.trim() !== "") expected.push(lines[i++]!);
      }
      if (body.length === 0) throw new Error(`${name}:${start}: a record without SQL`);
      const pattern = words.slice(2).join(" ");
      records.push({
        line: start,
        kind: words[0],
        sql: body.join("\n"),
        ...(words[0] === "statement" && words[1] === "error" && { error: new RegExp(pattern, "i") }),
        sort: words[0] === "query" && /sort$/.test(words[2] ?? "") ? (words[2] as SltRecord["sort"]) : "nosort",
        ...(expected && { expected }),
        skipIf,
        onlyIf,
      });
      skipIf = [];
      onlyIf = [];
    } else throw new Error(`${name}:${i}: cannot read "${line}"`);
  }
  return records;
}
