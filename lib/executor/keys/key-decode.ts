/** Keys of a layout back as columns. */
import { type DataType, physicalKind, widthOf } from "../../arrow/types.ts";
import type { FlatVector } from "../../arrow/vector.ts";
import type { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { Place } from "./key-layout.ts";
import type { StringInterner } from "./string-interner.ts";

/** Consecutive keys of `words` words each. */
export interface KeyRun {
  readonly keys: Ptr;
  readonly words: number;
  readonly length: number;
}

/** The values of one key column, in memory of the arena. */
export function decodeKeyColumn(
  memory: LinearMemory,
  run: KeyRun,
  place: Place,
  type: DataType,
  interner: StringInterner | undefined,
  arena: Arena,
): FlatVector {
  const { kernels } = memory;
  const { length } = run;
  const present = arena.alloc(length);
  const vector = (data: Ptr, validity: Ptr, physical = physicalKind(type)): FlatVector => {
    return { kind: "flat", type, physical, length, data, validity };
  };
  if (interner !== undefined) {
    const ids = arena.alloc(length * 4);
    decodeIntegers(memory, run, place, 4, ids, 0);
    const views = arena.alloc(length * 8);
    return vector(views, kernels.viewsOfIds(ids, length, interner.entries, views, present) > 0 ? present : 0);
  }
  const size = widthOf(type);
  if (size <= 8) {
    const data = arena.alloc(length * size);
    const coded = decodeIntegers(memory, run, place, size, data, present);
    const nulls = place.nullWord < 0 ? coded : decodeNullBits(memory, run, place, present);
    return vector(data, nulls > 0 ? present : 0);
  }
  const values = arena.alloc(length * 16);
  const validity = decodeKeyValues(memory, run, place, values, present) ? present : 0;
  if (type.kind !== "interval") return vector(values, validity, place.wide ? "i128" : "i64");
  const lengths = place.wide ? values : arena.alloc(length * 16);
  if (!place.wide) kernels.widenI64(values, length, lengths);
  const intervals = arena.alloc(length * 16);
  kernels.i128ToInterval(lengths, length, intervals);
  return vector(intervals, validity);
}

/** The codes of one key column as i64 (i128 when wide) and validity; returns whether validity was written. */
export function decodeKeyValues(memory: LinearMemory, run: KeyRun, place: Place, values: Ptr, present: Ptr): boolean {
  if (place.wide) memory.kernels.decodeI128(run.keys + place.word * 8, run.words * 8, run.length, values);
  else decodeIntegers(memory, run, place, 8, values, present);
  if (place.nullWord < 0) return place.nullable === 1;
  decodeNullBits(memory, run, place, present);
  return true;
}

/** Values of `size` bytes; returns how many are NULL by their code. */
function decodeIntegers(
  memory: LinearMemory,
  run: KeyRun,
  place: Place,
  size: number,
  values: Ptr,
  present: Ptr,
): number {
  const { shift, bits, range, nullable } = place;
  const at = run.keys + place.word * 8;
  return memory.kernels.decodeInts(at, run.words * 8, run.length, shift, bits, range, nullable, size, values, present);
}

/** Validity from the bits that are only for it; returns how many are NULL. */
function decodeNullBits(memory: LinearMemory, run: KeyRun, place: Place, present: Ptr): number {
  const at = run.keys + place.nullWord * 8;
  return memory.kernels.decodeNull(at, run.words * 8, run.length, place.nullShift, present);
}
