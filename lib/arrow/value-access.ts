/** Single values in and out of vectors: for results, tests and the row-by-row fallback, never for hot loops. */
import { QueryError } from "../errors.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { type DataType, type PhysicalKind, physicalBytes, physicalKind } from "./types.ts";
import type { IntervalValue, Value } from "./value.ts";
import type { FlatVector, Vector } from "./vector.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The value of one row. Strings and bytes are copies. */
export function readValue(memory: LinearMemory, vector: Vector, row: number): Value {
  switch (vector.kind) {
    case "flat":
      return isPresent(memory, vector.validity, row) ? readFlat(memory, vector, row) : null;
    case "constant":
      return readValue(memory, vector.value, 0);
    case "dictionary":
      if (!isPresent(memory, vector.validity, row)) return null;
      return readFlat(memory, vector.dictionary.values, readCode(memory, vector.codes, vector.codeBytes, row));
    case "selection": {
      const at = memory.u32[(vector.selection >>> 2) + row]!;
      return vector.outer && at === 0xffffffff ? null : readValue(memory, vector.base, at);
    }
  }
}

/** Every value of a vector. */
export function readValues(memory: LinearMemory, vector: Vector): Value[] {
  return Array.from({ length: vector.length }, (_, row) => readValue(memory, vector, row));
}

function isPresent(memory: LinearMemory, validity: Ptr, row: number): boolean {
  return validity === 0 || memory.u8[validity + row] !== 0;
}

/** The code of one row. */
export function readCode(memory: LinearMemory, codes: Ptr, codeBytes: 1 | 2 | 4, row: number): number {
  if (codeBytes === 1) return memory.u8[codes + row]!;
  return codeBytes === 2 ? memory.view.getUint16(codes + row * 2, true) : memory.view.getUint32(codes + row * 4, true);
}

function readFlat(memory: LinearMemory, { type, physical, data }: FlatVector, row: number): Value {
  const at = data + row * physicalBytes[physical];
  const { view } = memory;
  switch (physical) {
    case "bool":
      return type.kind === "null" ? null : memory.u8[at] !== 0;
    case "i8":
      return view.getInt8(at);
    case "i16":
      return view.getInt16(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "i128":
      return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
    case "interval":
      return {
        months: view.getInt32(at, true),
        days: view.getInt32(at + 4, true),
        micros: view.getBigInt64(at + 8, true),
      };
    case "view": {
      const start = view.getUint32(at, true);
      const bytes = memory.u8.subarray(start, start + view.getUint32(at + 4, true));
      return type.kind === "varchar" ? decoder.decode(bytes) : bytes.slice();
    }
  }
}

/** Fills a flat vector value by value, in buffers reused from one vector to the next. */
export class ValueWriter {
  readonly type: DataType;
  readonly physical: PhysicalKind;
  readonly #memory: LinearMemory;
  readonly #data: GrowableBlock;
  readonly #validity: GrowableBlock;
  readonly #bytes: GrowableBlock;

  constructor(memory: LinearMemory, type: DataType) {
    this.type = type;
    this.physical = physicalKind(type);
    this.#memory = memory;
    this.#data = new GrowableBlock(memory);
    this.#validity = new GrowableBlock(memory);
    this.#bytes = new GrowableBlock(memory);
  }

  /** A flat vector of the values; valid until the next write. */
  write(values: readonly Value[]): FlatVector {
    const { length } = values;
    const encoded = this.physical === "view" ? values.map(toBytes) : undefined;
    let next = this.#bytes.ensure(encoded ? encoded.reduce((sum, bytes) => sum + bytes.length, 0) : 0);
    const data = this.#data.ensure(length * physicalBytes[this.physical]);
    const validity = this.#validity.ensure(length);
    const { u8, view } = this.#memory;
    let nulls = false;
    for (let row = 0; row < length; row++) {
      const value = values[row]!;
      u8[validity + row] = value === null ? 0 : 1;
      nulls ||= value === null;
      const at = data + row * physicalBytes[this.physical];
      if (encoded) {
        const bytes = encoded[row]!;
        view.setUint32(at, next, true);
        view.setUint32(at + 4, bytes.length, true);
        u8.set(bytes, next);
        next += bytes.length;
      } else writeFlat(view, this.physical, at, value);
    }
    return { kind: "flat", type: this.type, physical: this.physical, length, data, validity: nulls ? validity : 0 };
  }

  free(): void {
    this.#data.free();
    this.#validity.free();
    this.#bytes.free();
  }
}

function toBytes(value: Value): Uint8Array {
  if (typeof value === "string") return encoder.encode(value);
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

function writeFlat(view: DataView, physical: PhysicalKind, at: number, value: Value): void {
  switch (physical) {
    case "bool":
      view.setUint8(at, value === true ? 1 : 0);
      break;
    case "i8":
      view.setInt8(at, Number(value ?? 0));
      break;
    case "i16":
      view.setInt16(at, Number(value ?? 0), true);
      break;
    case "i32":
      view.setInt32(at, Number(value ?? 0), true);
      break;
    case "i64":
      view.setBigInt64(at, (value ?? 0n) as bigint, true);
      break;
    case "i128": {
      const wide = (value ?? 0n) as bigint;
      view.setBigUint64(at, BigInt.asUintN(64, wide), true);
      view.setBigInt64(at + 8, BigInt.asIntN(64, wide >> 64n), true);
      break;
    }
    case "f32":
      view.setFloat32(at, Number(value ?? 0), true);
      break;
    case "f64":
      view.setFloat64(at, Number(value ?? 0), true);
      break;
    case "interval": {
      const { months, days, micros } = (value ?? { months: 0, days: 0, micros: 0n }) as IntervalValue;
      view.setInt32(at, months, true);
      view.setInt32(at + 4, days, true);
      view.setBigInt64(at + 8, micros, true);
      break;
    }
    case "view":
      throw new QueryError("internal", "a string is written through its bytes");
  }
}
