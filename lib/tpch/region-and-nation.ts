import { types } from "../arrow/types.ts";
import { Int64Builder, StringBuilder } from "./column-builders.ts";
import { CommentBuilder } from "./comment-builder.ts";
import { nations, regionNames } from "./distributions.ts";
import { requiredColumns, type TpchTable } from "./table.ts";

const commentBytes = 72;

/** The region table. */
export const region: TpchTable = {
  name: "region",
  schema: requiredColumns([
    ["r_regionkey", types.int64],
    ["r_name", types.varchar],
    ["r_comment", types.varchar],
  ]),
  sourceRowsAtScale1: regionNames.length,
  fixed: true,
  rowsPerSourceRow: 1,

  generate(_scale, first, count, text) {
    const keys = new Int64Builder(count);
    const names = new StringBuilder(count, 12);
    const comments = new CommentBuilder(1500869201, text, commentBytes, count);
    comments.skipRows(first);
    for (let key = first; key < first + count; key++) {
      keys.add(key);
      names.add(regionNames[key] as string);
      comments.add();
      comments.endRow();
    }
    return { rows: count, columns: [keys, names, comments].map((column) => column.finish()) };
  },
};

/** The nation table. */
export const nation: TpchTable = {
  name: "nation",
  schema: requiredColumns([
    ["n_nationkey", types.int64],
    ["n_name", types.varchar],
    ["n_regionkey", types.int64],
    ["n_comment", types.varchar],
  ]),
  sourceRowsAtScale1: nations.length,
  fixed: true,
  rowsPerSourceRow: 1,

  generate(_scale, first, count, text) {
    const keys = new Int64Builder(count);
    const names = new StringBuilder(count, 16);
    const regionKeys = new Int64Builder(count);
    const comments = new CommentBuilder(606179079, text, commentBytes, count);
    comments.skipRows(first);
    for (let key = first; key < first + count; key++) {
      const [name, regionKey] = nations[key] as (typeof nations)[number];
      keys.add(key);
      names.add(name);
      regionKeys.add(regionKey);
      comments.add();
      comments.endRow();
    }
    return { rows: count, columns: [keys, names, regionKeys, comments].map((column) => column.finish()) };
  },
};
