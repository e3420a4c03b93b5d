/** What a reader cannot read, all of it: a combination that is not here is read rightly by all three. */
import type { Refusal, RefusalOf } from "./compare.ts";
import { type Combination, shapes } from "./files.ts";

interface ListedRefusal extends Refusal {
  readonly reader: "volley" | "duckdb" | "parquet-wasm";
  readonly columns: RegExp;
  /** Absent: in all of them. */
  readonly when?: (combination: Combination) => boolean;
}

const hasRows = ({ shape }: Combination) => shapes[shape]!.rows > 0;
const refusals: readonly ListedRefusal[] = [
  // Volley's SQL has no TIME.
  { reader: "volley", columns: /^time_/, message: /^unsupported: TIME column/ },
  {
    reader: "duckdb",
    columns: /./,
    when: (combination) => combination.codec === "lz4" && combination.version === "v1" && hasRows(combination),
    message: /LZ4/,
  },
  {
    // A page of version 2 that would not shrink is not compressed: then there is nothing to refuse.
    reader: "duckdb",
    columns: /./,
    when: (combination) => combination.codec === "lz4" && combination.version === "v2" && hasRows(combination),
    message: /LZ4|BYTE_STREAM_SPLIT encoding/,
    sometimes: true,
  },
  {
    reader: "duckdb",
    columns: /^(?!float(32|64)$)/,
    when: (combination) => combination.layout === "byte_stream_split" && hasRows(combination),
    message: /BYTE_STREAM_SPLIT encoding is only supported for FLOAT or DOUBLE/,
  },
];

export function refusalsOf(combination: Combination): RefusalOf {
  const found = refusals.filter(({ when }) => when?.(combination) ?? true);
  return (reader, column) => found.find((entry) => entry.reader === reader && entry.columns.test(column));
}
