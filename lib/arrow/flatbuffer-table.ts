/** Reads one table of a FlatBuffer (https://flatbuffers.dev/internals). Fields are found by number; absent = undefined. */
import { QueryError } from "../errors.ts";

export class FlatbufferTable {
  readonly #view: DataView;
  readonly #at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  static root(bytes: Uint8Array): FlatbufferTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return guarded(() => new FlatbufferTable(view, view.getUint32(0, true)));
  }

  /** Where a field lies, or undefined. */
  #field(field: number): number | undefined {
    return guarded(() => {
      const vtable = this.#at - this.#view.getInt32(this.#at, true);
      if ((field + 3) * 2 > this.#view.getUint16(vtable, true)) return undefined;
      const offset = this.#view.getUint16(vtable + 4 + field * 2, true);
      return offset === 0 ? undefined : this.#at + offset;
    });
  }

  #target(field: number): number | undefined {
    const at = this.#field(field);
    return at === undefined ? undefined : guarded(() => at + this.#view.getUint32(at, true));
  }

  int8(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : guarded(() => this.#view.getInt8(at));
  }

  int16(field: number, absent = 0): number {
    const at = this.#field(field);
    return at === undefined ? absent : guarded(() => this.#view.getInt16(at, true));
  }

  int32(field: number, absent = 0): number {
    const at = this.#field(field);
    return at === undefined ? absent : guarded(() => this.#view.getInt32(at, true));
  }

  /** @throws when it is not a safe integer ≥ 0 */
  int64(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.#int64(at);
  }

  #int64(at: number): number {
    const number = guarded(() => Number(this.#view.getBigInt64(at, true)));
    if (!Number.isSafeInteger(number) || number < 0) throw corrupt();
    return number;
  }

  table(field: number): FlatbufferTable | undefined {
    const at = this.#target(field);
    return at === undefined ? undefined : new FlatbufferTable(this.#view, at);
  }

  string(field: number): string | undefined {
    const at = this.#target(field);
    if (at === undefined) return undefined;
    return guarded(() => {
      const length = this.#view.getUint32(at, true);
      return new TextDecoder().decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at + 4, length));
    });
  }

  tables(field: number): FlatbufferTable[] {
    const at = this.#target(field);
    if (at === undefined) return [];
    return guarded(() =>
      Array.from({ length: this.#length(at, 4) }, (_, i) => {
        const element = at + 4 + i * 4;
        return new FlatbufferTable(this.#view, element + this.#view.getUint32(element, true));
      }),
    );
  }

  /** A vector of structs of two int64, flat. */
  pairs(field: number): number[] {
    const at = this.#target(field);
    if (at === undefined) return [];
    return guarded(() => Array.from({ length: this.#length(at, 16) * 2 }, (_, i) => this.#int64(at + 4 + i * 8)));
  }

  #length(at: number, elementBytes: number): number {
    const length = this.#view.getUint32(at, true);
    if (at + 4 + length * elementBytes > this.#view.byteLength) throw corrupt();
    return length;
  }
}

function corrupt(): QueryError {
  return new QueryError("corrupt_file", "an Arrow message header is damaged");
}

/** Reads past the buffer are RangeErrors of DataView: the bytes are at fault. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof QueryError ? error : corrupt();
  }
}
