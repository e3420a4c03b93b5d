/** Spreads rows over spill files by the hash of their keys, so that equal keys meet in one file. */
import { FlattenBuffer } from "../../arrow/flatten.ts";
import { RowSelector } from "../../arrow/select-rows.ts";
import type { Batch, FlatVector, Vector } from "../../arrow/vector.ts";
import { GrowableBlock } from "../../kernels/growable-block.ts";
import type { LinearMemory } from "../../kernels/memory.ts";
import { hashMask } from "../keys/key-table.ts";
import { hashRows } from "../keys/row-hash.ts";
import type { TaskContext } from "../operator/operator.ts";
import { SpillFile } from "./spill-blocks.ts";

/** Files per level. */
export const spillFanout = 16;
/** Beyond this level rows are taken to be inseparable (equal keys, or colliding hashes). */
export const spillLevelMax = 6;

export class SpillPartitions {
  readonly files: readonly SpillFile[];
  readonly #memory: LinearMemory;
  readonly #mask: number;
  readonly #level: number;
  readonly #fanout: number;
  readonly #hashes: GrowableBlock;
  readonly #order: GrowableBlock;
  readonly #selector: RowSelector;
  readonly #keyBuffers: FlattenBuffer[] = [];
  readonly #buffers: FlattenBuffer[] = [];

  constructor(context: TaskContext, prefix: string, level: number, fanout = spillFanout) {
    this.#memory = context.memory;
    this.#mask = hashMask(context.hashBits);
    this.#level = level;
    this.#hashes = new GrowableBlock(context.memory);
    this.#order = new GrowableBlock(context.memory);
    this.#selector = new RowSelector(context.memory);
    this.#fanout = fanout;
    this.files = Array.from({ length: fanout }, () => new SpillFile(context.spill, prefix));
  }

  /** Writes the batch's rows, each to the file of its keys. Equal keys must have equal types in every call. */
  async append(keys: readonly Vector[], batch: Batch): Promise<void> {
    const { length } = batch;
    const { kernels } = this.#memory;
    const numbers = this.#hashes.ensure(length * 4);
    this.#memory.u8.fill(0, numbers, numbers + length * 4);
    keys.forEach((key, i) => {
      hashRows(this.#memory, buffer(this.#keyBuffers, i, this.#memory).flatten(key), numbers);
    });
    kernels.spreadOver(numbers, length, this.#level + 1, this.#fanout, this.#mask);
    const order = this.#order.ensure(length * 4 + (this.#fanout + 1) * 8);
    const offsets = order + length * 4;
    kernels.orderByNumber(numbers, length, this.#fanout, offsets, offsets + (this.#fanout + 1) * 4, order);
    const starts = Array.from({ length: this.#fanout + 1 }, (_, i) => this.#memory.u32[(offsets >>> 2) + i]!);
    for (const [partition, file] of this.files.entries()) {
      const rows = starts[partition + 1]! - starts[partition]!;
      if (rows === 0) continue;
      const part = this.#selector.selectBatch(batch, order + starts[partition]! * 4, rows);
      const flat = part.columns.map((column, i): FlatVector => buffer(this.#buffers, i, this.#memory).flatten(column));
      await file.append(this.#memory, flat, rows);
    }
  }

  /** Ends writing: the files can be read. */
  async finish(): Promise<void> {
    for (const file of this.files) await file.flush();
    this.free();
  }

  free(): void {
    for (const buffer of [...this.#keyBuffers, ...this.#buffers]) buffer.free();
    this.#hashes.free();
    this.#order.free();
    this.#selector.free();
  }
}

function buffer(buffers: FlattenBuffer[], i: number, memory: LinearMemory): FlattenBuffer {
  buffers[i] ??= new FlattenBuffer(memory);
  return buffers[i];
}
