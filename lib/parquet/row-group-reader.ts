/** Reads the columns of one row group: fetched together, decoded one by one as they are asked for. */
import { ValueWriter } from "../arrow/value-access.ts";
import { QueryError, unsupported } from "../errors.ts";
import { Arena } from "../kernels/arena.ts";
import type { LinearMemory } from "../kernels/memory.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { type ChunkPlace, type DecodedColumn, decodeChunk, type PageRun, UnknownEncoding } from "./chunk-decoder.ts";
import { canDecompress } from "./decompress.ts";
import { type CountFetch, type FetchedBytes, fetchRanges } from "./fetch.ts";
import { isNested, type NestedColumn } from "./file-schema.ts";
import type { ByteRange, ParquetFooter } from "./footer.ts";
import type { PageLocation } from "./page-index.ts";
import { type ConstantColumn, isConstant, type TableColumn } from "./read-as.ts";
import { overlaps, type RowRange } from "./row-ranges.ts";
import type { ParquetColumn } from "./schema.ts";

export interface RowGroupSource {
  readonly memory: LinearMemory;
  readonly objects: ObjectStore;
  readonly footer: ParquetFooter;
  readonly rowGroup: number;
  readonly signal: AbortSignal;
  readonly count: CountFetch;
  /** Rows that matter; absent: all. Where pages are known, those without such a row are neither read nor decoded. */
  readonly ranges?: readonly RowRange[];
  /** Pages of the columns whose offset index was read. */
  readonly pages?: ReadonlyMap<ParquetColumn, readonly PageLocation[]>;
  /** Absent: columns with values inside are not read. */
  readonly assemble?: AssembleColumn;
}

/** What is read of one chunk: its dictionary, and runs of pages; without a page index one run of everything. */
interface ChunkPlan {
  readonly place: ChunkPlace;
  readonly dictionary: ByteRange | undefined;
  readonly runs: readonly (ByteRange & { readonly firstRow: number; readonly endRow: number })[];
}

/** Where a column with values inside is, and the rows that matter. */
export interface NestedPlace extends Pick<ChunkPlace, "path" | "rowGroup" | "rows"> {
  /** Of its first leaf in the file, for errors. */
  readonly offset: number;
  readonly ranges: readonly RowRange[];
}

/** Writes the values of a column with values inside as JSON text. */
export type AssembleColumn = (
  arena: Arena,
  place: NestedPlace,
  column: NestedColumn,
  leaves: readonly DecodedColumn[],
) => DecodedColumn;

export class RowGroupReader {
  readonly rowGroup: number;
  readonly rows: number;
  readonly ranges: readonly RowRange[];
  readonly #source: RowGroupSource;
  readonly #arena: Arena;
  readonly #plans = new Map<ParquetColumn, ChunkPlan>();
  readonly #fetched = new Map<ParquetColumn, FetchedBytes>();
  readonly #decoded = new Map<TableColumn, DecodedColumn>();
  readonly #constants: ValueWriter[] = [];

  constructor(source: RowGroupSource) {
    this.#source = source;
    this.#arena = new Arena(source.memory);
    this.rowGroup = source.rowGroup;
    this.rows = source.footer.rowGroups[source.rowGroup]!.rows;
    this.ranges = source.ranges ?? [{ from: 0, to: this.rows }];
  }

