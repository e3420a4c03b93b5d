/**
 * Writes one object: small ones with one PUT, larger ones in parts, some at once. Nothing is visible before all of it is
 * there; a failed upload is aborted, so that its parts cost nothing.
 */
import { randomUUID } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { ObjectBytes } from "../storage/object-store.ts";
import { isFailedCondition } from "./s3-errors.ts";
import type { S3Place } from "./s3-store.ts";

export interface S3UploadOptions {
  readonly ifAbsent: boolean;
  /** Objects beyond this size go up in parts of it; the parts double every 1000, since there may be 10,000. */
  readonly partBytes: number;
  readonly retry: <T>(send: () => Promise<T>) => Promise<T>;
  readonly hedge: <T>(bytes: number, send: (signal: AbortSignal) => Promise<T>) => Promise<T>;
}

const partsAtOnce = 3;
/** Whose object it is: tells whether a conditional write whose answer got lost was the one that won. */
const writerTag = "volley-writer";

interface Written {
  readonly bytes: number;
  readonly etag: string | undefined;
}

export class S3Upload {
  readonly #client: S3Client;
  readonly #place: S3Place;
  readonly #options: S3UploadOptions;
  readonly #writer = randomUUID();
  #bytes = 0;

  constructor(client: S3Client, place: S3Place, options: S3UploadOptions) {
    this.#client = client;
    this.#place = place;
    this.#options = options;
  }

  async run(bytes: ObjectBytes): Promise<Written> {
    const parts = partsOf(bytes, this.#options.partBytes);
    const first = await parts.next();
    const second = first.done ? first : await parts.next();
    if (second.done) return this.#putWhole(first.value ?? new Uint8Array(0));
    return this.#putParts([first.value!, second.value], parts);
  }

  async #putWhole(Body: Uint8Array): Promise<Written> {
    const input = { ...this.#place, Body, ...this.#condition(), ...this.#tag() };
    const put = async () => {
      const send = (abortSignal: AbortSignal) => this.#client.send(new PutObjectCommand(input), { abortSignal });
      return (await this.#send(() => this.#options.hedge(Body.length, send))).ETag;
    };
    return { bytes: Body.length, etag: await this.#commit(put) };
  }

  async #putParts(ready: Uint8Array[], more: AsyncGenerator<Uint8Array>): Promise<Written> {
    const create = new CreateMultipartUploadCommand({ ...this.#place, ...this.#tag() });
    const { UploadId } = await this.#send(() => this.#client.send(create));
    try {
      const Parts = await this.#uploadAll(UploadId!, ready, more);
      const input = { ...this.#place, UploadId, MultipartUpload: { Parts }, ...this.#condition() };
      const complete = async () =>
        (await this.#send(() => this.#client.send(new CompleteMultipartUploadCommand(input)))).ETag;
      return { bytes: this.#bytes, etag: await this.#commit(complete) };
    } catch (error) {
      const abort = new AbortMultipartUploadCommand({ ...this.#place, UploadId });
      await this.#options.retry(() => this.#client.send(abort)).catch(() => {});
      throw error;
    }
  }

  async #uploadAll(UploadId: string, ready: Uint8Array[], more: AsyncGenerator<Uint8Array>) {
    const sent: { readonly PartNumber: number; readonly ETag: string | undefined }[] = [];
    const underWay = new Set<Promise<void>>();
    const upload = async (Body: Uint8Array, PartNumber: number) => {
      const input = { ...this.#place, UploadId, PartNumber, Body };
      const send = (abortSignal: AbortSignal) => this.#client.send(new UploadPartCommand(input), { abortSignal });
      const { ETag } = await this.#send(() => this.#options.hedge(Body.length, send));
      sent.push({ PartNumber, ETag });
    };
    let failed: unknown;
    let started = 0;
    const start = (body: Uint8Array) => {
      this.#bytes += body.length;
      const one = upload(body, ++started)
        .catch((error) => {
          failed ??= error;
        })
        .finally(() => underWay.delete(one));
      underWay.add(one);
    };
    for (const part of ready) start(part);
    for await (const part of more) {
      while (underWay.size >= partsAtOnce) await Promise.race(underWay);
      if (failed) break;
      start(part);
    }
    await Promise.all(underWay);
    if (failed) throw failed;
    return sent.sort((a, b) => a.PartNumber - b.PartNumber);
  }

  /** A condition may have failed because of our own earlier attempt, whose answer was lost: then we won. */
  async #commit(write: () => Promise<string | undefined>): Promise<string | undefined> {
    try {
      return await write();
    } catch (error) {
      if (!this.#options.ifAbsent || !isFailedCondition(error)) throw error;
      const found = await this.#send(() => this.#client.send(new HeadObjectCommand(this.#place)));
      if (found.Metadata?.[writerTag] === this.#writer) return found.ETag;
      throw error;
    }
  }

  #send<T>(send: () => Promise<T>): Promise<T> {
    return this.#options.retry(send);
  }

  #condition() {
    return this.#options.ifAbsent ? { IfNoneMatch: "*" } : {};
  }

  #tag() {
    return this.#options.ifAbsent ? { Metadata: { [writerTag]: this.#writer } } : {};
  }
}

/** Pieces joined to parts; copies, since a piece is only valid until the next is asked for. */
async function* partsOf(bytes: ObjectBytes, partBytes: number): AsyncGenerator<Uint8Array> {
  const pieces: readonly Uint8Array[] | AsyncIterable<Uint8Array> = bytes instanceof Uint8Array ? [bytes] : bytes;
  let parts = 0;
  let room = partBytes;
  let collected: Uint8Array[] = [];
  for await (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      const taken = piece.slice(from, from + room);
      collected.push(taken);
      from += taken.length;
      room -= taken.length;
      if (room > 0) continue;
      yield joined(collected);
      collected = [];
      room = partBytes * 2 ** Math.floor(++parts / 1000);
    }
  }
  if (collected.length > 0) yield joined(collected);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
}
