/** Objects in this process's memory: tests, and embedded clusters that should not touch the disk. */
import { byteRange, changed, duplicate, notFound } from "./byte-range.ts";
import type { GetOptions, ObjectBytes, ObjectInfo, ObjectStore } from "./object-store.ts";

interface Entry {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

export class MemoryStore implements ObjectStore {
  readonly #entries = new Map<string, Entry>();
  #version = 0;

  async get(key: string, options: GetOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const entry = this.#entries.get(key);
    if (entry === undefined) throw notFound(key);
    if (options.etag !== undefined && options.etag !== entry.etag) throw changed(key);
    const { from, to } = byteRange(key, entry.bytes.length, options.range);
    return entry.bytes.slice(from, to);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const entry = this.#entries.get(key);
    return entry && { key, bytes: entry.bytes.length, etag: entry.etag };
  }

  async put(key: string, bytes: ObjectBytes, options: { readonly ifAbsent?: boolean } = {}): Promise<ObjectInfo> {
    const parts: Uint8Array[] = [];
    for await (const part of bytes instanceof Uint8Array ? [bytes] : bytes) parts.push(part);
    const copy = new Uint8Array(Buffer.concat(parts));
    if (options.ifAbsent && this.#entries.has(key)) throw duplicate(key);
    const entry = { bytes: copy, etag: `v${++this.#version}` };
    this.#entries.set(key, entry);
    return { key, bytes: copy.length, etag: entry.etag };
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) {
      const info = await this.head(key);
      if (info !== undefined) yield info;
    }
  }

  async deletePrefix(prefix: string): Promise<void> {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}
