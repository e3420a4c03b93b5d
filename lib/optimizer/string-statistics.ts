/** Guesses about string columns, of which files store only bounds. */
import type { ColumnStatistics } from "../catalog/table.ts";

/** Mean length from which strings are taken for free text, nearly all of them different. */
const textBytes = 20;

/**
 * Distinct strings: numbered names ("Supplier#000000001" … "Supplier#000010000") count their numbers, single letters
 * are flags, long text is nearly unique, and the rest are taken for categories, a few more in larger tables.
 */
export function stringDistinct(values: number, stored: ColumnStatistics | undefined): number {
  const min = typeof stored?.min === "string" ? stored.min : undefined;
  const max = typeof stored?.max === "string" ? stored.max : undefined;
  if (min !== undefined && max !== undefined) {
    if (min === max) return 1;
    const numbered = numberedRange(min, max);
    if (numbered !== undefined) return Math.min(values, numbered);
    // Flags use few of the letters between the least and the greatest.
    if (min.length === 1 && max.length === 1) {
      return Math.min(values, Math.ceil(Math.sqrt(max.charCodeAt(0) - min.charCodeAt(0) + 1)));
    }
  }
  if (values <= 100) return Math.max(1, values);
  if ((stored?.bytesMean ?? 0) >= textBytes) return values * 0.9;
  return Math.min(values, Math.max(10, Math.cbrt(values)));
}

/** Size of the range when both bounds are one prefix followed by digits of the same length. */
function numberedRange(min: string, max: string): number | undefined {
  if (min.length !== max.length) return undefined;
  let same = 0;
  while (same < min.length && min[same] === max[same]) same++;
  const low = min.slice(same);
  const high = max.slice(same);
  if (!/^\d{1,15}$/.test(low) || !/^\d{1,15}$/.test(high)) return undefined;
  return Number(high) - Number(low) + 1;
}
