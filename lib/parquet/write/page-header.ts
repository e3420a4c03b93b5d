import { ThriftWriter } from "./thrift-writer.ts";

/** Encoding PLAIN of parquet.thrift. */
export const encodingPlain = 0;
/** Encoding RLE of parquet.thrift. */
export const encodingRle = 3;
/** Encoding RLE_DICTIONARY of parquet.thrift. */
export const encodingRleDictionary = 8;

/** What a page header says. */
export interface PageDescription {
  readonly kind: "data" | "dictionary";
  /** rows of a data page, nulls included, or entries of a dictionary */
  readonly values: number;
  readonly encoding: number;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
}

/** The header that precedes a page. Source: parquet.thrift, PageHeader. */
export function pageHeader(page: PageDescription): Uint8Array {
  const thrift = new ThriftWriter();
  const isData = page.kind === "data";
  thrift.i32(1, isData ? 0 : 2);
  thrift.i32(2, page.uncompressedBytes);
  thrift.i32(3, page.compressedBytes);
  thrift.struct(isData ? 5 : 7, () => {
    thrift.i32(1, page.values);
    thrift.i32(2, page.encoding);
    if (!isData) return;
    thrift.i32(3, encodingRle); // definition levels
    thrift.i32(4, encodingRle); // repetition levels
  });
  return thrift.finish();
}
