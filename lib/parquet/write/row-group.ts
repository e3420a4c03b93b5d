/** What the footer and the page index say about one row group. Offsets count from the row group's first byte. */
export interface EncodedRowGroup {
  readonly rows: number;
  readonly bytes: Uint8Array;
  readonly chunks: readonly EncodedChunk[];
}

/** One column of a row group. */
export interface EncodedChunk {
  readonly codec: CodecName;
  readonly encodings: readonly number[];
  readonly rows: number;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  readonly dictionaryPageOffset?: number;
  readonly dataPageOffset: number;
  readonly statistics: ChunkStatistics;
  readonly pages: readonly EncodedPage[];
}

/** Statistics of a chunk or page; values are as Parquet stores them in statistics. */
export interface ChunkStatistics {
  readonly nulls: number;
  readonly distinct?: number;
  readonly min?: Uint8Array;
  readonly max?: Uint8Array;
}

/** One data page of a chunk. */
export interface EncodedPage extends ChunkStatistics {
  readonly offset: number;
  /** page header and body */
  readonly bytes: number;
  readonly firstRow: number;
  readonly allNull: boolean;
}

/** Codecs that the writer knows. */
export type CodecName = "uncompressed" | "snappy" | "gzip" | "zstd";

/** How columns are cut into pages and compressed. */
export interface ParquetWriteOptions {
  /** Default snappy. A column chunk that compression does not shrink is stored uncompressed. */
  readonly codec?: CodecName;
  /** Default 20,000. */
  readonly pageRowsMax?: number;
  /** Bytes of a page before compression, about; default 1 MiB. */
  readonly pageBytesMax?: number;
}
