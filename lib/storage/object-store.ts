/** The object-store port: immutable objects under keys, read by range. Memory, local files and S3 implement it. */

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
}

export interface GetOptions {
  /** Byte range [from, to); absent: the whole object. A negative `from` with no `to` counts from the end. */
  readonly range?: { readonly from: number; readonly to?: number };
  /** Fail (`not_found`-like QueryError, code "corrupt_file", "changed while it was read") when the object is another version. */
  readonly etag?: string;
  readonly signal?: AbortSignal;
  /** Gives a buffer of at least so many bytes to read into; then the result is its beginning. Stores may ignore it. */
  readonly into?: (bytes: number) => Uint8Array;
}

/** Whole, in parts, or in parts that come one by one. */
export type ObjectBytes = Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

export interface ObjectStore {
  /** The bytes. Rejects with QueryError `not_found` when there is no such object, `corrupt_file` when the range is past its end. */
  get(key: string, options?: GetOptions): Promise<Uint8Array>;
  /** Undefined when there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Writes atomically: readers see all of it or nothing. ifAbsent: rejects with `duplicate` when the key exists. */
  put(key: string, bytes: ObjectBytes, options?: { readonly ifAbsent?: boolean }): Promise<ObjectInfo>;
  /** Objects whose key starts with prefix, in key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removes every object under the prefix. */
  deletePrefix(prefix: string): Promise<void>;
}
