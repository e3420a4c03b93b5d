/** Decodes the values of a page (nulls left out) from any encoding but the dictionary's into a column's own layout. */
import { physicalBytes, physicalKind } from "../arrow/types.ts";
import type { Arena } from "../kernels/arena.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { encoding } from "./page-header.ts";
import type { ParquetColumn } from "./schema.ts";

/** Why values could not be decoded: corrupt bytes, or an encoding that this decoder leaves to another. */
export type DecodeFailure = "corrupt" | "encoding";

/** Bytes of one stored value; views stand for byte arrays. */
function storedBytes(column: ParquetColumn): number {
  switch (column.physical) {
    case "BOOLEAN":
      return 1;
    case "INT32":
    case "FLOAT":
      return 4;
    case "INT64":
    case "DOUBLE":
      return 8;
    case "INT96":
      return 12;
    case "FIXED_LEN_BYTE_ARRAY":
      return column.typeLength;
    case "BYTE_ARRAY":
      return 8;
  }
}

export class ValueDecoder {
  readonly #memory: LinearMemory;
  readonly #column: ParquetColumn;
  readonly #stored: GrowableBlock;
  readonly #lengths: GrowableBlock;
  readonly #prefixes: GrowableBlock;
  readonly #text: GrowableBlock;
  /** Bytes of one decoded value. */
  readonly width: number;
  /** Whether decoded values point into the page, which then has to live as long as they. */
  readonly pointsIntoPage: boolean;
  /** Whether plain values are stored as they are decoded: side by side, in their own width. */
  readonly storedAsDecoded: boolean;
  readonly #storedWidth: number;

  constructor(memory: LinearMemory, column: ParquetColumn) {
    this.#memory = memory;
    this.#column = column;
    this.#stored = new GrowableBlock(memory);
    this.#lengths = new GrowableBlock(memory);
    this.#prefixes = new GrowableBlock(memory);
    this.#text = new GrowableBlock(memory);
    this.width = physicalBytes[physicalKind(column.type)];
    this.#storedWidth = storedBytes(column);
    const bytes = column.physical === "BYTE_ARRAY" || column.physical === "FIXED_LEN_BYTE_ARRAY";
    this.pointsIntoPage = bytes && column.conversion === "plain";
    this.storedAsDecoded = !bytes && column.physical !== "BOOLEAN" && column.conversion === "plain";
  }

  free(): void {
    this.#stored.free();
    this.#lengths.free();
    this.#prefixes.free();
    this.#text.free();
  }

  /** Decodes `count` values from [source, end) to `out` (count · width bytes). Text that has to be built goes to the arena. */
  decode(kind: number, source: Ptr, end: Ptr, count: number, out: Ptr, arena: Arena): DecodeFailure | undefined {
    if (count === 0) return undefined;
    const stored = this.#decodeStored(kind, source, end, count, out, arena);
    return typeof stored === "string" ? stored : this.#convert(stored, count, out, arena);
  }

  /** Where the values lie as stored (fixed width, or views of byte arrays): inside the page, at `out`, or in scratch. */
  #decodeStored(kind: number, source: Ptr, end: Ptr, count: number, out: Ptr, arena: Arena): Ptr | DecodeFailure {
    const { physical, conversion } = this.#column;
    const direct = conversion === "plain" && !(physical === "FIXED_LEN_BYTE_ARRAY");
    const target = () => (direct ? out : this.#stored.ensure(count * Math.max(8, this.#storedWidth)));
    switch (kind) {
      case encoding.plain:
        return this.#plain(source, end, count, target);
      case encoding.rle:
        return physical === "BOOLEAN" ? this.#rleBooleans(source, end, count, target()) : "encoding";
      case encoding.deltaBinaryPacked: {
        if (physical !== "INT32" && physical !== "INT64") return "encoding";
        const to = target();
        const width = this.#storedWidth;
        return this.#memory.kernels.deltaIntegers(source, end, count, width, to) < 0 ? "corrupt" : to;
      }
      case encoding.deltaLengthByteArray:
        return physical === "BYTE_ARRAY" ? this.#deltaLengths(source, end, count, target()) : "encoding";
      case encoding.deltaByteArray:
        return this.#deltaStrings(source, end, count, target, arena);
      case encoding.byteStreamSplit: {
        if (physical === "BOOLEAN" || physical === "BYTE_ARRAY" || physical === "INT96") return "encoding";
        if (count * this.#storedWidth > end - source) return "corrupt";
        // Fixed-length strings point at their bytes, which therefore have to outlive the page.
        const to = this.pointsIntoPage ? arena.alloc(count * this.#storedWidth) : target();
        this.#memory.kernels.byteStreamJoin(source, this.#storedWidth, count, to);
        return to;
      }
      default:
        return "encoding";
    }
  }

  #plain(source: Ptr, end: Ptr, count: number, target: () => Ptr): Ptr | DecodeFailure {
    const { kernels } = this.#memory;
    if (this.#column.physical === "BOOLEAN") {
      if ((count + 7) >> 3 > end - source) return "corrupt";
      const to = target();
      kernels.expandBits(source, count, to);
      return to;
    }
    if (this.#column.physical === "BYTE_ARRAY") {
      if (count * 4 > end - source) return "corrupt";
      const to = target();
      return kernels.plainViews(source, end, count, to) < 0 ? "corrupt" : to;
    }
    return count * this.#storedWidth > end - source ? "corrupt" : source;
  }

  #rleBooleans(source: Ptr, end: Ptr, count: number, to: Ptr): Ptr | DecodeFailure {
    if (end - source < 4) return "corrupt";
    const bytes = this.#memory.view.getUint32(source, true);
    if (bytes > end - source - 4) return "corrupt";
    return this.#memory.kernels.rleBits(source + 4, source + 4 + bytes, count, to) < 0 ? "corrupt" : to;
  }

