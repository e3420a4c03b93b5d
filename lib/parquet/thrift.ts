/**
 * Reads Thrift's compact protocol, in which Parquet writes its metadata: a cursor over bytes, no generated classes.
 * Struct code loops `let id = 0; while ((id = r.field(id))) switch (id) { …; default: r.skip(); }`.
 * Whatever contradicts the protocol throws ThriftError; the caller adds which file.
 * Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

const thriftType = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const;

const nestingMax = 32;

export class ThriftError extends Error {
  override readonly name = "ThriftError";
}

export class ThriftReader {
  readonly bytes: Uint8Array;
  position: number;
  /** Type of the field or list element at the cursor. */
  type = 0;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  byte(): number {
    if (this.position >= this.bytes.length) throw new ThriftError("metadata ends early");
    return this.bytes[this.position++]!;
  }

  /** Moves to the next field of a struct; returns its id, or 0 at the struct's end. */
  field(lastId: number): number {
    const head = this.byte();
    if (head === 0) return 0;
    this.type = head & 15;
    const delta = head >> 4;
    const id = delta === 0 ? this.#zigzag() : lastId + delta;
    if (id <= 0 || id > 32767) throw new ThriftError(`field id ${id}`);
    return id;
  }

  i32(): number {
    if (this.type < thriftType.byte || this.type > thriftType.i32) throw new ThriftError("an i32 was expected");
    return this.type === thriftType.byte ? (this.byte() << 24) >> 24 : this.#zigzag() | 0;
  }

  /** An i64 that counts or locates something: at most 2^53 either way. */
  i64(): number {
    if (this.type < thriftType.i16 || this.type > thriftType.i64) throw new ThriftError("an i64 was expected");
    return this.#zigzag();
  }

  bool(): boolean {
    if (this.type !== thriftType.true && this.type !== thriftType.false) throw new ThriftError("a bool was expected");
    return this.type === thriftType.true;
  }

  /** Moves past a binary; its bytes are [returned start, position). */
  binary(): number {
    this.#expect(thriftType.binary);
    const length = this.#varint();
    const start = this.position;
    if (length > this.bytes.length - start) throw new ThriftError("a string runs past the end of the metadata");
    this.position = start + length;
    return start;
  }

  bytesField(): Uint8Array {
    const start = this.binary();
    return this.bytes.subarray(start, this.position);
  }

  string(): string {
    return new TextDecoder().decode(this.bytesField());
  }

  struct(): void {
    this.#expect(thriftType.struct);
  }

  /** Enters a list: returns its length and sets `type` to that of its elements. */
  list(): number {
    this.#expect(thriftType.list);
    return this.#listHead();
  }

  /** One element of a list of bools, which takes a byte of its own. */
  boolElement(): boolean {
    return this.byte() === 1;
  }

  /** Moves past the value at the cursor, of type `type`. */
  skip(): void {
    this.#skip(this.type, 0);
  }

  #expect(type: number): void {
    if (this.type !== type) throw new ThriftError(`type ${this.type} where ${type} was expected`);
  }

  #varint(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    let scale = 128;
    for (let i = 0; i < 9; i++) {
      byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new ThriftError("a number of more than 10 bytes");
  }

  #zigzag(): number {
    const raw = this.#varint();
    const value = raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    if (!Number.isSafeInteger(value)) throw new ThriftError("a number beyond 2^53");
    return value;
  }

  #listHead(): number {
    const head = this.byte();
    const length = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Every element takes at least a byte, so a longer list is a lie: better found before it is allocated.
    if (length > this.bytes.length - this.position) throw new ThriftError("a list runs past the end of the metadata");
    this.type = head & 15;
    return length;
  }

  #move(bytes: number): void {
    if (bytes > this.bytes.length - this.position) throw new ThriftError("metadata ends early");
    this.position += bytes;
  }

  #skip(type: number, depth: number): void {
    if (depth > nestingMax) throw new ThriftError(`structures nested more than ${nestingMax} deep`);
    switch (type) {
      case thriftType.true:
      case thriftType.false:
        return;
      case thriftType.byte:
        this.#move(1);
        return;
      case thriftType.i16:
      case thriftType.i32:
      case thriftType.i64:
        this.#varint();
        return;
      case thriftType.double:
        this.#move(8);
        return;
      case thriftType.binary:
        this.#move(this.#varint());
        return;
      case thriftType.list:
      case thriftType.set: {
        const length = this.#listHead();
        const element = this.type;
        for (let i = 0; i < length; i++) this.#skipElement(element, depth);
        return;
      }
      case thriftType.map: {
        const length = this.#varint();
        if (length === 0) return;
        const types = this.byte();
        for (let i = 0; i < length; i++) {
          this.#skipElement(types >> 4, depth);
          this.#skipElement(types & 15, depth);
        }
        return;
      }
      case thriftType.struct: {
        let id = 0;
        while (true) {
          id = this.field(id);
          if (id === 0) return;
          this.#skip(this.type, depth + 1);
        }
      }
      default:
        throw new ThriftError(`unknown type ${type}`);
    }
  }

  #skipElement(type: number, depth: number): void {
    if (type === thriftType.true || type === thriftType.false) this.#move(1);
    else this.#skip(type, depth + 1);
  }
}
