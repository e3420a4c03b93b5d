import { types } from "../arrow/types.ts";
import { ChoiceBuilder, Int64Builder, StringBuilder } from "./column-builders.ts";
import { CommentBuilder } from "./comment-builder.ts";
import { marketSegments, nations } from "./distributions.ts";
import { RandomStream } from "./random-stream.ts";
import { AddressStream, PhoneStream } from "./random-values.ts";
import { requiredColumns, type TpchTable } from "./table.ts";

/** Customers at scale 1. */
export const customersAtScale1 = 150_000;
const commentBytes = 73;

/** The customer table. */
export const customer: TpchTable = {
  name: "customer",
  schema: requiredColumns([
    ["c_custkey", types.int64],
    ["c_name", types.varchar],
    ["c_address", types.varchar],
    ["c_nationkey", types.int64],
    ["c_phone", types.varchar],
    ["c_acctbal", types.decimal(15, 2)],
    ["c_mktsegment", types.varchar],
    ["c_comment", types.varchar],
  ]),
  sourceRowsAtScale1: customersAtScale1,
  fixed: false,
  rowsPerSourceRow: 1,

  generate(_scale, first, count, text) {
    const addressStream = new AddressStream(881155353);
    const nationStream = new RandomStream(1489529863);
    const phoneStream = new PhoneStream(1521138112);
    const balanceStream = new RandomStream(298370230);
    const segmentStream = new RandomStream(1140279430);
    const comments = new CommentBuilder(1335826707, text, commentBytes, count);
    const streams = [addressStream, nationStream, phoneStream, balanceStream, segmentStream, comments];
    for (const stream of streams) stream.skipRows(first);

    const keys = new Int64Builder(count);
    const names = new StringBuilder(count, 18);
    const addresses = new StringBuilder(count, 25);
    const nationKeys = new Int64Builder(count);
    const phones = new StringBuilder(count, 15);
    const balances = new Int64Builder(count);
    const segments = new ChoiceBuilder(count, marketSegments.values);
    for (let key = first + 1; key <= first + count; key++) {
      const nationKey = nationStream.next(0, nations.length - 1);
      keys.add(key);
      names.put("Customer#");
      names.putNumber(key, 9);
      names.end();
      addressStream.add(addresses);
      nationKeys.add(nationKey);
      phoneStream.add(phones, nationKey);
      balances.add(balanceStream.next(-99_999, 999_999));
      segments.add(segmentStream.next(0, marketSegments.totalWeight - 1));
      comments.add();
      for (const stream of streams) stream.endRow();
    }
    const columns = [keys, names, addresses, nationKeys, phones, balances, segments, comments];
    return { rows: count, columns: columns.map((column) => column.finish()) };
  },
};
