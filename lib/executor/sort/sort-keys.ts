/**
 * Normalised sort keys: the keys of a row as one string of bytes whose byte order is the wanted order
 * (lib/kernels/assembly/sort.ts says how each type is encoded).
 */
import { type PhysicalKind, physicalBytes } from "../../arrow/types.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import { QueryError } from "../../errors.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

export interface KeyOrder {
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Row i's key lies between the u32 addresses starts[i] and starts[i + 1]. */
export interface EncodedKeys {
  readonly starts: Ptr;
  readonly count: number;
  /** Whether some key is longer than eight bytes. */
  readonly long: boolean;
}

type Encode = (values: Ptr, validity: Ptr, n: number, flags: number, at: Ptr) => void;

const flag = { descending: 1, nullable: 2, nullsFirst: 4 } as const;
const keyBytesMax = 0xf0000000;

export class SortKeyEncoder {
  readonly #memory: LinearMemory;
  readonly #orders: readonly KeyOrder[];
  readonly #starts: GrowableBlock;
  readonly #positions: GrowableBlock;
  readonly #bytes: GrowableBlock;

  constructor(memory: LinearMemory, orders: readonly KeyOrder[]) {
    this.#memory = memory;
    this.#orders = orders;
    this.#starts = new GrowableBlock(memory);
    this.#positions = new GrowableBlock(memory);
    this.#bytes = new GrowableBlock(memory);
  }

  /**
   * The keys of `count` rows, one vector per key; valid until the next call. Keys of different calls compare only when
   * the vectors' layouts are the same and `nullable` is: it says whether a key can be NULL, undefined: as its vector has it.
   */
  encode(vectors: readonly FlatVector[], count: number, nullable?: boolean): EncodedKeys {
    const widths = vectors.map(({ physical }) => fixedBytes(physical));
    return this.#encode(
      vectors,
      count,
      vectors.map(({ validity }) => nullable ?? validity !== 0),
      widths,
    );
  }

  /** Keys that compare only with each other: of integers just the bytes in which they differ, so that keys often fit one word. */
  encodeAlone(vectors: readonly FlatVector[], count: number): EncodedKeys {
    const { kernels } = this.#memory;
    const widths = vectors.map(({ physical, data, validity }) => {
      const width = fixedBytes(physical);
      return isIntegral(physical) ? kernels.varyingBytes(data, validity, count, width) : width;
    });
    return this.#encode(
      vectors,
      count,
      vectors.map(({ validity }) => validity !== 0),
      widths,
    );
  }

  #encode(
    vectors: readonly FlatVector[],
    count: number,
    markers: readonly boolean[],
    widths: readonly number[],
  ): EncodedKeys {
    const { kernels } = this.#memory;
    const starts = this.#starts.ensure((count + 1) * 4);
    const strings = vectors.filter(({ physical }) => physical === "view");
    const fixed = widths.reduce((sum, width, i) => sum + width + (markers[i] ? 1 : 0), 0);
    let bytes = fixed * count;
    if (strings.length > 0) this.#memory.u8.fill(0, starts, starts + count * 4);
    for (const { data, validity } of strings) bytes += kernels.addStringKeyLengths(data, validity, count, starts);
    if (bytes > keyBytesMax) throw new QueryError("out_of_memory", "the sort keys of one run need more than 3.75 GiB");
    kernels.keyStarts(strings.length > 0 ? starts : 0, fixed, count, this.#bytes.ensure(bytes), starts);
    const positions = this.#positions.ensure(count * 4);
    this.#memory.u8.copyWithin(positions, starts, starts + count * 4);
    for (const [index, vector] of vectors.entries()) {
      const { descending, nullsFirst } = this.#orders[index]!;
      const flags =
        (descending ? flag.descending : 0) | (markers[index] ? flag.nullable : 0) | (nullsFirst ? flag.nullsFirst : 0);
      const { physical, data, validity } = vector;
      const width = fixedBytes(physical);
      if (widths[index] === width) encoder(this.#memory, physical)(data, validity, count, flags, positions);
      else kernels.encodeKeyLow(data, validity, count, flags, positions, width, widths[index]!);
    }
    return { starts, count, long: strings.length > 0 || fixed > 8 };
  }

  /** A copy of one row's key. */
  key({ starts }: EncodedKeys, row: number): Uint8Array {
    const at = (starts >>> 2) + row;
    return this.#memory.u8.slice(this.#memory.u32[at]!, this.#memory.u32[at + 1]!);
  }

  free(): void {
    for (const block of [this.#starts, this.#positions, this.#bytes]) block.free();
  }
}

/** The row numbers (u32, in a block that the caller frees) in the keys' order. Rows of equal keys keep their order. */
export function sortRows(memory: LinearMemory, { starts, count, long }: EncodedKeys): Ptr {
  const { kernels } = memory;
  const rows = memory.alloc(count * 4);
  const entries = memory.alloc(count * 16);
  const scratch = memory.alloc(count * 16);
  const counts = memory.alloc(8192);
  kernels.makeEntries(starts, count, entries);
  const sorted = kernels.radixSortEntries(entries, count, scratch, counts);
  if (long) kernels.sortTies(sorted, count, starts, sorted === entries ? scratch : entries, counts);
  kernels.entryRows(sorted, count, rows);
  for (const block of [entries, scratch, counts]) memory.free(block);
  return rows;
}

/** Bytes of linear memory that sorting so many rows takes, beyond the rows themselves. */
export function sortBytes(rows: number, keyBytes: number): number {
  return rows * 44 + keyBytes;
}

function fixedBytes(physical: PhysicalKind): number {
  return physical === "view" ? 0 : physicalBytes[physical];
}

function isIntegral(physical: PhysicalKind): boolean {
  return ["bool", "i8", "i16", "i32", "i64"].includes(physical);
}

function encoder({ kernels }: LinearMemory, physical: PhysicalKind): Encode {
  switch (physical) {
    case "bool":
    case "i8":
      return kernels.encodeKeyI8;
    case "i16":
      return kernels.encodeKeyI16;
    case "i32":
      return kernels.encodeKeyI32;
    case "i64":
      return kernels.encodeKeyI64;
    case "i128":
      return kernels.encodeKeyI128;
    case "f32":
      return kernels.encodeKeyF32;
    case "f64":
      return kernels.encodeKeyF64;
    case "interval":
      return kernels.encodeKeyInterval;
    case "view":
      return kernels.encodeKeyView;
  }
}
