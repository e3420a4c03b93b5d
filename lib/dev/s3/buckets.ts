/** What is in the emulated S3: objects by bucket and key, and uploads under way. */
import { createHash, randomUUID } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { dropBody, type Segment, type StoredBody } from "./stored-body.ts";

/** What is given back with an object: its content type and its x-amz-meta-… headers. */
export type StoredHeaders = Readonly<Record<string, string>>;

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  /** Quoted, as in the header. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly headers: StoredHeaders;
  readonly segments: readonly Segment[];
}

/** The conditions of a write. */
export interface Condition {
  /** `*`: only when there is no such object. */
  readonly ifNoneMatch?: string;
  readonly ifMatch?: string;
}

export class S3Error extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly headers: StoredHeaders;
  readonly parts: Map<number, StoredBody>;
}

const partBytesMin = 5 << 20;

export class Buckets {
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  readonly #uploads = new Map<string, Upload>();

  /** Uploads under way. */
  get uploads(): number {
    return this.#uploads.size;
  }

  create(bucket: string): void {
    if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, new Map());
  }

  /** Shows the files of a folder as objects, without copying them. */
  showFolder(bucket: string, prefix: string, directory: string): void {
    this.create(bucket);
    for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
      const path = join(directory, name);
      const { size, mtimeMs } = statSync(path);
      if (!statSync(path).isFile()) continue;
      const key = prefix + name.split(sep).join("/");
      const etag = `"${createHash("md5").update(`${path} ${size} ${mtimeMs}`).digest("hex")}"`;
      const segments = [{ bytes: size, at: path, owned: false }];
      const headers = { "content-type": "application/octet-stream" };
      this.#objects(bucket).set(key, { key, bytes: size, etag, modifiedMs: mtimeMs, headers, segments });
    }
  }

  get(bucket: string, key: string): StoredObject | undefined {
    return this.#objects(bucket).get(key);
  }

  put(bucket: string, key: string, body: StoredBody, headers: StoredHeaders, condition: Condition): StoredObject {
    try {
      return this.#store(bucket, key, { ...body, etag: `"${body.md5}"` }, headers, condition);
    } catch (error) {
      void dropBody(body.segments);
      throw error;
    }
  }

  delete(bucket: string, key: string): void {
    const objects = this.#objects(bucket);
    const old = objects.get(key);
    if (!old) return;
    objects.delete(key);
    void dropBody(old.segments);
  }

  /** Objects whose key starts with prefix, in the order of their keys' UTF-8 bytes. */
  list(bucket: string, prefix: string): readonly StoredObject[] {
    const found = [...this.#objects(bucket).values()].filter((each) => each.key.startsWith(prefix));
    const keys = new Map(found.map((each) => [each, Buffer.from(each.key)]));
    return found.sort((a, b) => Buffer.compare(keys.get(a)!, keys.get(b)!));
  }

  startUpload(bucket: string, key: string, headers: StoredHeaders): string {
    this.#objects(bucket);
    const id = randomUUID();
    this.#uploads.set(id, { bucket, key, headers, parts: new Map() });
    return id;
  }

  putPart(id: string, part: number, body: StoredBody): void {
    const { parts } = this.#upload(id);
    const old = parts.get(part);
    if (old) void dropBody(old.segments);
    parts.set(part, body);
  }

  completeUpload(id: string, wanted: readonly { part: number; etag: string }[], condition: Condition): StoredObject {
    const { bucket, key, headers, parts } = this.#upload(id);
    const chosen = wanted.map(({ part, etag }, i) => {
      const body = parts.get(part);
      if (!body || `"${body.md5}"` !== etag) throw new S3Error(400, "InvalidPart", `part ${part} is not there`);
      if (i > 0 && part <= wanted[i - 1]!.part) throw new S3Error(400, "InvalidPartOrder", "parts must ascend");
      if (i < wanted.length - 1 && body.bytes < partBytesMin) {
        throw new S3Error(400, "EntityTooSmall", `part ${part} has ${body.bytes} bytes`);
      }
      return body;
    });
    if (chosen.length === 0) throw new S3Error(400, "MalformedXML", "there are no parts");
    const md5 = createHash("md5")
      .update(Buffer.from(chosen.map((body) => body.md5).join(""), "hex"))
      .digest("hex");
    const segments = chosen.flatMap((body) => body.segments);
    const bytes = chosen.reduce((sum, body) => sum + body.bytes, 0);
    const stored = this.#store(bucket, key, { bytes, segments, etag: `"${md5}-${chosen.length}"` }, headers, condition);
    this.#uploads.delete(id);
    for (const body of parts.values()) if (!chosen.includes(body)) void dropBody(body.segments);
    return stored;
  }

  abortUpload(id: string): void {
    for (const body of this.#upload(id).parts.values()) void dropBody(body.segments);
    this.#uploads.delete(id);
  }

  /** Synchronous, so that of many concurrent conditional writes one wins. */
  #store(
    bucket: string,
    key: string,
    body: { readonly segments: readonly Segment[]; readonly bytes: number; readonly etag: string },
    headers: StoredHeaders,
    { ifNoneMatch, ifMatch }: Condition,
  ): StoredObject {
    const objects = this.#objects(bucket);
    const old = objects.get(key);
    const failed = (ifNoneMatch !== undefined && old) || (ifMatch !== undefined && old && old.etag !== ifMatch);
    if (failed) throw preconditionFailed();
    if (ifMatch !== undefined && !old) throw noSuchKey();
    const { segments, bytes, etag } = body;
    const stored = { key, bytes, etag, modifiedMs: Date.now(), headers, segments };
    objects.set(key, stored);
    if (old) void dropBody(old.segments);
    return stored;
  }

  #objects(bucket: string): Map<string, StoredObject> {
    const objects = this.#buckets.get(bucket);
    if (!objects) throw new S3Error(404, "NoSuchBucket", "The specified bucket does not exist");
    return objects;
  }

  #upload(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (!upload) throw new S3Error(404, "NoSuchUpload", "The specified upload does not exist");
    return upload;
  }
}

export function noSuchKey(): S3Error {
  return new S3Error(404, "NoSuchKey", "The specified key does not exist.");
}

export function preconditionFailed(): S3Error {
  return new S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
}
