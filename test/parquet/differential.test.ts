// A sample of test/parquet/differential.long.ts: every value of every dimension, and every pair of layout and null pattern.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compareReaders } from "./differential/compare.ts";
import { allCombinations, type Combination, describe, write } from "./differential/files.ts";
import { refusalsOf } from "./differential/refusals.ts";
import { temporaryFolder } from "./duckdb-oracle.ts";
import { seeded } from "./seeded.ts";

const folder = temporaryFolder();

/** Combinations in a random order, as long as they bring a pair of values that no earlier one had. */
function sample(seed: number): Combination[] {
  const random = seeded(seed);
  const shuffled = [...allCombinations()];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  const seen = new Set<string>();
  return shuffled.filter((combination) => {
    const values = Object.values(combination);
    const pairs = values.flatMap((a, i) => values.slice(i + 1).map((b) => `${a}+${b}`));
    const isNew = pairs.some((pair) => !seen.has(pair));
    for (const pair of pairs) seen.add(pair);
    return isNew;
  });
}

for (const combination of sample(Number(process.env.SEED ?? 1))) {
  test(describe(combination), async () => {
    const path = join(folder, "file.parquet");
    const columns = write(path, combination);
    await compareReaders(path, describe(combination), columns, refusalsOf(combination));
    rmSync(path);
  });
}
