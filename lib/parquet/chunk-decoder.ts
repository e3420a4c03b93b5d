/**
 * Decodes one column chunk into linear memory as one long column: dictionary codes stay codes, plain values become flat,
 * strings become views into the decompressed pages. Whatever the bytes contradict becomes a QueryError corrupt_file.
 */
import { codeLookup } from "../arrow/flatten.ts";
import { physicalBytes, physicalKind } from "../arrow/types.ts";
import { type Dictionary, newDictionary, type Vector } from "../arrow/vector.ts";
import { QueryError } from "../errors.ts";
import type { Arena } from "../kernels/arena.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { codec, decompress } from "./decompress.ts";
import type { ColumnChunk } from "./footer.ts";
import { peekLevelBytes, readBitPackedLevels } from "./levels.ts";
import { encoding, type PageHeader, readPageHeader } from "./page-header.ts";
import type { ParquetColumn } from "./schema.ts";
import { ThriftError } from "./thrift.ts";
import { type DecodeFailure, ValueDecoder } from "./values.ts";

/** What is decoded, and its name for errors. */
export interface ChunkPlace {
  readonly path: string;
  readonly rowGroup: number;
  /** Rows of the row group; of a repeated column its values, each of which counts as a row here. */
  readonly rows: number;
  readonly column: ParquetColumn;
  readonly chunk: ColumnChunk;
  /** Keeps the levels, from which values with values inside are put together again. */
  readonly levels?: boolean;
}

/** A byte for each row; pointer 0: all levels are 0. */
export interface Levels {
  readonly definition: Ptr;
  readonly repetition: Ptr;
}

/** Consecutive pages of a chunk. */
export interface PageRun {
  readonly bytes: Uint8Array;
  /** Offset of the bytes in the file. */
  readonly offset: number;
  /** Row of the first data page's first value. */
  readonly firstRow: number;
  /** Row after the last value. */
  readonly endRow: number;
}

/** Thrown when this decoder does not know an encoding that another reader may know. */
export class UnknownEncoding extends Error {
  override readonly name = "UnknownEncoding";
}

/** A column of a row group in linear memory. Rows that were not read hold zeros. */
export interface DecodedColumn {
  /** Of the column. */
  readonly rows: number;
  /** Rows [from, from + length) as a vector, without copying. */
  slice(from: number, length: number): Vector;
  readonly dictionary: Dictionary | undefined;
  /** Where they were to be kept. */
  readonly levels?: Levels;
}

/**
 * Decodes the given pages. The dictionary page leads the first run, or is given apart when runs leave pages out.
 * Results live in the arena.
 */
export function decodeChunk(
  memory: LinearMemory,
  arena: Arena,
  place: ChunkPlace,
  runs: readonly PageRun[],
  dictionary?: PageRun,
): DecodedColumn {
  const decoder = new ChunkDecoder(memory, arena, place, runs);
  try {
    if (dictionary) decoder.decodeDictionaryAlone(dictionary);
    for (const run of runs) decoder.decodeRun(run);
    return decoder.finish();
  } finally {
    decoder.free();
  }
}

/** The dictionary of a chunk alone, from bytes that start with its page; undefined when there is none. */
export function decodeDictionary(
  memory: LinearMemory,
  arena: Arena,
  place: ChunkPlace,
  run: PageRun,
): Dictionary | undefined {
  const decoder = new ChunkDecoder(memory, arena, place, [run]);
  try {
    return decoder.decodeDictionaryAlone(run);
  } finally {
    decoder.free();
  }
}

export function corruptChunk(place: ChunkPlace, offset: number, what: string): QueryError {
  const { path, rowGroup, column } = place;
  return new QueryError(
    "corrupt_file",
    `${path} is corrupt: ${what} (column "${column.name}", row group ${rowGroup}, offset ${offset})`,
  );
}

const valueAlignment = 16;

/** A decompressed page in memory. */
interface PageBody {
  readonly values: Ptr;
  readonly end: Ptr;
  /** Present values. */
  readonly present: number;
}

