/** The header in front of every page. Source: https://github.com/apache/parquet-format (parquet.thrift, PageHeader). */
import { ThriftError, ThriftReader } from "./thrift.ts";

export const encoding = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  bitPacked: 4,
  deltaBinaryPacked: 5,
  deltaLengthByteArray: 6,
  deltaByteArray: 7,
  rleDictionary: 8,
  byteStreamSplit: 9,
} as const;

export interface PageHeader {
  readonly kind: "data" | "dataV2" | "dictionary" | "index";
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  /** Values including nulls. */
  readonly values: number;
  readonly encoding: number;
  readonly levelEncoding: number;
  /** v2 only: bytes of the levels, which stand uncompressed before the values. */
  readonly definitionBytes: number;
  readonly repetitionBytes: number;
  readonly compressed: boolean;
  /** Bytes of the header itself. */
  readonly headerBytes: number;
}

const kinds = ["data", "index", "dictionary", "dataV2"] as const;

/** Parses the header at an offset of the bytes. @throws ThriftError */
export function readPageHeader(bytes: Uint8Array, offset: number): PageHeader {
  const reader = new ThriftReader(bytes, offset);
  const header = {
    values: 0,
    encoding: -1,
    levelEncoding: encoding.rle as number,
    definitionBytes: 0,
    repetitionBytes: 0,
    compressed: true,
  };
  let kind = -1;
  let uncompressedBytes = -1;
  let compressedBytes = -1;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) break;
    if (id === 1) kind = reader.i32();
    else if (id === 2) uncompressedBytes = reader.i32();
    else if (id === 3) compressedBytes = reader.i32();
    else if (id === 5 || id === 7 || id === 8) readKindHeader(reader, id, header);
    else reader.skip();
  }
  const name = kinds[kind];
  if (!name) throw new ThriftError(`page type ${kind}`);
  const { values, definitionBytes, repetitionBytes } = header;
  if (uncompressedBytes < 0 || compressedBytes < 0 || values < 0 || definitionBytes < 0 || repetitionBytes < 0) {
    throw new ThriftError("a page of negative size");
  }
  return { kind: name, uncompressedBytes, compressedBytes, headerBytes: reader.position - offset, ...header };
}

type KindHeader = {
  -readonly [K in "values" | "encoding" | "levelEncoding" | "definitionBytes" | "repetitionBytes"]: number;
} & {
  compressed: boolean;
};

/** Field numbers differ: 5 is DataPageHeader, 7 DictionaryPageHeader, 8 DataPageHeaderV2. */
function readKindHeader(reader: ThriftReader, struct: number, into: KindHeader): void {
  reader.struct();
  const v2 = struct === 8;
  let id = 0;
  while (true) {
    id = reader.field(id);
    if (id === 0) return;
    if (id === 1) into.values = reader.i32();
    else if (id === (v2 ? 4 : 2)) into.encoding = reader.i32();
    else if (id === 3 && struct === 5) into.levelEncoding = reader.i32();
    else if (id === 5 && v2) into.definitionBytes = reader.i32();
    else if (id === 6 && v2) into.repetitionBytes = reader.i32();
    else if (id === 7 && v2) into.compressed = reader.bool();
    else reader.skip();
  }
}
