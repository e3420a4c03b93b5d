import { customer } from "./customer.ts";
import { lineItem } from "./line-item.ts";
import { order } from "./order.ts";
import { part } from "./part.ts";
import { partSupplier } from "./part-supplier.ts";
import { nation, region } from "./region-and-nation.ts";
import { supplier } from "./supplier.ts";
import type { TableName, TpchTable } from "./table.ts";

/** Every table's generator by the table's name. */
export const tpchTables: Readonly<Record<TableName, TpchTable>> = {
  region,
  nation,
  supplier,
  customer,
  part,
  partsupp: partSupplier,
  orders: order,
  lineitem: lineItem,
};
