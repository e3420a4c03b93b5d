// Every encoding × codec × page version × null pattern × shape of file, with every type that it fits: three readers, the same values.
import { join } from "node:path";
import { test } from "node:test";
import { compareReaders } from "./differential/compare.ts";
import { allCombinations, describe, layouts, shapes, write } from "./differential/files.ts";
import { refusalsOf } from "./differential/refusals.ts";
import { temporaryFolder } from "./duckdb-oracle.ts";

const folder = temporaryFolder();

for (const layout of Object.keys(layouts)) {
  for (const shape of Object.keys(shapes)) {
    test(`${layout}, ${shape}`, async () => {
      let file = 0;
      for (const combination of allCombinations()) {
        if (combination.layout !== layout || combination.shape !== shape) continue;
        // A path of its own: DuckDB and our footer cache know files by path and time.
        const path = join(folder, `${layout} ${shape} ${file++}.parquet`);
        const columns = write(path, combination);
        await compareReaders(path, describe(combination), columns, refusalsOf(combination));
      }
    });
  }
}
