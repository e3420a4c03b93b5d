import { types } from "../arrow/types.ts";
import { ChoiceBuilder, Int32Builder, Int64Builder, StringBuilder } from "./column-builders.ts";
import { CommentBuilder } from "./comment-builder.ts";
import { customersAtScale1 } from "./customer.ts";
import { orderPriorities } from "./distributions.ts";
import { currentDate, OrderStreams, orderKeyOf, ordersAtScale1 } from "./order-streams.ts";
import { RandomStream } from "./random-stream.ts";
import { requiredColumns, sourceRowsOf, type TpchTable } from "./table.ts";

const clerksAtScale1 = 1000;
const commentBytes = 49;
/** Every third customer has no orders. */
const idleCustomers = 3;
const statuses = ["F", "O", "P"];

/** The orders table. */
export const order: TpchTable = {
  name: "orders",
  schema: requiredColumns([
    ["o_orderkey", types.int64],
    ["o_custkey", types.int64],
    ["o_orderstatus", types.varchar],
    ["o_totalprice", types.decimal(15, 2)],
    ["o_orderdate", types.date],
    ["o_orderpriority", types.varchar],
    ["o_clerk", types.varchar],
    ["o_shippriority", types.int32],
    ["o_comment", types.varchar],
  ]),
  sourceRowsAtScale1: ordersAtScale1,
  fixed: false,
  rowsPerSourceRow: 1,

  generate(scale, first, count, text) {
    const shared = new OrderStreams(scale, first);
    const customerStream = new RandomStream(851767375);
    const priorityStream = new RandomStream(591449447);
    const clerkStream = new RandomStream(1171034773);
    const comments = new CommentBuilder(276090261, text, commentBytes, count);
    const streams = [customerStream, priorityStream, clerkStream, comments];
    for (const stream of streams) stream.skipRows(first);

    const customers = sourceRowsOf(customersAtScale1, scale);
    const clerks = Math.max(clerksAtScale1, Math.trunc(scale * clerksAtScale1));
    const keys = new Int64Builder(count);
    const customerKeys = new Int64Builder(count);
    const statusNames = new ChoiceBuilder(count, statuses);
    const totals = new Int64Builder(count);
    const dates = new Int32Builder(count);
    const priorities = new ChoiceBuilder(count, orderPriorities.values);
    const clerkNames = new StringBuilder(count, 15);
    const shipPriorities = new Int32Builder(count);
    for (let index = first + 1; index <= first + count; index++) {
      shared.startOrder();
      let total = 0;
      let shipped = 0;
      for (let line = 0; line < shared.lineCount; line++) {
        shared.nextLine();
        total += lineTotal(shared.extendedPrice, shared.discount, shared.tax);
        if (shared.shipDate <= currentDate) shipped++;
      }
      keys.add(orderKeyOf(index));
      customerKeys.add(activeCustomer(customerStream.next(1, customers), customers));
      statusNames.add(shipped === shared.lineCount ? 0 : shipped === 0 ? 1 : 2);
      totals.add(total);
      dates.add(shared.orderDate);
      priorities.add(priorityStream.next(0, orderPriorities.totalWeight - 1));
      clerkNames.put("Clerk#");
      clerkNames.putNumber(clerkStream.next(1, clerks), 9);
      clerkNames.end();
      shipPriorities.add(0);
      comments.add();
      shared.endOrder();
      for (const stream of streams) stream.endRow();
    }
    const columns = [keys, customerKeys, statusNames, totals, dates, priorities, clerkNames, shipPriorities, comments];
    return { rows: count, columns: columns.map((column) => column.finish()) };
  },
};

/** What a line adds to its order's total, in cents: the generator truncates after the discount and after the tax. */
function lineTotal(extendedPrice: number, discount: number, tax: number): number {
  const discounted = Math.floor((extendedPrice * (100 - discount)) / 100);
  return Math.floor((discounted * (100 + tax)) / 100);
}

/** The customer next to an idle one takes its order: alternately above and below, within the table. */
function activeCustomer(drawn: number, customers: number): number {
  let key = drawn;
  let step = 1;
  while (key % idleCustomers === 0) {
    key = Math.min(key + step, customers);
    step = -step;
  }
  return key;
}
