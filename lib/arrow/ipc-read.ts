/** Reads Arrow IPC record batches into linear memory: one copy of the body, then only what our layout has otherwise. */
import { QueryError, unsupported } from "../errors.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { corrupt, type IpcMessage, messagesOf, recordBatchHeader } from "./ipc-message.ts";
import { decodeSchema, type IpcField, messageHeader } from "./ipc-schema.ts";
import { type PhysicalKind, physicalBytes, physicalKind } from "./types.ts";
import type { Batch, FlatVector } from "./vector.ts";

/** A cursor over the nodes and buffers of one record batch. */
interface BatchSource {
  readonly rows: number;
  node(): { length: number; nulls: number };
  /** Where the next buffer lies in memory; it has at least `bytes`. */
  buffer(bytes: number): { ptr: Ptr; bytes: number };
}

/** Reads streams one after the other, all of the same types. */
export class IpcReader {
  readonly #memory: LinearMemory;
  readonly #body: GrowableBlock;
  #fields: readonly IpcField[] | undefined;
  readonly #values = new Map<number, GrowableBlock>();
  readonly #validity = new Map<number, GrowableBlock>();

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.#body = new GrowableBlock(memory);
  }

  /**
   * The batches of a stream, or of a part of one whose beginning was read before. Each is valid until the next is asked
   * for. `check` sees the stream's fields before its first batch. @throws QueryError corrupt_file, or unsupported for what Volley does not write
   */
  *batches(stream: Uint8Array, check?: (fields: readonly IpcField[]) => void): Generator<Batch> {
    for (const message of messagesOf(stream)) {
      if (message.kind === messageHeader.schema) {
        this.#fields = decodeSchema(message.header);
        check?.(this.#fields);
      } else if (message.kind !== messageHeader.recordBatch) {
        throw unsupported("an Arrow stream with dictionary batches");
      } else if (this.#fields === undefined) {
        throw corrupt("it does not start with a schema");
      } else {
        const batch = this.#batch(this.#fields, message);
        if (batch.length > 0) yield batch;
      }
    }
  }

  free(): void {
    this.#body.free();
    for (const blocks of [this.#values, this.#validity]) {
      for (const block of blocks.values()) block.free();
      blocks.clear();
    }
  }

  #batch(fields: readonly IpcField[], message: IpcMessage): Batch {
    const source = this.#source(message);
    const columns = fields.map((field, index) => this.#column(field, index, source));
    return { length: source.rows, columns };
  }

  #source(message: IpcMessage): BatchSource {
    const { rows, nodes, buffers } = recordBatchHeader(message);
    const body = this.#body.ensure(message.body.length);
    this.#memory.u8.set(message.body, body);
    let node = 0;
    let buffer = 0;
    return {
      rows,
      node: () => {
        const [length, nulls] = [nodes[node], nodes[node + 1]];
        node += 2;
        if (length !== rows || nulls === undefined || nulls > rows) throw corrupt("a column has the wrong length");
        return { length, nulls };
      },
      buffer: (bytes) => {
        const [offset, length] = [buffers[buffer], buffers[buffer + 1]];
        buffer += 2;
        if (offset === undefined || length === undefined || offset % 8 !== 0 || length < bytes) {
          throw corrupt("a buffer is too short");
        }
        if (offset + length > message.body.length) throw corrupt("a buffer leaves its message");
        return { ptr: body + offset, bytes: length };
      },
    };
  }

  #column(field: IpcField, index: number, source: BatchSource): FlatVector {
    const { type } = field;
    const { length, nulls } = source.node();
    const physical = physicalKind(type);
    if (type.kind === "null") {
      const zeros = this.#block(this.#validity, index).ensure(length);
      this.#memory.u8.fill(0, zeros, zeros + length);
      return { kind: "flat", type, physical, length, data: zeros, validity: zeros };
    }
    const validity = this.#present(index, length, nulls, source);
    const { data, physical: actual } = this.#data(field, index, physical, length, validity, source);
    return { kind: "flat", type, physical: actual, length, data, validity };
  }

  #present(index: number, length: number, nulls: number, source: BatchSource): Ptr {
    const bits = source.buffer(nulls === 0 ? 0 : Math.ceil(length / 8));
    if (nulls === 0) return 0;
    const out = this.#block(this.#validity, index).ensure(length);
    this.#memory.kernels.unpackBits(bits.ptr, length, out);
    return out;
  }

  #data(
    field: IpcField,
    index: number,
    physical: PhysicalKind,
    length: number,
    validity: Ptr,
    source: BatchSource,
  ): { data: Ptr; physical: PhysicalKind } {
    const { kernels } = this.#memory;
    const { type } = field;
    if (physical === "view") return { data: this.#views(field, index, length, source), physical };
    if (physical === "bool") {
      const out = this.#block(this.#values, index).ensure(length);
      kernels.unpackBits(source.buffer(Math.ceil(length / 8)).ptr, length, out);
      return { data: out, physical };
    }
    if (type.kind === "decimal") {
      const { ptr } = source.buffer(length * 16);
      if (kernels.narrow128(ptr, validity, length, ptr) === 0) return { data: ptr, physical: "i64" };
      if (physical === "i64")
        throw new QueryError("corrupt_file", `column ${field.name} holds more digits than its type`);
      return { data: ptr, physical };
    }
    const { ptr } = source.buffer(length * physicalBytes[physical]);
    if (physical === "interval") kernels.intervalsToMicros(ptr, length, ptr);
    return { data: ptr, physical };
  }

  #views(field: IpcField, index: number, length: number, source: BatchSource): Ptr {
    const { kernels } = this.#memory;
    const out = this.#block(this.#values, index).ensure(length * 8);
    // An empty column may have no offsets at all.
    const offsets = source.buffer(length === 0 ? 0 : (length + 1) * (field.offsets / 8));
    const bytes = source.buffer(0);
    if (length === 0) return out;
    const convert = field.offsets === 64 ? kernels.offsets64ToViews : kernels.offsetsToViews;
    if (convert(offsets.ptr, length, bytes.ptr, bytes.bytes, out) !== 0) {
      throw corrupt(`the offsets of column ${field.name} leave its data`);
    }
    return out;
  }

  #block(blocks: Map<number, GrowableBlock>, index: number): GrowableBlock {
    let block = blocks.get(index);
    if (block === undefined) {
      block = new GrowableBlock(this.#memory);
      blocks.set(index, block);
    }
    return block;
  }
}
