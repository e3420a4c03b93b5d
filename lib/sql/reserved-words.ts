/** Keywords of queries: without quotes they are never names, though the library lets some pass where an operand is missing. */
export const reservedWords: ReadonlySet<string> = new Set(
  (
    "and as case cast create distinct else end except fetch for from group having in intersect into is join limit " +
    "not on or order select table then union using values when where window with"
  ).split(" "),
);
