/**
 * Objects on S3. Large ranges are read as parts in parallel, all of one version; slow requests are hedged; overload is
 * waited out. Keys are relative to a bucket, or, without one, `s3://bucket/key`.
 */
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { QueryError } from "../errors.ts";
import { byteRange, changed, notFound } from "../storage/byte-range.ts";
import type { GetOptions, ObjectBytes, ObjectInfo, ObjectStore } from "../storage/object-store.ts";
import { Hedger } from "./hedge.ts";
import { retry } from "./retry.ts";
import { isFailedCondition, isInvalidRange, isTransient, s3Error, statusOf } from "./s3-errors.ts";
import { S3Upload } from "./s3-upload.ts";

export interface S3StoreOptions {
  /** Absent: keys are s3://bucket/key. */
  readonly bucket?: string;
  /** Buckets that may be read, when keys name them; absent: any. */
  readonly allowedBuckets?: readonly string[];
  readonly hedgeGets?: Hedger;
  readonly hedgePuts?: Hedger;
  /** Larger ranges are read in parts of this size, at once. */
  readonly partBytes?: number;
  /** Larger objects are written in parts of this size. */
  readonly uploadPartBytes?: number;
  readonly attemptsMax?: number;
  /** The first wait after an overload. */
  readonly backoffMs?: number;
}

export interface S3Place {
  readonly Bucket: string;
  readonly Key: string;
}

interface Read {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

const partBytesDefault = 8 << 20;
const uploadPartBytesDefault = 16 << 20;
const deleteAtOnce = 1000;

export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #options: S3StoreOptions;
  readonly #gets: Hedger;
  readonly #puts: Hedger;

  constructor(client: S3Client, options: S3StoreOptions = {}) {
    this.#client = client;
    this.#options = options;
    this.#gets = options.hedgeGets ?? new Hedger();
    this.#puts = options.hedgePuts ?? new Hedger();
  }

  async get(key: string, options: GetOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const place = this.place(key);
    const { range } = options;
    try {
      if (range === undefined || range.from < 0 || range.to === undefined)
        return await this.#readOpen(key, place, options);
      if (range.to > range.from) return await this.#readParts(key, place, range.from, range.to, options);
    } catch (thrown) {
      if (!isInvalidRange(thrown)) throw s3Error(key, thrown, false);
    }
    return this.#readNothing(key, options);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const place = this.place(key);
    if (place.Key === "") return undefined;
    try {
      const found = await this.#retry(() => this.#client.send(new HeadObjectCommand(place)));
      return { key, bytes: found.ContentLength ?? 0, etag: bareEtag(found.ETag) };
    } catch (thrown) {
      if (statusOf(thrown) === 404) return undefined;
      throw s3Error(key, thrown, false);
    }
  }

