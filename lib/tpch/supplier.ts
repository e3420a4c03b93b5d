import { types } from "../arrow/types.ts";
import { Int64Builder, StringBuilder } from "./column-builders.ts";
import { CommentBuilder } from "./comment-builder.ts";
import { nations } from "./distributions.ts";
import { RandomStream } from "./random-stream.ts";
import { AddressStream, PhoneStream } from "./random-values.ts";
import { requiredColumns, type TpchTable } from "./table.ts";

/** Suppliers at scale 1. */
export const suppliersAtScale1 = 10_000;
const commentBytes = 63;

/** Of every 10,000 suppliers about ten have a remark in their comment that queries 16 and 21 look for. */
const remarkOdds = 10_000;
const remarked = 10;
const remarkStart = new TextEncoder().encode("Customer ");
const complaint = new TextEncoder().encode("Complaints");
const recommendation = new TextEncoder().encode("Recommends");
const remarkBytes = remarkStart.length + complaint.length;
const complaintPercent = 50;

/** The supplier table. */
export const supplier: TpchTable = {
  name: "supplier",
  schema: requiredColumns([
    ["s_suppkey", types.int64],
    ["s_name", types.varchar],
    ["s_address", types.varchar],
    ["s_nationkey", types.int64],
    ["s_phone", types.varchar],
    ["s_acctbal", types.decimal(15, 2)],
    ["s_comment", types.varchar],
  ]),
  sourceRowsAtScale1: suppliersAtScale1,
  fixed: false,
  rowsPerSourceRow: 1,

  generate(_scale, first, count, text) {
    const addressStream = new AddressStream(706178559);
    const nationStream = new RandomStream(110356601);
    const phoneStream = new PhoneStream(884434366);
    const balanceStream = new RandomStream(962338209);
    const comments = new CommentBuilder(1341315363, text, commentBytes, count);
    const remarkStream = new RandomStream(202794285);
    const gapStream = new RandomStream(263032577);
    const placeStream = new RandomStream(715851524);
    const kindStream = new RandomStream(753643799);
    const streams = [
      addressStream,
      nationStream,
      phoneStream,
      balanceStream,
      comments,
      remarkStream,
      gapStream,
      placeStream,
      kindStream,
    ];
    for (const stream of streams) stream.skipRows(first);

    const keys = new Int64Builder(count);
    const names = new StringBuilder(count, 18);
    const addresses = new StringBuilder(count, 25);
    const nationKeys = new Int64Builder(count);
    const phones = new StringBuilder(count, 15);
    const balances = new Int64Builder(count);
    for (let key = first + 1; key <= first + count; key++) {
      const nationKey = nationStream.next(0, nations.length - 1);
      keys.add(key);
      names.put("Supplier#");
      names.putNumber(key, 9);
      names.end();
      addressStream.add(addresses);
      nationKeys.add(nationKey);
      phoneStream.add(phones, nationKey);
      balances.add(balanceStream.next(-99_999, 999_999));
      const length = comments.add();
      if (remarkStream.next(1, remarkOdds) <= remarked) {
        const gap = gapStream.next(0, length - remarkBytes);
        comments.flush();
        const { bytes, length: end } = comments.strings;
        const place = end - length + placeStream.next(0, length - remarkBytes - gap);
        const isComplaint = kindStream.next(0, 100) < complaintPercent;
        bytes.set(remarkStart, place);
        bytes.set(isComplaint ? complaint : recommendation, place + remarkStart.length + gap);
      }
      for (const stream of streams) stream.endRow();
    }
    const columns = [keys, names, addresses, nationKeys, phones, balances, comments];
    return { rows: count, columns: columns.map((column) => column.finish()) };
  },
};
