/** Reads the columns of one row group: fetched together, decoded one by one as they are asked for. */
import { Arena } from "../kernels/arena.ts";
import type { LinearMemory } from "../kernels/memory.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { type ChunkPlace, type DecodedColumn, decodeChunk } from "./chunk-decoder.ts";
import { type FetchCounts, type FetchedBytes, fetchRanges } from "./fetch.ts";
import type { ParquetFooter } from "./footer.ts";
import type { ParquetColumn } from "./schema.ts";

export interface RowGroupSource {
  readonly memory: LinearMemory;
  readonly objects: ObjectStore;
  readonly footer: ParquetFooter;
  readonly rowGroup: number;
  readonly signal: AbortSignal;
  readonly counts: FetchCounts;
}

export class RowGroupReader {
  readonly rows: number;
  readonly #source: RowGroupSource;
  readonly #arena: Arena;
  readonly #fetched = new Map<ParquetColumn, FetchedBytes>();
  readonly #decoded = new Map<ParquetColumn, DecodedColumn>();

  constructor(source: RowGroupSource) {
    this.#source = source;
    this.#arena = new Arena(source.memory);
    this.rows = source.footer.rowGroups[source.rowGroup]!.rows;
  }

  /** Starts reading the columns that are not on their way yet. */
  fetch(columns: readonly ParquetColumn[]): void {
    const missing = columns.filter((column) => !this.#fetched.has(column));
    if (missing.length === 0) return;
    const { objects, footer, signal, counts } = this.#source;
    const ranges = missing.map((column) => this.#place(column).chunk.pages);
    const bytes = fetchRanges(objects, footer, ranges, signal, counts);
    for (const column of missing) this.#fetched.set(column, bytes);
  }

  /** The decoded column, valid until free. @throws QueryError corrupt_file */
  async column(column: ParquetColumn): Promise<DecodedColumn> {
    const known = this.#decoded.get(column);
    if (known) return known;
    this.fetch([column]);
    const place = this.#place(column);
    const bytes = await this.#fetched.get(column)!(place.chunk.pages);
    const run = { bytes, offset: place.chunk.pages.from, firstRow: 0, endRow: this.rows };
    const decoded = decodeChunk(this.#source.memory, this.#arena, place, [run]);
    this.#decoded.set(column, decoded);
    return decoded;
  }

  /** Gives the memory back. */
  free(): void {
    this.#fetched.clear();
    this.#decoded.clear();
    this.#arena.free();
  }

  #place(column: ParquetColumn): ChunkPlace {
    const { footer, rowGroup } = this.#source;
    const group = footer.rowGroups[rowGroup]!;
    return { path: footer.path, rowGroup, rows: group.rows, column, chunk: group.chunks[column.leaf]! };
  }
}
