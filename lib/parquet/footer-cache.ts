/** Footers read from each store, by path and version: the splits of one file, and later queries, share them. */
import type { ObjectStore } from "../storage/object-store.ts";
import { type FileVersion, type ParquetFooter, readFooter } from "./footer.ts";

const footersMax = 512;
const chunksMax = 1 << 20;

class FooterCache {
  readonly #objects: ObjectStore;
  /** The least recently used first. */
  readonly #footers = new Map<string, { readonly reading: Promise<ParquetFooter>; chunks: number }>();
  #chunks = 0;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  get(path: string, file: FileVersion, onRead?: (bytes: number) => void): Promise<ParquetFooter> {
    const key = `${file.etag}\n${file.bytes}\n${path}`;
    const known = this.#footers.get(key);
    if (known) {
      this.#footers.delete(key); // put back as the newest
      this.#footers.set(key, known);
      return known.reading;
    }
    const entry = { reading: readFooter(this.#objects, path, file, { onRead }), chunks: 0 };
    this.#footers.set(key, entry);
    entry.reading.then(
      (footer) => {
        if (this.#footers.get(key) !== entry) return;
        entry.chunks = footer.rowGroups.reduce((sum, group) => sum + group.chunks.length, 0);
        this.#chunks += entry.chunks;
        this.#evict();
      },
      () => this.#footers.delete(key),
    );
    return entry.reading;
  }

  #evict(): void {
    for (const [key, { chunks }] of this.#footers) {
      if (this.#footers.size <= footersMax && this.#chunks <= chunksMax) return;
      this.#footers.delete(key);
      this.#chunks -= chunks;
    }
  }
}

const caches = new WeakMap<ObjectStore, FooterCache>();

/** The footer, read once per file version. A failure is not remembered. `onRead` is told of each request's bytes. */
export function cachedFooter(
  objects: ObjectStore,
  path: string,
  file: FileVersion,
  onRead?: (bytes: number) => void,
): Promise<ParquetFooter> {
  let cache = caches.get(objects);
  if (!cache) {
    cache = new FooterCache(objects);
    caches.set(objects, cache);
  }
  return cache.get(path, file, onRead);
}