class ChunkDecoder {
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #place: ChunkPlace;
  readonly #values: ValueDecoder;
  readonly #staging: GrowableBlock;
  readonly #page: GrowableBlock;
  readonly #levels: GrowableBlock;
  readonly #dense: GrowableBlock;
  readonly #codeScratch: GrowableBlock;
  readonly #width: number;
  /** Some rows are left out. */
  readonly #partial: boolean;
  /** Offset in the file of the page at hand. */
  #offset = 0;
  #dictionary: Dictionary | undefined;
  #codeBytes: 1 | 2 | 4 = 1;
  #codes: Ptr = 0;
  #flat: Ptr = 0;
  #validity: Ptr = 0;
  #hasNulls = false;
  #definition: Ptr = 0;
  #repetition: Ptr = 0;
  /** Rows up to here are decoded (or deliberately left out). */
  #row = 0;

  constructor(memory: LinearMemory, arena: Arena, place: ChunkPlace, runs: readonly PageRun[]) {
    this.#memory = memory;
    this.#arena = arena;
    this.#place = place;
    this.#partial = runs.reduce((sum, run) => sum + run.endRow - run.firstRow, 0) < place.rows;
    this.#values = new ValueDecoder(memory, place.column);
    this.#staging = new GrowableBlock(memory);
    this.#page = new GrowableBlock(memory);
    this.#levels = new GrowableBlock(memory);
    this.#dense = new GrowableBlock(memory);
    this.#codeScratch = new GrowableBlock(memory);
    this.#width = physicalBytes[physicalKind(place.column.type)];
    if (place.chunk.values !== place.rows) {
      throw this.#corrupt(`${place.chunk.values} values for ${place.rows} rows`);
    }
  }

  free(): void {
    this.#values.free();
    this.#staging.free();
    this.#page.free();
    this.#levels.free();
    this.#dense.free();
    this.#codeScratch.free();
  }

  decodeRun(run: PageRun): void {
    this.#row = run.firstRow;
    let at = 0;
    while (this.#row < run.endRow) {
      const header = this.#header(run, at);
      const from = at + header.headerBytes;
      const to = from + header.compressedBytes;
      if (to > run.bytes.length) throw this.#corrupt("a page runs past the end of its column chunk");
      this.#checkSize(header);
      const bytes = run.bytes.subarray(from, to);
      if (header.kind === "dictionary") this.#readDictionary(header, bytes);
      else if (header.kind !== "index") this.#readData(header, bytes, run.endRow);
      at = to;
    }
  }

  decodeDictionaryAlone(run: PageRun): Dictionary | undefined {
    const header = this.#header(run, 0);
    if (header.kind !== "dictionary") return undefined;
    const to = header.headerBytes + header.compressedBytes;
    if (to > run.bytes.length) throw this.#corrupt("a page runs past the end of its column chunk");
    this.#checkSize(header);
    this.#readDictionary(header, run.bytes.subarray(header.headerBytes, to));
    return this.#dictionary;
  }

  finish(): DecodedColumn {
    const { type } = this.#place.column;
    const levels = this.#place.levels && { levels: { definition: this.#definition, repetition: this.#repetition } };
    const validity = this.#hasNulls ? this.#validity : 0;
    const slicedValidity = (from: number) => (validity === 0 ? 0 : validity + from);
    if (this.#codes !== 0 && this.#dictionary) {
      const [codes, codeBytes, dictionary] = [this.#codes, this.#codeBytes, this.#dictionary];
      const slice = (from: number, length: number): Vector => ({
        kind: "dictionary",
        type,
        length,
        codes: codes + from * codeBytes,
        codeBytes,
        validity: slicedValidity(from),
        dictionary,
      });
      return { rows: this.#place.rows, slice, dictionary, ...levels };
    }
    const flat = this.#flatColumn();
    const physical = physicalKind(type);
    const slice = (from: number, length: number): Vector => ({
      kind: "flat",
      type,
      physical,
      length,
      data: flat + from * this.#width,
      validity: slicedValidity(from),
    });
    return { rows: this.#place.rows, slice, dictionary: undefined, ...levels };
  }

  #corrupt(what: string): QueryError {
    return corruptChunk(this.#place, this.#offset, what);
  }

  #fail(failure: DecodeFailure, kind: number): Error {
    if (failure === "encoding") return new UnknownEncoding(`encoding ${kind}`);
    return this.#corrupt("a page's values do not decode");
  }

  #header(run: PageRun, at: number): PageHeader {
    this.#offset = run.offset + at;
    if (at >= run.bytes.length) throw this.#corrupt("its pages end early");
    try {
      return readPageHeader(run.bytes, at);
    } catch (error) {
      if (error instanceof ThriftError) throw this.#corrupt(`a page header: ${error.message}`);
      throw error;
    }
  }

  /** Refuses sizes that neither the metadata nor any sane compression ratio explains, before memory is taken for them. */
  #checkSize({ uncompressedBytes, compressedBytes }: PageHeader): void {
    if (uncompressedBytes > Math.max(this.#place.chunk.uncompressedBytes, compressedBytes * 256)) {
      throw this.#corrupt(`a page of ${uncompressedBytes} bytes in a smaller column chunk`);
    }
  }

  /** @param shift bytes after an aligned address at which a kept page shall start */
  #decompress(header: PageHeader, bytes: Uint8Array, size: number, keep: boolean, shift = 0): Ptr {
    const out = keep ? this.#arena.alloc(size + valueAlignment) + shift : this.#page.ensure(size);
    this.#decompressTo(out, header, bytes, size);
    return out;
  }

