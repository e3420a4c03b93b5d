/** Patterns over object keys: `*` and `?` within a folder, `**` over folders, `{a,b}`, `[a-z]`. */

const special = /[*?{[]/;

export function isPattern(key: string): boolean {
  return special.test(key);
}

/** What every match starts with. */
export function literalPrefix(pattern: string): string {
  return pattern.slice(0, pattern.search(special));
}

export function patternExpression(pattern: string): RegExp {
  let source = "";
  let braces = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (pattern.startsWith("**/", i)) {
      source += "(?:.*/)?";
      i += 2;
    } else if (pattern.startsWith("**", i)) {
      source += ".*";
      i += 1;
    } else if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[" && pattern.includes("]", i + 2)) {
      const end = pattern.indexOf("]", i + 2);
      const body = pattern
        .slice(i + 1, end)
        .replace(/[\\\]^]/g, "\\$&")
        .replace(/^!|^\\\^/, "^");
      source += `[${body}]`;
      i = end;
    } else if (char === "{") {
      source += "(?:";
      braces++;
    } else if (char === "}" && braces > 0) {
      source += ")";
      braces--;
    } else if (char === "," && braces > 0) source += "|";
    else source += char.replace(/[.+^$()|\\\]{}[]/g, "\\$&");
  }
  return new RegExp(`^${source}${")".repeat(braces)}$`, "s");
}
