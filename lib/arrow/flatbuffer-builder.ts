/**
 * Writes FlatBuffers (https://flatbuffers.dev/internals): just what Arrow's message headers need. Built from the end of
 * the buffer to its front, children before parents; an offset is the distance from the end of the buffer.
 */
export type Offset = number;

type Slot = { readonly field: number; readonly at: Offset };

export class FlatbufferBuilder {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes written so far; they are the last ones of the buffer. */
  #used = 0;
  #slots: Slot[] = [];
  #tableEnd: Offset = 0;

  /**
   * Makes room for `bytes` more, which will start at a multiple of `alignment` (counted from the end). May replace the
   * buffer: take the position before touching it.
   */
  #prepare(bytes: number, alignment: number): number {
    const padding = -(this.#used + bytes) & (alignment - 1);
    while (this.#used + bytes + padding > this.#bytes.length) this.#grow();
    this.#used += padding + bytes;
    return this.#bytes.length - this.#used;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes, this.#bytes.length);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  int8(field: number, value: number): void {
    const at = this.#prepare(1, 1);
    this.#view.setInt8(at, value);
    this.#slots.push({ field, at: this.#used });
  }

  int16(field: number, value: number): void {
    const at = this.#prepare(2, 2);
    this.#view.setInt16(at, value, true);
    this.#slots.push({ field, at: this.#used });
  }

  int32(field: number, value: number): void {
    const at = this.#prepare(4, 4);
    this.#view.setInt32(at, value, true);
    this.#slots.push({ field, at: this.#used });
  }

  int64(field: number, value: number): void {
    this.#int64(value);
    this.#slots.push({ field, at: this.#used });
  }

  offset(field: number, target: Offset): void {
    this.#reference(target);
    this.#slots.push({ field, at: this.#used });
  }

  #reference(target: Offset): void {
    const at = this.#prepare(4, 4);
    this.#view.setUint32(at, this.#used - target, true);
  }

  string(text: string): Offset {
    const utf8 = new TextEncoder().encode(text);
    // The length must stand directly before the characters, so the padding goes behind the final zero.
    this.#prepare(-(this.#used + utf8.length + 1) & 3, 1);
    const characters = this.#prepare(utf8.length + 1, 1);
    this.#bytes.set(utf8, characters);
    const at = this.#prepare(4, 4);
    this.#view.setUint32(at, utf8.length, true);
    return this.#used;
  }

  vectorOfOffsets(targets: readonly Offset[]): Offset {
    this.#prepare(0, 4);
    for (const target of targets.toReversed()) this.#reference(target);
    const at = this.#prepare(4, 4);
    this.#view.setUint32(at, targets.length, true);
    return this.#used;
  }

  /** A vector of structs of two 64-bit numbers, given flat: a0, b0, a1, b1, … */
  vectorOfPairs(numbers: readonly number[]): Offset {
    this.#prepare(0, 8);
    for (const number of numbers.toReversed()) this.#int64(number);
    const at = this.#prepare(4, 4);
    this.#view.setUint32(at, numbers.length / 2, true);
    return this.#used;
  }

  /** Starts a table: the fields set from here on belong to it. Its children must be complete. */
  startTable(): void {
    this.#slots = [];
    this.#tableEnd = this.#used;
  }

  endTable(): Offset {
    const slots = this.#slots;
    this.#prepare(4, 4);
    const table = this.#used;
    const count = slots.reduce((most, { field }) => Math.max(most, field + 1), 0);
    // The vtable: its size, the table's size, and where each field stands in the table.
    for (let field = count - 1; field >= 0; field--) {
      const slot = slots.find((each) => each.field === field);
      this.#uint16(slot ? table - slot.at : 0);
    }
    this.#uint16(table - this.#tableEnd);
    this.#uint16((count + 2) * 2);
    this.#view.setInt32(this.#bytes.length - table, this.#used - table, true);
    return table;
  }

  /** The finished buffer, its length a multiple of 8. */
  finish(root: Offset): Uint8Array {
    const at = this.#prepare(4 + (-(this.#used + 4) & 7), 1);
    this.#view.setUint32(at, this.#used - root, true);
    return this.#bytes.slice(at);
  }

  #uint16(value: number): void {
    const at = this.#prepare(2, 2);
    this.#view.setUint16(at, value, true);
  }

  #int64(value: number): void {
    const at = this.#prepare(8, 8);
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
  }
}
