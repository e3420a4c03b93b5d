/** Bytes of JSON text under construction. */
import { jsonEscape } from "../../expr/json-text.ts";

const quote = 34;

/** By byte: how it is escaped. */
const escapes: readonly (string | undefined)[] = Array.from({ length: 256 }, (_, byte) => jsonEscape(byte));

export class JsonSink {
  bytes = new Uint8Array(64 << 10);
  length = 0;

  /** Text without anything to escape or encode. */
  ascii(text: string): void {
    this.#grow(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }

  copy(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** UTF-8 in quotes. */
  string(text: Uint8Array): void {
    this.#grow(text.length * 6 + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = quote;
    for (const byte of text) {
      const escaped = escapes[byte];
      if (escaped === undefined) bytes[at++] = byte;
      else for (let i = 0; i < escaped.length; i++) bytes[at++] = escaped.charCodeAt(i);
    }
    bytes[at++] = quote;
    this.length = at;
  }

  #grow(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
