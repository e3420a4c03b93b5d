/** How alike two texts are. Characters are code points. */
import { QueryError } from "../../errors.ts";
import { editDistance } from "../nearest-name.ts";
import type { ScalarFunction } from "./scalar-function.ts";

/** Edit distance where the transposition of neighbours also counts 1, unrestricted (Damerau–Levenshtein). */
function damerauLevenshtein(a: readonly string[], b: readonly string[]): number {
  const infinity = a.length + b.length;
  const lastRow = new Map<string, number>();
  const table = Array.from({ length: a.length + 2 }, () => new Array<number>(b.length + 2).fill(infinity));
  for (let i = 0; i <= a.length; i++) table[i + 1]![1] = i;
  for (let j = 0; j <= b.length; j++) table[1]![j + 1] = j;
  for (let i = 1; i <= a.length; i++) {
    let lastColumn = 0;
    for (let j = 1; j <= b.length; j++) {
      const row = lastRow.get(b[j - 1]!) ?? 0;
      const column = lastColumn;
      const same = a[i - 1] === b[j - 1];
      if (same) lastColumn = j;
      const substitution = table[i]![j]! + (same ? 0 : 1);
      const transposition = table[row]![column]! + (i - row - 1) + 1 + (j - column - 1);
      table[i + 1]![j + 1] = Math.min(substitution, table[i + 1]![j]! + 1, table[i]![j + 1]! + 1, transposition);
    }
    lastRow.set(a[i - 1]!, i);
  }
  return table[a.length + 1]![b.length + 1]!;
}

function hamming(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || a.length !== b.length) {
    throw new QueryError("invalid_argument", "hamming compares texts of one length, not empty");
  }
  return a.filter((character, i) => character !== b[i]).length;
}

function jaccard(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0)
    throw new QueryError("invalid_argument", "jaccard compares texts that are not empty");
  const [x, y] = [new Set(a), new Set(b)];
  const shared = [...x].filter((character) => y.has(character)).length;
  return shared / (x.size + y.size - shared);
}

function jaro(a: readonly string[], b: readonly string[]): number {
  const range = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const taken = new Set<number>();
  const matchesOfA: string[] = [];
  for (const [i, character] of a.entries()) {
    for (let j = Math.max(0, i - range); j <= Math.min(b.length - 1, i + range); j++) {
      if (taken.has(j) || b[j] !== character) continue;
      taken.add(j);
      matchesOfA.push(character);
      break;
    }
  }
  if (taken.size === 0) return 0;
  const matchesOfB = b.filter((_, j) => taken.has(j));
  const transpositions = Math.floor(matchesOfA.filter((character, i) => character !== matchesOfB[i]).length / 2);
  const m = taken.size;
  return (m / a.length + m / b.length + (m - transpositions) / m) / 3;
}

function jaroWinkler(a: readonly string[], b: readonly string[]): number {
  const similarity = jaro(a, b);
  let prefix = 0;
  while (prefix < Math.min(4, a.length, b.length) && a[prefix] === b[prefix]) prefix++;
  return similarity > 0.7 ? similarity + prefix * 0.1 * (1 - similarity) : similarity;
}

type Compare = (a: readonly string[], b: readonly string[]) => number;

function distance(name: string, aliases: string[], compare: Compare, about: string, canFail = false): ScalarFunction {
  return {
    name,
    aliases,
    signatures: ["varchar, varchar -> int64"],
    canFail,
    evaluate: ([a, b]) => BigInt(compare(Array.from(a as string), Array.from(b as string))),
    about,
  };
}

function similarity(name: string, compare: Compare, about: string, canFail = false): ScalarFunction {
  return {
    name,
    signatures: ["varchar, varchar -> float64"],
    canFail,
    evaluate: ([a, b]) => compare(Array.from(a as string), Array.from(b as string)),
    about,
  };
}

export const similarityFunctions: readonly ScalarFunction[] = [
  distance(
    "levenshtein",
    ["editdist3"],
    editDistance,
    "Insertions, deletions and substitutions that turn one text into the other.",
  ),
  distance("damerau_levenshtein", [], damerauLevenshtein, "levenshtein, where swapping two neighbours counts one."),
  distance("hamming", ["mismatches"], hamming, "Places where two texts of one length differ.", true),
  similarity("jaccard", jaccard, "Shared characters by all characters, 0 to 1.", true),
  similarity("jaro_similarity", jaro, "Jaro similarity, 0 to 1."),
  similarity("jaro_winkler_similarity", jaroWinkler, "Jaro similarity, raised for a common prefix."),
];
