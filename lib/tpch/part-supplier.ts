import { types } from "../arrow/types.ts";
import { Int32Builder, Int64Builder } from "./column-builders.ts";
import { CommentBuilder } from "./comment-builder.ts";
import { partsAtScale1 } from "./part.ts";
import { RandomStream } from "./random-stream.ts";
import { suppliersAtScale1 } from "./supplier.ts";
import { requiredColumns, sourceRowsOf, type TpchTable } from "./table.ts";

/** Rows of partsupp for every part. */
export const suppliersPerPart = 4;
const commentBytes = 124;

/** The key of a part's supplier number 0–3 (TPC-H specification, clause 4.2.3, PS_SUPPKEY). */
export function supplierKeyOf(partKey: number, supplierNumber: number, suppliers: number): number {
  const step = Math.floor(suppliers / suppliersPerPart) + Math.floor((partKey - 1) / suppliers);
  return ((partKey + supplierNumber * step) % suppliers) + 1;
}

/** The partsupp table; its source rows are parts. */
export const partSupplier: TpchTable = {
  name: "partsupp",
  schema: requiredColumns([
    ["ps_partkey", types.int64],
    ["ps_suppkey", types.int64],
    ["ps_availqty", types.int32],
    ["ps_supplycost", types.decimal(15, 2)],
    ["ps_comment", types.varchar],
  ]),
  sourceRowsAtScale1: partsAtScale1,
  fixed: false,
  rowsPerSourceRow: suppliersPerPart,

  generate(scale, first, count, text) {
    const rows = count * suppliersPerPart;
    const quantityStream = new RandomStream(1671059989, suppliersPerPart);
    const costStream = new RandomStream(1051288424, suppliersPerPart);
    const comments = new CommentBuilder(1961692154, text, commentBytes, rows, suppliersPerPart);
    const streams = [quantityStream, costStream, comments];
    for (const stream of streams) stream.skipRows(first);

    const suppliers = sourceRowsOf(suppliersAtScale1, scale);
    const partKeys = new Int64Builder(rows);
    const supplierKeys = new Int64Builder(rows);
    const quantities = new Int32Builder(rows);
    const costs = new Int64Builder(rows);
    for (let key = first + 1; key <= first + count; key++) {
      for (let number = 0; number < suppliersPerPart; number++) {
        partKeys.add(key);
        supplierKeys.add(supplierKeyOf(key, number, suppliers));
        quantities.add(quantityStream.next(1, 9999));
        costs.add(costStream.next(100, 100_000));
        comments.add();
      }
      for (const stream of streams) stream.endRow();
    }
    const columns = [partKeys, supplierKeys, quantities, costs, comments];
    return { rows, columns: columns.map((column) => column.finish()) };
  },
};