  /** Starts reading the columns that are not on their way yet. */
  fetch(columns: readonly TableColumn[]): void {
    const missing = columns.flatMap(leavesOf).filter((column) => !this.#fetched.has(column));
    if (missing.length === 0) return;
    const { objects, footer, signal, count } = this.#source;
    const ranges = missing.flatMap((column) => rangesOf(this.#plan(column)));
    const bytes = fetchRanges(objects, footer, ranges, signal, count);
    for (const column of missing) this.#fetched.set(column, bytes);
  }

  /** Bytes that `fetch` of these columns reads. */
  bytesOf(columns: readonly TableColumn[]): number {
    const ranges = columns.flatMap(leavesOf).flatMap((column) => rangesOf(this.#plan(column)));
    return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /**
   * The decoded column, valid until free; only rows in `ranges` hold values.
   * @throws QueryError corrupt_file; unsupported for encodings that nothing here reads
   */
  async column(column: TableColumn): Promise<DecodedColumn> {
    const known = this.#decoded.get(column);
    if (known) return known;
    this.fetch([column]);
    const decoded = isConstant(column)
      ? this.#constant(column)
      : isNested(column)
        ? await this.#nested(column)
        : await this.#leaf(column);
    this.#decoded.set(column, decoded);
    return decoded;
  }

  #constant({ type, constant }: ConstantColumn): DecodedColumn {
    const writer = new ValueWriter(this.#source.memory, type);
    this.#constants.push(writer);
    const value = writer.write([constant]);
    return {
      rows: this.rows,
      slice: (_, length) => ({ kind: "constant", type, length, value }),
      dictionary: undefined,
    };
  }

  async #nested(column: NestedColumn): Promise<DecodedColumn> {
    const { footer, assemble } = this.#source;
    if (!assemble) throw unsupported(`nested column "${column.name}"`);
    const leaves: DecodedColumn[] = [];
    for (const leaf of column.leaves) leaves.push(await this.#leaf(leaf, true));
    const { rowGroup, rows, ranges } = this;
    const offset = footer.rowGroups[rowGroup]!.chunks[column.leaves[0]!.leaf]!.pages.from;
    return assemble(this.#arena, { path: footer.path, rowGroup, rows, offset, ranges }, column, leaves);
  }

  /** @param levels whether they are kept */
  async #leaf(column: ParquetColumn, levels = false): Promise<DecodedColumn> {
    const { place, dictionary, runs } = this.#plan(column);
    const fetched = this.#fetched.get(column)!;
    const bytes = await Promise.all(rangesOf(this.#plan(column)).map((range) => fetched.bytes(range)));
    const dictionaryRun = dictionary && { bytes: bytes.shift()!, offset: dictionary.from, firstRow: 0, endRow: 0 };
    const pageRuns = runs.map(({ from, firstRow, endRow }, i) => ({
      bytes: bytes[i]!,
      offset: from,
      firstRow,
      endRow,
    }));
    return this.#decode(levels ? { ...place, levels } : place, pageRuns, dictionaryRun);
  }

  /** Gives the memory back. */
  free(): void {
    for (const fetched of new Set(this.#fetched.values())) fetched.release();
    this.#fetched.clear();
    this.#decoded.clear();
    for (const constant of this.#constants.splice(0)) constant.free();
    this.#arena.free();
  }

  /** Our decoder, or where it does not know the encoding or codec, parquet-wasm. */
  async #decode(place: ChunkPlace, runs: readonly PageRun[], dictionary: PageRun | undefined): Promise<DecodedColumn> {
    const { memory, objects, footer, signal, count } = this.#source;
    try {
      if (!canDecompress(place.chunk.codec)) throw new UnknownEncoding(`codec ${place.chunk.codec}`);
      return decodeChunk(memory, this.#arena, place, runs, dictionary);
    } catch (error) {
      if (!(error instanceof UnknownEncoding)) throw error;
      const { pages } = place.chunk;
      const whole = runs.length === 1 && runs[0]!.bytes.length === pages.to - pages.from;
      const bytes = whole ? runs[0]!.bytes : await fetchRanges(objects, footer, [pages], signal, count).bytes(pages);
      const { decodeWithParquetWasm } = await import("./wasm-reader.ts");
      return decodeWithParquetWasm(memory, this.#arena, place, this.rows, bytes, error.message);
    }
  }

  #plan(column: ParquetColumn): ChunkPlan {
    let plan = this.#plans.get(column);
    if (!plan) {
      plan = this.#makePlan(column);
      this.#plans.set(column, plan);
    }
    return plan;
  }

  #makePlan(column: ParquetColumn): ChunkPlan {
    const { footer, rowGroup, pages: pagesOf } = this.#source;
    const group = footer.rowGroups[rowGroup]!;
    const chunk = group.chunks[column.leaf]!;
    // The pages of a repeated column are read whole, by values.
    const rows = column.repetitionMax > 0 ? chunk.values : group.rows;
    const place = { path: footer.path, rowGroup, rows, column, chunk };
    if (chunk.elsewhere) throw new QueryError("unsupported", `${footer.path}: column chunks in other files`);
    const pages = pagesOf?.get(column);
    const wanted = pages?.filter(({ firstRow, endRow }) => overlaps(this.ranges, firstRow, endRow));
    if (!pages || wanted?.length === pages.length) {
      return { place, dictionary: undefined, runs: [{ ...chunk.pages, firstRow: 0, endRow: rows }] };
    }
    const before = { from: chunk.pages.from, to: pages[0]!.from };
    const dictionary = before.to > before.from ? before : undefined;
    return { place, dictionary, runs: adjacentRuns(wanted ?? []) };
  }
}

function leavesOf(column: TableColumn): readonly ParquetColumn[] {
  if (isConstant(column)) return [];
  return isNested(column) ? column.leaves : [column];
}

function rangesOf({ dictionary, runs }: ChunkPlan): ByteRange[] {
  return dictionary ? [dictionary, ...runs] : [...runs];
}

/** Pages that follow one another are read as one run. */
function adjacentRuns(pages: readonly PageLocation[]): PageLocation[] {
  const runs: PageLocation[] = [];
  for (const page of pages) {
    const last = runs.at(-1);
    if (last && last.to === page.from && last.endRow === page.firstRow) {
      runs[runs.length - 1] = { ...last, to: page.to, endRow: page.endRow };
    } else runs.push(page);
  }
  return runs;
}
