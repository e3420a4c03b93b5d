/** Leaves out the files of a partitioned table in which no row can pass a scan's filters. */

import { readableFields } from "../arrow/types.ts";
import type { Table, TableFile } from "../catalog/table.ts";
import type { ColumnId } from "../expr/expr.ts";
import { valueOfLiteral } from "../expr/value.ts";
import { boundOfValue, type ColumnBounds, mayBeTrue } from "../parquet/prune.ts";
import type { ScanNode } from "../physical/plan.ts";

/** The table with the files that are to be read; itself when it is all of them. */
export function pruneFiles(table: Table, scan: Pick<ScanNode, "columns" | "source" | "filters">): Table {
  const { partitions } = table;
  if (!partitions || scan.filters.length === 0) return table;
  const places = new Map<ColumnId, number>();
  for (const [i, { id }] of scan.columns.entries()) {
    const place = partitions.fields.indexOf(scan.source[i]!);
    if (place >= 0) places.set(id, place);
  }
  if (places.size === 0) return table;
  const types = partitions.fields.map((index) => readableFields(table.schema)[index]!.type);
  const boundsOf = ({ partition }: TableFile, id: ColumnId): ColumnBounds | undefined => {
    const place = places.get(id);
    if (place === undefined || !partition) return undefined;
    const value = valueOfLiteral(types[place]!, partition[place]!);
    if (value === null) return { rows: 1, nullCount: 1 };
    const bound = boundOfValue(value);
    return bound === undefined ? undefined : { rows: 1, nullCount: 0, min: bound, max: bound };
  };
  const files = table.files.filter((file) =>
    scan.filters.every((filter) => mayBeTrue(filter, (id) => boundsOf(file, id))),
  );
  return files.length === table.files.length ? table : { ...table, files };
}
