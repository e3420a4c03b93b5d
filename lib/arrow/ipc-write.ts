/**
 * Writes batches as Arrow IPC record batches (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc):
 * one copy out of linear memory. Columns are written flat; decimals as decimal128, intervals as month-day-nano,
 * varchar and binary with 32-bit offsets. Bodies are not compressed.
 */
import { QueryError } from "../errors.ts";
import { GrowableBlock } from "../kernels/growable-block.ts";
import type { LinearMemory, Ptr } from "../kernels/memory.ts";
import { takeBytes } from "../storage/byte-buffers.ts";
import { FlatbufferBuilder } from "./flatbuffer-builder.ts";
import { FlattenBuffer } from "./flatten.ts";
import { framed } from "./ipc-message.ts";
import { encodeMessage, encodeSchema, messageHeader } from "./ipc-schema.ts";
import { physicalBytes, type Schema } from "./types.ts";
import type { Batch, FlatVector } from "./vector.ts";

/** One buffer of a body: its length, and how to put it there. */
interface BodyBuffer {
  readonly bytes: number;
  fill(out: Uint8Array, at: number): void;
}

const absent: BodyBuffer = { bytes: 0, fill: () => {} };

export class IpcWriter {
  readonly #memory: LinearMemory;
  readonly #schema: Schema;
  readonly #flatten: readonly FlattenBuffer[];
  readonly #bitmaps: readonly GrowableBlock[];
  readonly #scratch: GrowableBlock;

  constructor(memory: LinearMemory, schema: Schema) {
    this.#memory = memory;
    this.#schema = schema;
    this.#flatten = schema.fields.map(() => new FlattenBuffer(memory));
    this.#bitmaps = schema.fields.map(() => new GrowableBlock(memory));
    this.#scratch = new GrowableBlock(memory);
  }

  /** The message that starts a stream. */
  schemaMessage(): Uint8Array {
    return framed(encodeSchema(this.#schema));
  }

  /** The message of one batch, its columns in the schema's order; giveBytes takes it back. @throws QueryError overflow for intervals that Arrow cannot hold */
  batchMessage(batch: Batch): Uint8Array {
    const nodes: number[] = [];
    const buffers: BodyBuffer[] = [];
    for (const [index, field] of this.#schema.fields.entries()) {
      if (field.type.kind === "null") {
        nodes.push(batch.length, batch.length);
        continue;
      }
      const flat = this.#flatten[index]!.flatten(batch.columns[index]!);
      const validity = this.#validity(flat, this.#bitmaps[index]!);
      nodes.push(batch.length, validity.nulls);
      buffers.push(validity.buffer, ...this.#values(flat));
    }
    return assemble(batch.length, nodes, buffers);
  }

  free(): void {
    for (const buffer of this.#flatten) buffer.free();
    for (const block of this.#bitmaps) block.free();
    this.#scratch.free();
  }

  /** A column without nulls needs no bitmap. */
  #validity({ validity, length }: FlatVector, block: GrowableBlock): { nulls: number; buffer: BodyBuffer } {
    if (validity === 0) return { nulls: 0, buffer: absent };
    const bits = block.ensure(length / 8 + 1);
    const nulls = length - this.#memory.kernels.packBits(validity, length, bits);
    return { nulls, buffer: nulls === 0 ? absent : this.#copied(bits, Math.ceil(length / 8)) };
  }

  #values(flat: FlatVector): readonly BodyBuffer[] {
    const { length, data, validity, physical, type } = flat;
    const { kernels } = this.#memory;
    switch (physical) {
      case "bool":
        return [this.#computed(Math.ceil(length / 8), (out) => void kernels.packBits(data, length, out))];
      case "view":
        return this.#strings(flat);
      case "interval":
        return [
          this.#computed(length * 16, (out) => {
            if (kernels.intervalsToNanos(data, validity, length, out) !== 0) {
              throw new QueryError("overflow", "an interval's time part is too long for Arrow (292 years)");
            }
          }),
        ];
      case "i64":
        if (type.kind !== "decimal") return [this.#copied(data, length * 8)];
        return [this.#computed(length * 16, (out) => kernels.widen8to16(data, length, out))];
      default:
        return [this.#copied(data, length * physicalBytes[physical])];
    }
  }

  #strings({ data, validity, length }: FlatVector): readonly BodyBuffer[] {
    const { kernels } = this.#memory;
    const bytes = kernels.viewBytes(data, 0, validity, length);
    if (bytes > 0x7fffffff) throw new QueryError("out_of_memory", "a batch holds more than 2 GiB of strings");
    return [
      this.#computed((length + 1) * 4, (out) => void kernels.viewsToOffsets(data, validity, length, out)),
      this.#computed(bytes, (out) => kernels.copyViews(data, validity, length, out)),
    ];
  }

  #copied(ptr: Ptr, bytes: number): BodyBuffer {
    return { bytes, fill: (out, at) => out.set(this.#memory.u8.subarray(ptr, ptr + bytes), at) };
  }

  /** Bytes that a kernel makes in scratch memory just before they are copied out. */
  #computed(bytes: number, compute: (out: Ptr) => void): BodyBuffer {
    const fill = (out: Uint8Array, at: number) => {
      const ptr = this.#scratch.ensure(bytes);
      compute(ptr);
      out.set(this.#memory.u8.subarray(ptr, ptr + bytes), at);
    };
    return { bytes, fill };
  }
}

function assemble(rows: number, nodes: readonly number[], buffers: readonly BodyBuffer[]): Uint8Array {
  const places: number[] = [];
  let bodyBytes = 0;
  for (const { bytes } of buffers) {
    places.push(bodyBytes, bytes);
    bodyBytes += padded(bytes);
  }
  const header = framed(recordBatchMessage(rows, nodes, places, bodyBytes));
  const out = takeBytes(header.length + bodyBytes);
  out.set(header);
  for (const [index, { bytes, fill }] of buffers.entries()) {
    const at = header.length + places[index * 2]!;
    fill(out, at);
    out.fill(0, at + bytes, at + padded(bytes));
  }
  return out;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function recordBatchMessage(rows: number, nodes: readonly number[], places: readonly number[], bodyBytes: number) {
  const builder = new FlatbufferBuilder();
  const buffersOffset = builder.vectorOfPairs(places);
  const nodesOffset = builder.vectorOfPairs(nodes);
  builder.startTable();
  builder.int64(0, rows);
  builder.offset(1, nodesOffset);
  builder.offset(2, buffersOffset);
  return encodeMessage(builder, messageHeader.recordBatch, builder.endTable(), bodyBytes);
}
