/** Makes any vector flat: gathers through selections and dictionaries, repeats constants, widens narrow decimals. */
import { QueryError } from "../errors.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { type PhysicalKind, physicalBytes } from "./types.ts";
import type { ConstantVector, DictionaryVector, FlatVector, SelectionVector, Vector } from "./vector.ts";

type Move = (values: Ptr, positions: Ptr, n: number, out: Ptr) => void;

/** Room for the flat form of one column, reused batch after batch: a result is valid until the next call. */
export class FlattenBuffer {
  readonly #memory: LinearMemory;
  readonly #data: GrowableBlock;
  readonly #codes: GrowableBlock;
  readonly #validity: GrowableBlock;
  readonly #wide: GrowableBlock;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.#data = new GrowableBlock(memory);
    this.#codes = new GrowableBlock(memory);
    this.#validity = new GrowableBlock(memory);
    this.#wide = new GrowableBlock(memory);
  }

  /** The same rows, flat. A flat vector is given back as it is; a narrow decimal stays narrow. */
  flatten(vector: Vector): FlatVector {
    switch (vector.kind) {
      case "flat":
        return vector;
      case "constant":
        return this.#repeat(vector);
      case "dictionary":
        return this.#lookup(vector);
      case "selection":
        return this.#gather(vector);
    }
  }

  /** Flat in the given layout: the vector's own, or i128 for a narrow decimal. */
  toPhysical(vector: Vector, physical: PhysicalKind): FlatVector {
    const flat = this.flatten(vector);
    if (flat.physical === physical) return flat;
    if (flat.physical !== "i64" || physical !== "i128") {
      throw new QueryError("internal", `a vector of ${flat.physical} cannot become ${physical}`);
    }
    const data = this.#wide.ensure(flat.length * 16);
    this.#memory.kernels.widen8to16(flat.data, flat.length, data);
    return { ...flat, physical, data };
  }

  /** A dictionary vector without selection: gathers codes, not values. Undefined when the vector has no dictionary. */
  toDictionary(vector: Vector): DictionaryVector | undefined {
    if (vector.kind === "dictionary") return vector;
    if (vector.kind !== "selection" || vector.base.kind !== "dictionary") return undefined;
    const { base, selection, length } = vector;
    const codes = this.#codes.ensure(length * base.codeBytes);
    mover(this.#memory, base.codeBytes, vector.outer)(base.codes, selection, length, codes);
    return { ...base, length, codes, validity: this.#selectedValidity(vector) };
  }

  free(): void {
    this.#data.free();
    this.#codes.free();
    this.#validity.free();
    this.#wide.free();
  }

  #repeat({ type, length, value }: ConstantVector): FlatVector {
    const width = physicalBytes[value.physical];
    const data = this.#data.ensure(length * width);
    repeater(this.#memory, width)(value.data, length, data);
    let validity: Ptr = 0;
    if (value.validity !== 0) {
      validity = this.#validity.ensure(length);
      this.#memory.kernels.repeat1(value.validity, length, validity);
    }
    return { kind: "flat", type, physical: value.physical, length, data, validity };
  }

  #lookup({ type, length, codes, codeBytes, validity, dictionary }: DictionaryVector): FlatVector {
    const { physical, data: values, length: entries } = dictionary.values;
    const width = physicalBytes[physical];
    const data = this.#data.ensure(length * width);
    // Only absent rows can lack an entry, and then there may be no entry at all to read.
    if (entries === 0) this.#memory.u8.fill(0, data, data + length * width);
    else codeLookup(this.#memory, codeBytes, width)(values, codes, length, data);
    return { kind: "flat", type, physical, length, data, validity };
  }

  #gather(vector: SelectionVector): FlatVector {
    const { type, length, selection, outer } = vector;
    if (vector.base.kind === "dictionary") {
      const { values } = vector.base.dictionary;
      if (outer || values.length === 0) return this.#lookup(this.toDictionary(vector)!);
      const width = physicalBytes[values.physical];
      const data = this.#data.ensure(length * width);
      selectedLookup(this.#memory, vector.base.codeBytes, width)(
        values.data,
        vector.base.codes,
        selection,
        length,
        data,
      );
      return { kind: "flat", type, physical: values.physical, length, data, validity: this.#selectedValidity(vector) };
    }
    const base = vector.base as FlatVector;
    const width = physicalBytes[base.physical];
    const data = this.#data.ensure(length * width);
    mover(this.#memory, width, outer)(base.data, selection, length, data);
    return { kind: "flat", type, physical: base.physical, length, data, validity: this.#selectedValidity(vector) };
  }

  #selectedValidity({ base, selection, outer, length }: SelectionVector): Ptr {
    if (!outer && base.validity === 0) return 0;
    const out = this.#validity.ensure(length);
    const { kernels } = this.#memory;
    if (base.validity === 0) kernels.outerValidity(selection, length, out);
    else if (outer) kernels.gatherOuter1(base.validity, selection, length, out);
    else kernels.gather1(base.validity, selection, length, out);
    return out;
  }
}

/** The gather kernel for values of a width; `outer` gives zeros where the selection is 0xffffffff. */
function mover({ kernels }: LinearMemory, width: number, outer: boolean): Move {
  switch (width) {
    case 1:
      return outer ? kernels.gatherOuter1 : kernels.gather1;
    case 2:
      return outer ? kernels.gatherOuter2 : kernels.gather2;
    case 4:
      return outer ? kernels.gatherOuter4 : kernels.gather4;
    case 8:
      return outer ? kernels.gatherOuter8 : kernels.gather8;
    default:
      return outer ? kernels.gatherOuter16 : kernels.gather16;
  }
}

/** The kernel that turns codes of codeBytes into values of a width. */
export function codeLookup(memory: LinearMemory, codeBytes: 1 | 2 | 4, width: number): Move {
  const { kernels } = memory;
  if (codeBytes === 4) return mover(memory, width, false);
  const one = codeBytes === 1;
  switch (width) {
    case 1:
      return one ? kernels.lookup1x1 : kernels.lookup2x1;
    case 2:
      return one ? kernels.lookup1x2 : kernels.lookup2x2;
    case 4:
      return one ? kernels.lookup1x4 : kernels.lookup2x4;
    case 8:
      return one ? kernels.lookup1x8 : kernels.lookup2x8;
    default:
      return one ? kernels.lookup1x16 : kernels.lookup2x16;
  }
}

type SelectedMove = (values: Ptr, codes: Ptr, selection: Ptr, n: number, out: Ptr) => void;

/** The kernel that turns the codes of selected rows into values, in one pass. */
function selectedLookup({ kernels: k }: LinearMemory, codeBytes: 1 | 2 | 4, width: number): SelectedMove {
  const byWidth = { 1: 0, 2: 1, 4: 2, 8: 3, 16: 4 }[width]!;
  switch (codeBytes) {
    case 1:
      return [k.lookupSelected1x1, k.lookupSelected1x2, k.lookupSelected1x4, k.lookupSelected1x8, k.lookupSelected1x16][
        byWidth
      ]!;
    case 2:
      return [k.lookupSelected2x1, k.lookupSelected2x2, k.lookupSelected2x4, k.lookupSelected2x8, k.lookupSelected2x16][
        byWidth
      ]!;
    case 4:
      return [k.lookupSelected4x1, k.lookupSelected4x2, k.lookupSelected4x4, k.lookupSelected4x8, k.lookupSelected4x16][
        byWidth
      ]!;
  }
}

function repeater({ kernels }: LinearMemory, width: number): (value: Ptr, n: number, out: Ptr) => void {
  switch (width) {
    case 1:
      return kernels.repeat1;
    case 2:
      return kernels.repeat2;
    case 4:
      return kernels.repeat4;
    case 8:
      return kernels.repeat8;
    default:
      return kernels.repeat16;
  }
}
