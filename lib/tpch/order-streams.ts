import { partsAtScale1, retailPriceOf } from "./part.ts";
import { RandomStream } from "./random-stream.ts";
import { sourceRowsOf } from "./table.ts";

/** Orders at scale 1. */
export const ordersAtScale1 = 1_500_000;
/** Lines of an order: one to seven. */
export const linesPerOrderMax = 7;

/** Days since 1970-01-01. */
export const firstOrderDate = 8035; // 1992-01-01
/** The last order ships and arrives within the seven years: 2,557 days, less 121 + 30, and one. */
const orderDates = 2557 - 121 - 30;
/** The day on which the data is taken to be current; what was due by then has happened. */
export const currentDate = 9298; // 1995-06-17

/** Order keys use the first 8 of every 32 numbers. `index` counts from 1. */
export function orderKeyOf(index: number): number {
  return Math.floor(index / 8) * 32 + (index % 8);
}

/** Lines of the orders [first, first + count), counted from 0. */
export function countLines(first: number, count: number): number {
  const stream = lineCountStream();
  stream.skipRows(first);
  let lines = 0;
  for (let i = 0; i < count; i++) {
    lines += stream.next(1, linesPerOrderMax);
    stream.endRow();
  }
  return lines;
}

function lineCountStream(): RandomStream {
  return new RandomStream(1434868289);
}

/** The streams that an order and its lines have in common: orders needs the lines' prices for its total. */
export class OrderStreams {
  private readonly dateStream = new RandomStream(1066728069);
  private readonly lineCountStream = lineCountStream();
  private readonly quantityStream = new RandomStream(209208115, linesPerOrderMax);
  private readonly discountStream = new RandomStream(554590007, linesPerOrderMax);
  private readonly taxStream = new RandomStream(721958466, linesPerOrderMax);
  private readonly partStream = new RandomStream(1808217256, linesPerOrderMax);
  private readonly shipDelayStream = new RandomStream(1769349045, linesPerOrderMax);
  private readonly streams = [
    this.dateStream,
    this.lineCountStream,
    this.quantityStream,
    this.discountStream,
    this.taxStream,
    this.partStream,
    this.shipDelayStream,
  ];
  private readonly parts: number;

  orderDate = 0;
  lineCount = 0;
  quantity = 0;
  /** in hundredths */
  discount = 0;
  /** in hundredths */
  tax = 0;
  partKey = 0;
  /** in cents */
  extendedPrice = 0;
  shipDate = 0;

  constructor(scale: number, first: number) {
    this.parts = sourceRowsOf(partsAtScale1, scale);
    for (const stream of this.streams) stream.skipRows(first);
  }

  startOrder(): void {
    this.orderDate = firstOrderDate + this.dateStream.next(0, orderDates - 1);
    this.lineCount = this.lineCountStream.next(1, linesPerOrderMax);
  }

  nextLine(): void {
    this.quantity = this.quantityStream.next(1, 50);
    this.discount = this.discountStream.next(0, 10);
    this.tax = this.taxStream.next(0, 8);
    this.partKey = this.partStream.next(1, this.parts);
    this.extendedPrice = retailPriceOf(this.partKey) * this.quantity;
    this.shipDate = this.orderDate + this.shipDelayStream.next(1, 121);
  }

  endOrder(): void {
    for (const stream of this.streams) stream.endRow();
  }
}
