import { types } from "../arrow/types.ts";
import { ChoiceBuilder, Int32Builder, Int64Builder, StringBuilder } from "./column-builders.ts";
import { CommentBuilder } from "./comment-builder.ts";
import { colors, partContainers, partTypes } from "./distributions.ts";
import { RandomStream } from "./random-stream.ts";
import { requiredColumns, type TpchTable } from "./table.ts";

/** Parts at scale 1. */
export const partsAtScale1 = 200_000;
const nameWords = 5;
const manufacturerCount = 5;
const brandsPerManufacturer = 5;
const commentBytes = 14;

const manufacturers = Array.from({ length: manufacturerCount }, (_, i) => `Manufacturer#${i + 1}`);
const brands = manufacturers.flatMap((_, m) =>
  Array.from({ length: brandsPerManufacturer }, (_, b) => `Brand#${m + 1}${b + 1}`),
);

/** p_retailprice in cents, a function of the key alone (TPC-H specification, clause 4.2.3). */
export function retailPriceOf(partKey: number): number {
  return 90_000 + (Math.floor(partKey / 10) % 20_001) + 100 * (partKey % 1000);
}

/** The part table. */
export const part: TpchTable = {
  name: "part",
  schema: requiredColumns([
    ["p_partkey", types.int64],
    ["p_name", types.varchar],
    ["p_mfgr", types.varchar],
    ["p_brand", types.varchar],
    ["p_type", types.varchar],
    ["p_size", types.int32],
    ["p_container", types.varchar],
    ["p_retailprice", types.decimal(15, 2)],
    ["p_comment", types.varchar],
  ]),
  sourceRowsAtScale1: partsAtScale1,
  fixed: false,
  rowsPerSourceRow: 1,

  generate(_scale, first, count, text) {
    const nameStream = new RandomStream(709314158, colors.length);
    const manufacturerStream = new RandomStream(1);
    const brandStream = new RandomStream(46831694);
    const typeStream = new RandomStream(1841581359);
    const sizeStream = new RandomStream(1193163244);
    const containerStream = new RandomStream(727633698);
    const comments = new CommentBuilder(804159733, text, commentBytes, count);
    const streams = [nameStream, manufacturerStream, brandStream, typeStream, sizeStream, containerStream, comments];
    for (const stream of streams) stream.skipRows(first);

    const keys = new Int64Builder(count);
    const names = new StringBuilder(count, 34);
    const manufacturerNames = new ChoiceBuilder(count, manufacturers);
    const brandNames = new ChoiceBuilder(count, brands);
    const typeNames = new ChoiceBuilder(count, partTypes.values);
    const sizes = new Int32Builder(count);
    const containers = new ChoiceBuilder(count, partContainers.values);
    const prices = new Int64Builder(count);
    for (let key = first + 1; key <= first + count; key++) {
      const manufacturer = manufacturerStream.next(0, manufacturerCount - 1);
      keys.add(key);
      addName(names, nameStream);
      manufacturerNames.add(manufacturer);
      brandNames.add(manufacturer * brandsPerManufacturer + brandStream.next(0, brandsPerManufacturer - 1));
      typeNames.add(typeStream.next(0, partTypes.totalWeight - 1));
      sizes.add(sizeStream.next(1, 50));
      containers.add(containerStream.next(0, partContainers.totalWeight - 1));
      prices.add(retailPriceOf(key));
      comments.add();
      for (const stream of streams) stream.endRow();
    }
    const columns = [keys, names, manufacturerNames, brandNames, typeNames, sizes, containers, prices, comments];
    return { rows: count, columns: columns.map((column) => column.finish()) };
  },
};

const shuffled = Uint8Array.from(colors, (_, i) => i);
const swaps = new Uint8Array(nameWords);

/** Five different colours: the first places of a Fisher–Yates shuffle, which is undone afterwards. */
function addName(names: StringBuilder, stream: RandomStream): void {
  for (let place = 0; place < nameWords; place++) {
    const other = stream.next(place, colors.length - 1);
    swaps[place] = other;
    swap(place, other);
    if (place > 0) names.put(" ");
    names.put(colors[shuffled[place] as number] as string);
  }
  names.end();
  for (let place = nameWords - 1; place >= 0; place--) swap(place, swaps[place] as number);
}

function swap(a: number, b: number): void {
  const held = shuffled[a] as number;
  shuffled[a] = shuffled[b] as number;
  shuffled[b] = held;
}
