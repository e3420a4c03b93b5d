/** Integer arguments as i64, whatever their width. */
import type { FlatVector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";

const widenKinds: Readonly<Record<string, number>> = { bool: 0, i8: 1, i16: 2, i32: 3 };

export class IntegerArgument {
  readonly #memory: LinearMemory;
  readonly #wide: GrowableBlock;
  readonly #masked: GrowableBlock;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.#wide = new GrowableBlock(memory);
    this.#masked = new GrowableBlock(memory);
  }

  /** The values; valid until the next call. */
  values({ physical, data, length }: FlatVector): Ptr {
    if (physical === "i64") return data;
    const out = this.#wide.ensure(length * 8);
    this.#memory.kernels.widenToI64(data, widenKinds[physical]!, length, out);
    return out;
  }

  /** The values, 0 where absent. */
  addends(vector: FlatVector): Ptr {
    const values = this.values(vector);
    if (vector.validity === 0) return values;
    const out = this.#masked.ensure(vector.length * 8);
    this.#memory.kernels.maskI64(values, vector.validity, vector.length, out);
    return out;
  }

  free(): void {
    this.#wide.free();
    this.#masked.free();
  }
}
