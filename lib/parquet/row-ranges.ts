/** Sets of rows of a row group as ascending ranges that do not touch. */

/** Rows [from, to). */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

export function rowCount(ranges: readonly RowRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** Ascending ranges, those that touch joined. */
export function joinRanges(ranges: readonly RowRange[]): RowRange[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else if (to > from) joined.push({ from, to });
  }
  return joined;
}

export function intersectRanges(a: readonly RowRange[], b: readonly RowRange[]): RowRange[] {
  const both: RowRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const from = Math.max(a[i]!.from, b[j]!.from);
    const to = Math.min(a[i]!.to, b[j]!.to);
    if (to > from) both.push({ from, to });
    if (a[i]!.to < b[j]!.to) i++;
    else j++;
  }
  return both;
}

/** Whether a range shares a row with the set. */
export function overlaps(ranges: readonly RowRange[], from: number, to: number): boolean {
  return ranges.some((range) => range.from < to && from < range.to);
}
