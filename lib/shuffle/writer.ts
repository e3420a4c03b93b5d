/**
 * Writes a task's output: one object with an Arrow IPC stream for each partition, back to back, and an index of them.
 * Rows collect in a builder for each partition and leave it as record batches. Messages wait in memory, beyond a limit on
 * the local disk, until the end, when each partition's are laid side by side.
 */
import { crc32 } from "node:zlib";
import { BatchBuilder } from "../arrow/batch-builder.ts";
import { FlattenBuffer } from "../arrow/flatten.ts";
import { endOfStream } from "../arrow/ipc-message.ts";
import { IpcWriter } from "../arrow/ipc-write.ts";
import { sliceBatch } from "../arrow/slice.ts";
import type { Schema } from "../arrow/types.ts";
import type { Batch, FlatVector } from "../arrow/vector.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import type { PartitionSlice, TaskResult } from "../stages/graph.ts";
import { giveBytes } from "../storage/byte-buffers.ts";
import type { ObjectStore } from "../storage/object-store.ts";

/** Outputs of at most this size travel in the commit record instead of an object. */
export const inlineBytesMax = 8 << 10;
const pendingBytesDefault = 64 << 20;
/** A builder is emptied when it holds this much, though it may have room for more rows. */
const builderBytesMax = 1 << 20;
/** Builders that hold less than this together are not worth emptying, however short memory is. */
const builtBytesMin = 128 << 10;

/** Where messages go that should not stay in memory. */
export interface Overflow {
  append(file: string, bytes: Uint8Array): Promise<number>;
  read(file: string, offset: number, length: number): Promise<Uint8Array>;
  remove(file: string): Promise<void>;
  name(prefix: string): string;
}

export interface ShuffleWriterOptions {
  readonly partitions: number;
  /** Most rows of a record batch. */
  readonly batchRows: number;
  readonly overflow: Overflow;
  /** Whether builders should be emptied now, because memory is short. */
  readonly pressed?: () => boolean;
  /** Whether slices get checksums; default true. */
  readonly checksums?: boolean;
  /** Messages wait in memory up to so many bytes; default 64 MiB. */
  readonly pendingBytesMax?: number;
}

/** A message of a partition's stream: in memory, or in the overflow file. */
type Piece = Uint8Array | { readonly offset: number; readonly length: number };

interface Partition {
  readonly builder: BatchBuilder;
  readonly pieces: Piece[];
  bytes: number;
  rows: number;
  checksum: number;
}

export class ShuffleWriter {
  readonly #options: ShuffleWriterOptions;
  readonly #writer: IpcWriter;
  readonly #flatten: readonly FlattenBuffer[];
  readonly #partitions: readonly Partition[];
  readonly #file: string;
  readonly #checksums: boolean;
  #pendingBytes = 0;
  #rows = 0;