  #deltaLengths(source: Ptr, end: Ptr, count: number, to: Ptr): Ptr | DecodeFailure {
    const { kernels } = this.#memory;
    const lengths = this.#lengths.ensure(count * 4);
    const read = kernels.deltaIntegers(source, end, count, 4, lengths);
    return read < 0 || kernels.lengthViews(lengths, count, source + read, end, to) < 0 ? "corrupt" : to;
  }

  #deltaStrings(source: Ptr, end: Ptr, count: number, target: () => Ptr, arena: Arena): Ptr | DecodeFailure {
    const { physical, conversion, typeLength } = this.#column;
    if (physical !== "BYTE_ARRAY" && physical !== "FIXED_LEN_BYTE_ARRAY") return "encoding";
    const { kernels } = this.#memory;
    const prefixes = this.#prefixes.ensure(count * 4);
    const suffixes = this.#lengths.ensure(count * 4);
    const first = kernels.deltaIntegers(source, end, count, 4, prefixes);
    if (first < 0) return "corrupt";
    const second = kernels.deltaIntegers(source + first, end, count, 4, suffixes);
    if (second < 0) return "corrupt";
    const bytes = kernels.deltaTextBytes(prefixes, suffixes, count);
    if (bytes < 0 || bytes > 2 ** 31) return "corrupt";
    if (physical === "FIXED_LEN_BYTE_ARRAY" && bytes !== count * typeLength) return "corrupt";
    const text = conversion === "plain" ? arena.alloc(bytes) : this.#text.ensure(bytes);
    const views = physical === "BYTE_ARRAY" ? target() : this.#stored.ensure(count * 8);
    if (kernels.deltaText(prefixes, suffixes, count, source + first + second, end, text, views) < 0) return "corrupt";
    // Values of a fixed length lie side by side in the text: they are stored values as they stand.
    return physical === "BYTE_ARRAY" ? views : text;
  }

  /** Stored values → the column's layout at `out`. */
  #convert(stored: Ptr, count: number, out: Ptr, arena: Arena): DecodeFailure | undefined {
    const { kernels } = this.#memory;
    const { conversion, physical, typeLength } = this.#column;
    let status = 0;
    switch (conversion) {
      case "plain":
        if (physical === "FIXED_LEN_BYTE_ARRAY") kernels.fixedViews(stored, typeLength, count, out);
        else if (stored !== out) this.#memory.u8.copyWithin(out, stored, stored + count * this.width);
        break;
      case "narrow8":
        kernels.narrow4to1(stored, count, out);
        break;
      case "narrow16":
        kernels.narrow4to2(stored, count, out);
        break;
      case "unsigned32":
        kernels.zeroExtend4to8(stored, count, out);
        break;
      case "unsigned64":
        kernels.zeroExtend8to16(stored, count, out);
        break;
      case "widen":
        kernels.signExtend4to8(stored, count, out);
        break;
      case "widen16":
        if (physical === "INT32") {
          const wide = this.#lengths.ensure(count * 8);
          kernels.signExtend4to8(stored, count, wide);
          kernels.widen8to16(wide, count, out);
        } else kernels.widen8to16(stored, count, out);
        break;
      case "double":
        kernels.widenToF64(stored, count, out);
        break;
      case "millis":
        status = kernels.millisToMicros(stored, count, out);
        break;
      case "nanos":
        kernels.nanosToMicros(stored, count, out);
        break;
      case "int96":
        status = kernels.int96ToMicros(stored, count, out);
        break;
      case "bigEndian":
        status =
          physical === "BYTE_ARRAY"
            ? kernels.bigEndianViews(stored, count, this.width, out)
            : kernels.bigEndianFixed(stored, typeLength, count, this.width, out);
        break;
      case "float16":
        kernels.halfToSingle(stored, count, out);
        break;
      case "uuid":
        kernels.uuidText(stored, count, arena.alloc(count * 36), out);
        break;
      case "interval":
        kernels.intervalValues(stored, count, out);
        break;
    }
    return status < 0 ? "corrupt" : undefined;
  }
}
