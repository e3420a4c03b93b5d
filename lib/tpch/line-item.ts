import { types } from "../arrow/types.ts";
import { ChoiceBuilder, Int32Builder, Int64Builder } from "./column-builders.ts";
import { CommentBuilder } from "./comment-builder.ts";
import { returnFlags, shipInstructions, shipModes } from "./distributions.ts";
import {
  countLines,
  currentDate,
  linesPerOrderMax,
  OrderStreams,
  orderKeyOf,
  ordersAtScale1,
} from "./order-streams.ts";
import { supplierKeyOf } from "./part-supplier.ts";
import { RandomStream } from "./random-stream.ts";
import { suppliersAtScale1 } from "./supplier.ts";
import { requiredColumns, sourceRowsOf, type TpchTable } from "./table.ts";

const commentBytes = 27;
const linesPerOrder = 4; // on average
const returnFlagNames = [...returnFlags.values, "N"];
const notReturned = returnFlags.values.length;
const lineStatuses = ["F", "O"];

/** The lineitem table; its source rows are orders. */
export const lineItem: TpchTable = {
  name: "lineitem",
  schema: requiredColumns([
    ["l_orderkey", types.int64],
    ["l_partkey", types.int64],
    ["l_suppkey", types.int64],
    ["l_linenumber", types.int32],
    ["l_quantity", types.decimal(15, 2)],
    ["l_extendedprice", types.decimal(15, 2)],
    ["l_discount", types.decimal(15, 2)],
    ["l_tax", types.decimal(15, 2)],
    ["l_returnflag", types.varchar],
    ["l_linestatus", types.varchar],
    ["l_shipdate", types.date],
    ["l_commitdate", types.date],
    ["l_receiptdate", types.date],
    ["l_shipinstruct", types.varchar],
    ["l_shipmode", types.varchar],
    ["l_comment", types.varchar],
  ]),
  sourceRowsAtScale1: ordersAtScale1,
  fixed: false,
  rowsPerSourceRow: linesPerOrder,

  generate(scale, first, count, text) {
    const rows = countLines(first, count);
    const shared = new OrderStreams(scale, first);
    const supplierStream = new RandomStream(2095021727, linesPerOrderMax);
    const commitDelayStream = new RandomStream(904914315, linesPerOrderMax);
    const receiptDelayStream = new RandomStream(373135028, linesPerOrderMax);
    const returnStream = new RandomStream(717419739, linesPerOrderMax);
    const instructionStream = new RandomStream(1371272478, linesPerOrderMax);
    const modeStream = new RandomStream(675466456, linesPerOrderMax);
    const comments = new CommentBuilder(1095462486, text, commentBytes, rows, linesPerOrderMax);
    const streams = [
      supplierStream,
      commitDelayStream,
      receiptDelayStream,
      returnStream,
      instructionStream,
      modeStream,
      comments,
    ];
    for (const stream of streams) stream.skipRows(first);

    const suppliers = sourceRowsOf(suppliersAtScale1, scale);
    const orderKeys = new Int64Builder(rows);
    const partKeys = new Int64Builder(rows);
    const supplierKeys = new Int64Builder(rows);
    const lineNumbers = new Int32Builder(rows);
    const quantities = new Int64Builder(rows);
    const prices = new Int64Builder(rows);
    const discounts = new Int64Builder(rows);
    const taxes = new Int64Builder(rows);
    const returns = new ChoiceBuilder(rows, returnFlagNames);
    const statuses = new ChoiceBuilder(rows, lineStatuses);
    const shipDates = new Int32Builder(rows);
    const commitDates = new Int32Builder(rows);
    const receiptDates = new Int32Builder(rows);
    const instructions = new ChoiceBuilder(rows, shipInstructions.values);
    const modes = new ChoiceBuilder(rows, shipModes.values);
    for (let index = first + 1; index <= first + count; index++) {
      const orderKey = orderKeyOf(index);
      shared.startOrder();
      for (let line = 1; line <= shared.lineCount; line++) {
        shared.nextLine();
        const { partKey, shipDate } = shared;
        const receiptDate = shipDate + receiptDelayStream.next(1, 30);
        orderKeys.add(orderKey);
        partKeys.add(partKey);
        supplierKeys.add(supplierKeyOf(partKey, supplierStream.next(0, 3), suppliers));
        lineNumbers.add(line);
        quantities.add(shared.quantity * 100);
        prices.add(shared.extendedPrice);
        discounts.add(shared.discount);
        taxes.add(shared.tax);
        returns.add(receiptDate <= currentDate ? returnStream.next(0, returnFlags.totalWeight - 1) : notReturned);
        statuses.add(shipDate <= currentDate ? 0 : 1);
        shipDates.add(shipDate);
        commitDates.add(shared.orderDate + commitDelayStream.next(30, 90));
        receiptDates.add(receiptDate);
        instructions.add(instructionStream.next(0, shipInstructions.totalWeight - 1));
        modes.add(modeStream.next(0, shipModes.totalWeight - 1));
        comments.add();
      }
      shared.endOrder();
      for (const stream of streams) stream.endRow();
    }
    const columns = [
      orderKeys,
      partKeys,
      supplierKeys,
      lineNumbers,
      quantities,
      prices,
      discounts,
      taxes,
      returns,
      statuses,
      shipDates,
      commitDates,
      receiptDates,
      instructions,
      modes,
      comments,
    ];
    return { rows, columns: columns.map((column) => column.finish()) };
  },
};