  #decompressTo(out: Ptr, header: PageHeader, bytes: Uint8Array, size: number): void {
    const number = header.compressed ? this.#place.chunk.codec : codec.uncompressed;
    if (!decompress(this.#memory, this.#staging, number, bytes, out, size)) {
      throw this.#corrupt("a page does not decompress");
    }
  }

  #readDictionary(header: PageHeader, bytes: Uint8Array): void {
    const { values, encoding: kind, uncompressedBytes: size } = header;
    if (this.#dictionary) throw this.#corrupt("it has two dictionaries");
    if (kind !== encoding.plain && kind !== encoding.plainDictionary) throw new UnknownEncoding(`dictionary ${kind}`);
    if (values > size * 8) throw this.#corrupt(`a dictionary of ${values} values in ${size} bytes`);
    const source = this.#decompress(header, bytes, size, this.#values.pointsIntoPage);
    const data = this.#arena.alloc(values * this.#width);
    const failure = this.#values.decode(encoding.plain, source, source + size, values, data, this.#arena);
    if (failure) throw this.#fail(failure, kind);
    const { type } = this.#place.column;
    this.#dictionary = newDictionary({
      kind: "flat",
      type,
      physical: physicalKind(type),
      length: values,
      data,
      validity: 0,
    });
    this.#codeBytes = values <= 1 << 8 ? 1 : values <= 1 << 16 ? 2 : 4;
  }

  #readData(header: PageHeader, bytes: Uint8Array, endRow: number): void {
    const { values: rows, encoding: kind } = header;
    if (rows > endRow - this.#row) throw this.#corrupt(`its pages hold more than ${this.#place.rows} rows`);
    if (this.#readDirectly(header, bytes)) {
      this.#row += rows;
      return;
    }
    const coded = kind === encoding.plainDictionary || kind === encoding.rleDictionary;
    // A chunk of one plain page can be the column as it is decompressed.
    const inPlace = kind === encoding.plain && this.#values.storedAsDecoded && rows === this.#place.rows;
    const keep = inPlace || (this.#values.pointsIntoPage && !coded);
    const body = header.kind === "data" ? this.#bodyV1(header, bytes, keep) : this.#bodyV2(header, bytes, keep);
    if (body.present < rows) this.#hasNulls = true;
    if (inPlace && this.#adopt(body, rows)) this.#flat = body.values;
    else if (coded) this.#readCodes(body, rows);
    else this.#readValues(kind, body, rows);
    this.#row += rows;
  }

  /** Pages of nothing but plain values, as they are decoded, are decompressed to where they belong in the column. */
  #readDirectly(header: PageHeader, bytes: Uint8Array): boolean {
    const { values: rows, encoding: kind, uncompressedBytes: size } = header;
    if (kind !== encoding.plain || !this.#values.storedAsDecoded || header.kind !== "data") return false;
    // Decompression may write a little past the page: never over rows that were left out, which stay zeros.
    if (this.#place.column.optional || this.#partial || size !== rows * this.#width) return false;
    this.#decompressTo(this.#flatColumn() + this.#row * this.#width, header, bytes, size);
    return true;
  }

  /** Whether the page's values are all there, and aligned. */
  #adopt({ values, end, present }: PageBody, rows: number): boolean {
    return present === rows && values % valueAlignment === 0 && end - values >= rows * this.#width;
  }

  #bodyV1(header: PageHeader, bytes: Uint8Array, keep: boolean): PageBody {
    const levels = keep && this.#place.column.optional ? peekLevelBytes(this.#place.chunk.codec, bytes) : 0;
    const shift = (valueAlignment - (levels % valueAlignment)) % valueAlignment;
    const page = this.#decompress(header, bytes, header.uncompressedBytes, keep, shift);
    const end = page + header.uncompressedBytes;
    if (!this.#place.column.optional) return { values: page, end, present: header.values };
    if (header.levelEncoding === encoding.bitPacked) return this.#bodyOfBitPackedLevels(page, end, header.values);
    if (header.levelEncoding !== encoding.rle) throw new UnknownEncoding(`levels ${header.levelEncoding}`);
    const start = this.#place.column.repetitionMax === 0 ? page : this.#repetitionLevelsV1(page, end, header.values);
    const values = this.#levelsEnd(start, end, "definition");
    return { values, end, present: this.#readLevels(start + 4, values, header.values) };
  }

  /** Where the levels end whose length stands at `start`. */
  #levelsEnd(start: Ptr, end: Ptr, which: "definition" | "repetition"): Ptr {
    if (end - start < 4) throw this.#corrupt(`a page without its ${which} levels`);
    const levelBytes = this.#memory.view.getUint32(start, true);
    if (levelBytes > end - start - 4) throw this.#corrupt(`${which} levels run past the end of their page`);
    return start + 4 + levelBytes;
  }

  #repetitionLevelsV1(start: Ptr, end: Ptr, rows: number): Ptr {
    const levelsEnd = this.#levelsEnd(start, end, "repetition");
    this.#readRepetition(start + 4, levelsEnd, rows);
    return levelsEnd;
  }

  #bodyOfBitPackedLevels(start: Ptr, end: Ptr, rows: number): PageBody {
    const { column, path, levels } = this.#place;
    if (column.definitionMax > 1 || levels) {
      throw new QueryError("unsupported", `${path}: bit-packed levels of the nested column "${column.name}"`);
    }
    const values = start + Math.ceil(rows / 8);
    if (values > end) throw this.#corrupt("definition levels run past the end of their page");
    this.#validity ||= this.#arena.alloc(this.#place.rows);
    return { values, end, present: readBitPackedLevels(this.#memory, start, rows, this.#validity + this.#row) };
  }

  #bodyV2(header: PageHeader, bytes: Uint8Array, keep: boolean): PageBody {
    const levelBytes = header.definitionBytes + header.repetitionBytes;
    if (levelBytes > bytes.length || levelBytes > header.uncompressedBytes) {
      throw this.#corrupt("definition levels run past the end of their page");
    }
    let present = header.values;
    if (this.#place.column.optional) {
      const levels = this.#levels.ensure(levelBytes);
      this.#memory.u8.set(bytes.subarray(0, levelBytes), levels);
      if (this.#place.column.repetitionMax > 0) {
        this.#readRepetition(levels, levels + header.repetitionBytes, header.values);
      }
      present = this.#readLevels(levels + header.repetitionBytes, levels + levelBytes, header.values);
    }
    const size = header.uncompressedBytes - levelBytes;
    const rest = bytes.subarray(levelBytes);
    // A page of nulls may store nothing at all after its levels, compressed or not.
    const values = size === 0 ? this.#page.ensure(0) : this.#decompress(header, rest, size, keep);
    return { values, end: values + size, present };
  }

  /** Decodes definition levels into the column's validity. Returns the number of present values. */
  #readLevels(source: Ptr, end: Ptr, rows: number): number {
    this.#validity ||= this.#arena.alloc(this.#place.rows);
    const { column, levels } = this.#place;
    if (column.definitionMax > 1 || levels) return this.#readDeepLevels(source, end, rows);
    const present = this.#memory.kernels.rleBits(source, end, rows, this.#validity + this.#row);
    if (present < 0) throw this.#corrupt("definition levels do not decode");
    return present;
  }

  /** Levels of several steps: a value is present at the last one. */
  #readDeepLevels(source: Ptr, end: Ptr, rows: number): number {
    const { column, levels: keep } = this.#place;
    if (keep) this.#definition ||= this.#arena.alloc(this.#place.rows);
    const levels = keep ? this.#definition + this.#row : this.#dense.ensure(rows);
    this.#decodeLevels(source, end, rows, column.definitionMax, levels, "definition");
    return this.#memory.kernels.markBytes(levels, rows, column.definitionMax, this.#validity + this.#row);
  }

  #readRepetition(source: Ptr, end: Ptr, rows: number): void {
    this.#repetition ||= this.#arena.alloc(this.#place.rows);
    const { repetitionMax } = this.#place.column;
    this.#decodeLevels(source, end, rows, repetitionMax, this.#repetition + this.#row, "repetition");
  }

  #decodeLevels(source: Ptr, end: Ptr, rows: number, max: number, out: Ptr, which: "definition" | "repetition"): void {
    const width = 32 - Math.clz32(max);
    if (this.#memory.kernels.rleCodes(source, end, width, rows, max + 1, 1, out) < 0) {
      throw this.#corrupt(`${which} levels do not decode`);
    }
  }

  #readCodes(body: PageBody, rows: number): void {
    const dictionary = this.#dictionary;
    if (body.present === 0 && (!dictionary || dictionary.values.length === 0)) {
      this.#absent(rows);
      return;
    }
    if (!dictionary) throw this.#corrupt("dictionary codes without a dictionary");
    if (this.#flat !== 0) {
      this.#codesToFlat(body, rows, dictionary);
      return;
    }
    this.#codes ||= this.#allocate(this.#codeBytes);
    this.#decodeCodes(body, rows, dictionary, this.#codes + this.#row * this.#codeBytes);
  }

  /** Codes at `out`, one a row; absent rows get code 0. */
  #decodeCodes({ values, end, present }: PageBody, rows: number, dictionary: Dictionary, out: Ptr): void {
    const size = this.#codeBytes;
    const to = present === rows ? out : this.#dense.ensure(present * size);
    if (present > 0) {
      if (end - values < 1) throw this.#corrupt("a page of dictionary codes without their width");
      const width = this.#memory.u8[values]!;
      const { rleCodes } = this.#memory.kernels;
      if (rleCodes(values + 1, end, width, present, dictionary.values.length, size, to) < 0) {
        throw this.#corrupt("dictionary codes do not decode");
      }
    }
    if (present < rows) this.#spread(size, to, rows, out);
  }

  #codesToFlat(body: PageBody, rows: number, dictionary: Dictionary): void {
    const codes = this.#codeScratch.ensure(rows * this.#codeBytes);
    this.#decodeCodes(body, rows, dictionary, codes);
    this.#lookup(dictionary, codes, rows, this.#flat + this.#row * this.#width);
  }

  #lookup(dictionary: Dictionary, codes: Ptr, rows: number, out: Ptr): void {
    codeLookup(this.#memory, this.#codeBytes, this.#width)(dictionary.values.data, codes, rows, out);
  }

  #readValues(kind: number, body: PageBody, rows: number): void {
    const out = this.#flatColumn() + this.#row * this.#width;
    const to = body.present === rows ? out : this.#dense.ensure(body.present * this.#width);
    const failure = this.#values.decode(kind, body.values, body.end, body.present, to, this.#arena);
    if (failure) throw this.#fail(failure, kind);
    if (body.present < rows) this.#spread(this.#width, to, rows, out);
  }

  /** A page of nulls without a usable dictionary: zeros. */
  #absent(rows: number): void {
    const start = this.#flatColumn() + this.#row * this.#width;
    this.#memory.u8.fill(0, start, start + rows * this.#width);
  }

  /** The flat column; codes decoded so far are looked up, as happens when a writer gives up its dictionary midway. */
  #flatColumn(): Ptr {
    if (this.#flat !== 0) return this.#flat;
    this.#flat = this.#allocate(this.#width);
    if (this.#codes !== 0 && this.#dictionary) this.#lookup(this.#dictionary, this.#codes, this.#row, this.#flat);
    this.#codes = 0;
    return this.#flat;
  }

  /** Room for a value of every row. Where rows are left out it starts as zeros: codes have to stay in range. */
  #allocate(width: number): Ptr {
    const bytes = this.#place.rows * width;
    return this.#partial ? this.#arena.allocZeroed(bytes) : this.#arena.alloc(bytes);
  }

  #spread(width: number, values: Ptr, rows: number, out: Ptr): void {
    const { kernels } = this.#memory;
    const valid = this.#validity + this.#row;
    if (width === 1) kernels.spread1(values, valid, rows, out);
    else if (width === 2) kernels.spread2(values, valid, rows, out);
    else if (width === 4) kernels.spread4(values, valid, rows, out);
    else if (width === 8) kernels.spread8(values, valid, rows, out);
    else kernels.spread16(values, valid, rows, out);
  }
}
