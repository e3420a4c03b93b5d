/** Whether a CSV file can be read from any line on. */
import type { ObjectInfo, ObjectStore } from "../storage/object-store.ts";

/** Smaller files are not worth looking at. */
const bytesMin = 32 << 20;
const chunkBytes = 8 << 20;
const cacheMax = 4096;

/**
 * Without any quote no line break lies inside a field. Looking for one is far faster than parsing, and mostly ends early
 * where there is one; what was found is kept by file version.
 */
export class DivisibleText {
  readonly #objects: ObjectStore;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** @param quote "" when the file has no quoted fields */
  async isDivisible(file: ObjectInfo, quote: string): Promise<boolean> {
    if (file.bytes < bytesMin) return false;
    if (quote === "") return true;
    const key = [file.key, file.etag, quote].join("\0");
    let known = this.#known.get(key);
    if (!known) {
      known = this.#lacks(file, quote);
      known.catch(() => this.#known.delete(key));
      if (this.#known.size >= cacheMax) this.#known.delete(this.#known.keys().next().value!);
      this.#known.set(key, known);
    }
    return known;
  }

  async #lacks({ key, bytes, etag }: ObjectInfo, quote: string): Promise<boolean> {
    const room = new Uint8Array(chunkBytes);
    const byte = quote.charCodeAt(0);
    for (let from = 0; from < bytes; from += chunkBytes) {
      const range = { from, to: Math.min(bytes, from + chunkBytes) };
      const chunk = await this.#objects.get(key, { range, etag, into: () => room });
      if (chunk.includes(byte)) return false;
    }
    return true;
  }
}
