import { createHash } from "node:crypto";
import { DuckDBInstance } from "@duckdb/node-api";

/**
 * SHA-256 of a table's rows in file order, read by DuckDB. Canonical form: every value as DuckDB casts it to text
 * (decimals with two digits, ISO dates), joined by "|", each row ended by a newline; for several files, one after another.
 */
export async function tableDigest(files: readonly string[]): Promise<string> {
  const instance = await DuckDBInstance.create(":memory:", { preserve_insertion_order: "true" });
  const connection = await instance.connect();
  const hash = createHash("sha256");
  try {
    for (const file of files) {
      const result = await connection.streamAndReadAll(`select columns(*)::varchar from '${file}'`);
      for (const row of result.getRows()) hash.update(`${row.join("|")}\n`);
    }
  } finally {
    connection.closeSync();
  }
  return hash.digest("hex");
}
