import { ByteSink } from "./byte-sink.ts";

const typeTrue = 1;
const typeFalse = 2;
const typeByte = 3;
const typeI16 = 4;
const typeI32 = 5;
const typeI64 = 6;
const typeBinary = 8;
const typeList = 9;
const typeStruct = 12;

const utf8 = new TextEncoder();

/**
 * Thrift's compact protocol, as far as Parquet metadata needs it. Fields are written in rising order of their ids;
 * `undefined` leaves an optional field out. Source: thrift-compact-protocol.md.
 */
export class ThriftWriter {
  readonly sink = new ByteSink();
  private last = 0;

  bool(id: number, value: boolean | undefined): void {
    if (value !== undefined) this.header(id, value ? typeTrue : typeFalse);
  }

  i8(id: number, value: number): void {
    this.header(id, typeByte);
    this.sink.byte(value);
  }

  i16(id: number, value: number): void {
    this.header(id, typeI16);
    this.zigzag(value);
  }

  i32(id: number, value: number | undefined): void {
    if (value === undefined) return;
    this.header(id, typeI32);
    this.zigzag(value);
  }

  /** A whole number up to 2^52 in magnitude. */
  i64(id: number, value: number | undefined): void {
    if (value === undefined) return;
    this.header(id, typeI64);
    this.zigzag(value);
  }

  binary(id: number, value: Uint8Array | undefined): void {
    if (value === undefined) return;
    this.header(id, typeBinary);
    this.bytes(value);
  }

  text(id: number, value: string): void {
    this.binary(id, utf8.encode(value));
  }

  struct(id: number, body: () => void): void {
    this.header(id, typeStruct);
    this.nested(body);
  }

  structs<T>(id: number, items: readonly T[], body: (item: T) => void): void {
    this.list(id, typeStruct, items.length);
    for (const item of items) this.nested(() => body(item));
  }

  i32s(id: number, items: readonly number[]): void {
    this.list(id, typeI32, items.length);
    for (const item of items) this.zigzag(item);
  }

  i64s(id: number, items: readonly number[]): void {
    this.list(id, typeI64, items.length);
    for (const item of items) this.zigzag(item);
  }

  bools(id: number, items: readonly boolean[]): void {
    this.list(id, typeTrue, items.length);
    for (const item of items) this.sink.byte(item ? typeTrue : typeFalse);
  }

  binaries(id: number, items: readonly Uint8Array[]): void {
    this.list(id, typeBinary, items.length);
    for (const item of items) this.bytes(item);
  }

  texts(id: number, items: readonly string[]): void {
    this.binaries(
      id,
      items.map((item) => utf8.encode(item)),
    );
  }

  /** Ends the outermost struct and gives its bytes. */
  finish(): Uint8Array {
    this.sink.byte(0);
    return this.sink.view();
  }

  private nested(body: () => void): void {
    const outer = this.last;
    this.last = 0;
    body();
    this.sink.byte(0);
    this.last = outer;
  }

  private list(id: number, type: number, count: number): void {
    this.header(id, typeList);
    if (count < 15) this.sink.byte((count << 4) | type);
    else {
      this.sink.byte(0xf0 | type);
      this.sink.varint(count);
    }
  }

  private header(id: number, type: number): void {
    const delta = id - this.last;
    if (delta > 0 && delta <= 15) this.sink.byte((delta << 4) | type);
    else {
      this.sink.byte(type);
      this.zigzag(id);
    }
    this.last = id;
  }

  private zigzag(value: number): void {
    this.sink.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  private bytes(value: Uint8Array): void {
    this.sink.varint(value.length);
    this.sink.append(value);
  }
}