  constructor(memory: LinearMemory, schema: Schema, options: ShuffleWriterOptions) {
    this.#options = options;
    this.#checksums = options.checksums ?? true;
    this.#writer = new IpcWriter(memory, schema);
    const types = schema.fields.map(({ type }) => type);
    this.#flatten = types.map(() => new FlattenBuffer(memory));
    this.#partitions = Array.from({ length: options.partitions }, () => ({
      builder: new BatchBuilder(memory, types),
      pieces: [],
      bytes: 0,
      rows: 0,
      checksum: 0,
    }));
    this.#file = options.overflow.name("shuffle");
  }

  /** Adds all rows to one partition, keeping their order. Large batches are written as they are. */
  async append(batch: Batch, partition = 0): Promise<void> {
    const into = this.#partitions[partition]!;
    if (batch.length < this.#options.batchRows / 2) {
      this.#collect(into, this.#flat(batch), 0, batch.length);
    } else {
      this.#empty(into);
      for (let from = 0; from < batch.length; from += this.#options.batchRows) {
        this.#emit(into, sliceBatch(batch, from, Math.min(batch.length, from + this.#options.batchRows)));
      }
    }
    await this.#relieve();
  }

  /** Adds row rows[starts[p] .. starts[p + 1]] to partition p, for each of them; starts and rows are u32 arrays. */
  async scatter(batch: Batch, starts: readonly number[], rows: Ptr): Promise<void> {
    const flat = this.#flat(batch);
    for (const [index, partition] of this.#partitions.entries()) {
      const from = starts[index]!;
      this.#collect(partition, flat, rows + from * 4, starts[index + 1]! - from);
    }
    await this.#relieve();
  }

  /** Writes the object (unless all of it is small enough for the commit record) and gives its index. */
  async finish(
    store: ObjectStore,
    key: string,
  ): Promise<Pick<TaskResult, "key" | "etag" | "bytes" | "rows" | "partitions">> {
    for (const partition of this.#partitions) {
      this.#empty(partition);
      if (partition.rows > 0) this.#add(partition, endOfStream);
    }
    const bytes = this.#partitions.reduce((sum, partition) => sum + partition.bytes, 0);
    if (bytes <= inlineBytesMax) return { key, etag: "", bytes, rows: this.#rows, partitions: this.#index(true) };
    const pieces = this.#partitions.flatMap((partition) => partition.pieces);
    const inMemory = pieces.every((piece) => piece instanceof Uint8Array);
    const { etag } = await store.put(key, inMemory ? pieces : this.#contents());
    return { key, etag, bytes, rows: this.#rows, partitions: this.#index(false) };
  }

  async free(): Promise<void> {
    this.#writer.free();
    for (const buffer of this.#flatten) buffer.free();
    for (const { builder, pieces } of this.#partitions) {
      builder.free();
      for (const piece of pieces.splice(0)) if (piece instanceof Uint8Array) giveBytes(piece);
    }
    await this.#options.overflow.remove(this.#file);
  }

  #flat(batch: Batch): FlatVector[] {
    return batch.columns.map((column, index) => this.#flatten[index]!.flatten(column));
  }

  /** Appends rows to a builder, emptying it whenever it is full. */
  #collect(partition: Partition, flat: readonly FlatVector[], rows: Ptr, count: number): void {
    const { builder } = partition;
    for (let done = 0; done < count; ) {
      const take = Math.min(count - done, this.#options.batchRows - builder.length);
      if (rows !== 0) builder.append(flat, rows + done * 4, take);
      else
        builder.append(
          sliceBatch({ length: count, columns: flat }, done, done + take).columns as FlatVector[],
          0,
          take,
        );
      done += take;
      if (builder.length >= this.#options.batchRows || builder.bytes >= builderBytesMax) this.#empty(partition);
    }
  }

  #empty(partition: Partition): void {
    if (partition.builder.length === 0) return;
    this.#emit(partition, partition.builder.batch());
    partition.builder.clear();
  }

  #emit(partition: Partition, batch: Batch): void {
    if (partition.rows === 0) this.#add(partition, this.#writer.schemaMessage());
    this.#add(partition, this.#writer.batchMessage(batch));
    partition.rows += batch.length;
    this.#rows += batch.length;
  }

  #add(partition: Partition, message: Uint8Array): void {
    partition.pieces.push(message);
    partition.bytes += message.length;
    if (this.#checksums) partition.checksum = crc32(message, partition.checksum);
    this.#pendingBytes += message.length;
  }

  /** Keeps memory bounded: builders become messages when memory is short, messages go to disk when there are many. */
  async #relieve(): Promise<void> {
    const built = () => this.#partitions.reduce((sum, { builder }) => sum + builder.bytes, 0);
    if (this.#options.pressed?.() && built() >= builtBytesMin) {
      for (const partition of this.#partitions) {
        this.#empty(partition);
        partition.builder.free();
      }
    }
    if (this.#pendingBytes < (this.#options.pendingBytesMax ?? pendingBytesDefault)) return;
    for (const { pieces } of this.#partitions) {
      for (const [index, piece] of pieces.entries()) {
        if (!(piece instanceof Uint8Array)) continue;
        const offset = await this.#options.overflow.append(this.#file, piece);
        pieces[index] = { offset, length: piece.length };
        giveBytes(piece);
      }
    }
    this.#pendingBytes = 0;
  }

  async *#contents(): AsyncGenerator<Uint8Array> {
    for (const { pieces } of this.#partitions) {
      for (const piece of pieces) {
        yield piece instanceof Uint8Array
          ? piece
          : await this.#options.overflow.read(this.#file, piece.offset, piece.length);
      }
    }
  }

  #index(inline: boolean): Omit<PartitionSlice, "key">[] {
    let offset = 0;
    return this.#partitions.map(({ bytes, rows, checksum, pieces }) => {
      const slice = { offset, length: bytes, rows, ...(this.#checksums && { checksum }) };
      offset += bytes;
      if (!inline) return slice;
      return { ...slice, inline: Buffer.concat(pieces as Uint8Array[]).toString("base64") };
    });
  }
}