  async put(key: string, bytes: ObjectBytes, options: { readonly ifAbsent?: boolean } = {}): Promise<ObjectInfo> {
    const upload = new S3Upload(this.#client, this.place(key), {
      ifAbsent: options.ifAbsent ?? false,
      partBytes: this.#options.uploadPartBytes ?? uploadPartBytesDefault,
      retry: (send) => this.#retry(send),
      // When the second write finds the object there, the first may have put it: S3Upload looks whose it is.
      hedge: (size, send) => this.#puts.run(size, send, { isFinal: isFailedCondition }),
    });
    try {
      const written = await upload.run(bytes);
      return { key, bytes: written.bytes, etag: bareEtag(written.etag) };
    } catch (thrown) {
      throw s3Error(key, thrown, true);
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const { Bucket, Key: Prefix } = this.place(prefix);
    const base = prefix.slice(0, prefix.length - Prefix.length);
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket, Prefix, ...(ContinuationToken && { ContinuationToken }) });
      const page = await this.#retry(() => this.#client.send(command)).catch((thrown) => {
        throw s3Error(prefix, thrown, false);
      });
      for (const { Key, Size, ETag } of page.Contents ?? []) {
        yield { key: base + Key!, bytes: Size ?? 0, etag: bareEtag(ETag) };
      }
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (ContinuationToken);
  }

  async deletePrefix(prefix: string): Promise<void> {
    let keys: string[] = [];
    for await (const { key } of this.list(prefix)) {
      if (keys.push(key) === deleteAtOnce) await this.#delete(keys.splice(0));
    }
    if (keys.length > 0) await this.#delete(keys);
    keys = [];
  }

  /** Where a key lies. @throws QueryError invalid_argument, or unauthorized for a bucket that is not allowed */
  place(key: string): S3Place {
    const { bucket, allowedBuckets } = this.#options;
    if (bucket !== undefined) return { Bucket: bucket, Key: key };
    const match = /^s3a?:\/\/([^/]+)\/?(.*)$/s.exec(key);
    if (!match) throw new QueryError("invalid_argument", `${key} is no s3://bucket/key`);
    const [, Bucket = "", Key = ""] = match;
    if (allowedBuckets && !allowedBuckets.includes(Bucket)) {
      throw new QueryError("unauthorized", `${key} lies in a bucket that this deployment may not read`, {
        hint: `Readable buckets: ${allowedBuckets.join(", ")}.`,
      });
    }
    return { Bucket, Key };
  }

  /** A whole object, or from an offset to its end, or its end. */
  async #readOpen(key: string, place: S3Place, options: GetOptions): Promise<Uint8Array> {
    const { range, etag } = options;
    const Range = range && (range.from < 0 ? `bytes=${range.from}` : `bytes=${range.from}-`);
    const { bytes } = await this.#read(place, { Range, etag, sizeHint: 0, into: options.into }, options.signal);
    if (range && range.from < 0 && bytes.length > -range.from) throw shortRange(key, bytes.length);
    return bytes;
  }

  /** Parts in parallel into one buffer; they must all be of one version. */
  async #readParts(key: string, place: S3Place, from: number, to: number, options: GetOptions): Promise<Uint8Array> {
    const { etag, signal, into } = options;
    const partBytes = this.#options.partBytes ?? partBytesDefault;
    const parts = Math.max(1, Math.floor((to - from) / partBytes));
    const size = Math.ceil((to - from) / parts);
    if (parts === 1) {
      const range = { Range: `bytes=${from}-${to - 1}`, etag, sizeHint: to - from, into };
      const read = await this.#read(place, range, signal);
      if (read.bytes.length !== to - from) throw shortRange(key, from + read.bytes.length);
      return read.bytes;
    }
    const buffer = (into?.(to - from) ?? new Uint8Array(to - from)).subarray(0, to - from);
    const reads = Array.from({ length: parts }, async (_, i) => {
      const first = from + i * size;
      const end = Math.min(to, first + size);
      const range = { Range: `bytes=${first}-${end - 1}`, etag, sizeHint: end - first };
      const read = await this.#read(place, range, signal);
      if (read.bytes.length !== end - first) throw shortRange(key, first + read.bytes.length);
      buffer.set(read.bytes, first - from);
      return read.etag;
    });
    const [version, ...others] = await Promise.all(reads);
    if (others.some((other) => other !== version)) throw changed(key);
    return buffer;
  }

  /** An empty range: S3 has no such request, but the object must be there, and be the right one. */
  async #readNothing(key: string, options: GetOptions): Promise<Uint8Array> {
    const found = await this.head(key);
    if (!found) throw notFound(key);
    if (options.etag !== undefined && options.etag !== found.etag) throw changed(key);
    const { from, to } = byteRange(key, found.bytes, options.range);
    if (from !== to) throw changed(key);
    return new Uint8Array(0);
  }

  #read(
    place: S3Place,
    range: {
      readonly Range?: string | undefined;
      readonly etag?: string | undefined;
      readonly sizeHint: number;
      readonly into?: ((bytes: number) => Uint8Array) | undefined;
    },
    signal: AbortSignal | undefined,
  ): Promise<Read> {
    const { Range, etag, sizeHint, into } = range;
    const command = { ...place, ...(Range && { Range }), ...(etag !== undefined && { IfMatch: `"${etag}"` }) };
    const attempt = async (abortSignal: AbortSignal): Promise<Read> => {
      const { Body, ContentLength, ETag } = await this.#client.send(new GetObjectCommand(command), { abortSignal });
      // A request that is hedged must not write into the caller's buffer: it is filled by whichever answers first.
      return { bytes: await collect(Body as AsyncIterable<Uint8Array>, ContentLength), etag: bareEtag(ETag) };
    };
    return this.#retry(() => this.#gets.run(sizeHint, attempt, { signal, isFinal: isFailedCondition }), signal).then(
      (read) => {
        if (!into) return read;
        const buffer = into(read.bytes.length).subarray(0, read.bytes.length);
        buffer.set(read.bytes);
        return { ...read, bytes: buffer };
      },
    );
  }

  async #delete(keys: readonly string[]): Promise<void> {
    const { Bucket } = this.place(keys[0]!);
    if (keys.length === 1) {
      await this.#retry(() => this.#client.send(new DeleteObjectCommand(this.place(keys[0]!)))).catch((thrown) => {
        throw s3Error(keys[0]!, thrown, true);
      });
      return;
    }
    const Objects = keys.map((key) => ({ Key: this.place(key).Key }));
    const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await this.#retry(() => this.#client.send(command)).catch((thrown) => {
      throw s3Error(keys[0]!, thrown, true);
    });
    const [first] = Errors;
    if (first) throw new QueryError("internal", `${first.Key} could not be deleted: ${first.Code}`);
  }

  #retry<T>(send: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { attemptsMax = 8, backoffMs = 50 } = this.#options;
    return retry(send, { attemptsMax, baseMs: backoffMs, waitMsMax: 5000, isTransient, ...(signal && { signal }) });
  }
}

async function collect(body: AsyncIterable<Uint8Array>, length: number | undefined): Promise<Uint8Array> {
  if (length === undefined) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return new Uint8Array(Buffer.concat(chunks));
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of body) {
    if (at + chunk.length > length) throw incomplete();
    bytes.set(chunk, at);
    at += chunk.length;
  }
  if (at < length) throw incomplete();
  return bytes;
}

function incomplete(): Error {
  return Object.assign(new Error("the body has not the announced length"), { name: "IncompleteBody" });
}

function shortRange(key: string, size: number): QueryError {
  return new QueryError("corrupt_file", `${key} ends at byte ${size}, and bytes beyond were asked for`);
}

function bareEtag(etag: string | undefined): string {
  return (etag ?? "").replace(/^"|"$/g, "");
}
