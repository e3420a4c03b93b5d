/**
 * The part of S3's API that Volley and its clients use: objects with conditional writes, ranges and pinned reads,
 * multipart uploads, listings, batch deletes, signed and presigned requests (path-style addresses).
 */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { delay, type Faults, strikes } from "../faults.ts";
import { arns } from "../permissions.ts";
import type { Asked } from "../policy.ts";
import { AccessDenied, type Roles } from "../roles.ts";
import { Buckets, type Condition, noSuchKey, preconditionFailed, S3Error, type StoredHeaders } from "./buckets.ts";
import { listObjects } from "./list-objects.ts";
import { requestBody } from "./request-body.ts";
import { dropBody, readBodyRange, type StoredBody, storeBody } from "./stored-body.ts";
import { xmlDocument, xmlTexts } from "./xml.ts";

/** As the bill would have them. */
export interface S3Counts {
  /** GET and HEAD. */
  gets: number;
  /** PUT, POST and LIST. */
  puts: number;
  /** Not billed. */
  deletes: number;
  bytesRead: number;
  bytesWritten: number;
  /** Answers 503. */
  slowDowns: number;
}

export interface S3Options {
  /** Large objects become files here. */
  readonly directory: string;
  readonly faults: Readonly<Faults>;
  /** Absent: anyone may do anything. */
  readonly roles?: Roles;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly counts: S3Counts;
  /** Whether the caller may know which objects there are. */
  readonly mayList: () => boolean;
}

const slowMs = 1000;

export class S3Server {
  readonly buckets = new Buckets();
  /** By role. */
  readonly counts = new Map<string, S3Counts>();
  readonly #options: S3Options;

  constructor(options: S3Options) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
  }

  readonly handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID();
    response.setHeader("x-amz-request-id", requestId);
    try {
      const call = this.#open(request, response);
      await delay(this.#options.faults.latencyMs);
      if (strikes(this.#options.faults.s3Slow)) await delay(slowMs);
      if (strikes(this.#options.faults.s3SlowDown)) {
        call.counts.slowDowns++;
        throw new S3Error(503, "SlowDown", "Please reduce your request rate.");
      }
      await this.#route(call);
    } catch (error) {
      fail(request, response, error, requestId);
    }
  };

  /** Who calls, for what. */
  #open(request: IncomingMessage, response: ServerResponse): Call {
    const [path = "", query = ""] = request.url!.split("?", 2);
    const [, bucket = "", ...rest] = path.split("/");
    const key = decodeURIComponent(rest.join("/"));
    const parameters = new URLSearchParams(query);
    const action = actionOf(request.method!, key, parameters);
    const resource = arns.bucket(key === "" ? bucket : `${bucket}/${key}`);
    const prefix = parameters.get("prefix");
    const context: Asked["context"] = prefix === null ? {} : { "s3:prefix": [prefix] };
    const { roles } = this.#options;
    const role = roles?.authorize(request, new Uint8Array(), { action, resource, context }) ?? "anyone";
    const listing = { action: "s3:ListBucket", resource: arns.bucket(bucket) };
    const mayList = () => roles?.use(role, listing) ?? true;
    const none: S3Counts = { gets: 0, puts: 0, deletes: 0, bytesRead: 0, bytesWritten: 0, slowDowns: 0 };
    const counts = this.counts.get(role) ?? none;
    this.counts.set(role, counts);
    return { request, response, bucket, key, query: parameters, counts, mayList };
  }

  async #route(call: Call): Promise<void> {
    const { request, response, bucket, key, query, counts } = call;
    const { method } = request;
    if (method === "GET" && key === "") {
      counts.puts++;
      return sendXml(response, listObjects(this.buckets, bucket, query));
    }
    if (method === "GET" || method === "HEAD") {
      counts.gets++;
      return this.#get(call);
    }
    if (method === "DELETE" || (method === "POST" && query.has("delete"))) {
      counts.deletes++;
      return this.#delete(call);
    }
    counts.puts++;
    if (method === "PUT" && key === "") {
      this.buckets.create(bucket);
      response.end();
    } else if (method === "PUT" && request.headers["x-amz-copy-source"] === undefined) await this.#put(call);
    else if (method === "POST" && query.has("uploads")) {
      const UploadId = this.buckets.startUpload(bucket, key, storedHeadersOf(request));
      sendXml(response, xmlDocument("InitiateMultipartUploadResult", { Bucket: bucket, Key: key, UploadId }));
    } else if (method === "POST" && query.has("uploadId")) await this.#complete(call);
    else throw new S3Error(501, "NotImplemented", `${method} ${request.url} is not emulated`);
  }

  async #get({ request, response, bucket, key, query, counts, mayList }: Call): Promise<void> {
    const object = this.buckets.get(bucket, key);
    // Who may not list a bucket is not told what is missing in it.
    if (!object) throw mayList() ? noSuchKey() : new AccessDenied("Access Denied");
    const { "if-match": ifMatch, "if-none-match": ifNoneMatch } = request.headers;
    if (ifMatch !== undefined && ifMatch !== "*" && quoted(ifMatch) !== object.etag) {
      throw preconditionFailed();
    }
    response.setHeader("etag", object.etag);
    response.setHeader("last-modified", new Date(object.modifiedMs).toUTCString());
    response.setHeader("accept-ranges", "bytes");
    if (ifNoneMatch !== undefined && quoted(ifNoneMatch) === object.etag) {
      response.statusCode = 304;
      response.end();
      return;
    }
    const range = parseRange(request.headers.range, object.bytes);
    const [from, to] = range ?? [0, object.bytes];
    if (range) {
      response.statusCode = 206;
      response.setHeader("content-range", `bytes ${from}-${to - 1}/${object.bytes}`);
    }
    for (const [name, value] of Object.entries(object.headers)) response.setHeader(name, value);
    const contentType = query.get("response-content-type");
    if (contentType) response.setHeader("content-type", contentType);
    const disposition = query.get("response-content-disposition");
    if (disposition) response.setHeader("content-disposition", disposition);
    response.setHeader("content-length", to - from);
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    counts.bytesRead += to - from;
    const body = readBodyRange(object.segments, from, to);
    if (Buffer.isBuffer(body)) response.end(body);
    // A client that hangs up got what it wanted.
    else await pipeline(body, response).catch(() => response.destroy());
  }

  async #put({ request, response, bucket, key, query, counts }: Call): Promise<void> {
    const body = await this.#receive(request);
    counts.bytesWritten += body.bytes;
    const uploadId = query.get("uploadId");
    if (uploadId === null) {
      response.setHeader(
        "etag",
        this.buckets.put(bucket, key, body, storedHeadersOf(request), conditionOf(request)).etag,
      );
    } else {
      this.buckets.putPart(uploadId, Number(query.get("partNumber")), body);
      response.setHeader("etag", `"${body.md5}"`);
    }
    response.end();
  }

  async #complete({ request, response, bucket, key, query }: Call): Promise<void> {
    const xml = await textOf(request);
    const etags = xmlTexts(xml, "ETag");
    const parts = xmlTexts(xml, "PartNumber").map((part, i) => ({ part: Number(part), etag: quoted(etags[i] ?? "") }));
    const { etag } = this.buckets.completeUpload(query.get("uploadId")!, parts, conditionOf(request));
    sendXml(response, xmlDocument("CompleteMultipartUploadResult", { Bucket: bucket, Key: key, ETag: etag }));
  }

  async #delete({ request, response, bucket, key, query }: Call): Promise<void> {
    if (request.method === "POST") {
      const keys = xmlTexts(await textOf(request), "Key");
      for (const each of keys) this.buckets.delete(bucket, each);
      return sendXml(response, xmlDocument("DeleteResult", { Deleted: keys.map((Key) => ({ Key })) }));
    }
    const uploadId = query.get("uploadId");
    if (uploadId !== null) this.buckets.abortUpload(uploadId);
    else this.buckets.delete(bucket, key);
    response.statusCode = 204;
    response.end();
  }

  /** The body, checked against the checksum that came with it. */
  async #receive(request: IncomingMessage): Promise<StoredBody> {
    const body = await storeBody(requestBody(request), () => join(this.#options.directory, randomUUID()));
    const claimed = request.headers["x-amz-checksum-crc32"];
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(body.crc32);
    if (claimed === undefined || claimed === crc.toString("base64")) return body;
    await dropBody(body.segments);
    throw new S3Error(400, "BadDigest", "The CRC32 you specified did not match the calculated checksum.");
  }
}

function actionOf(method: string, key: string, query: URLSearchParams): string {
  if (key === "" && method === "POST" && query.has("delete")) return "s3:DeleteObject";
  if (key === "") return method === "PUT" ? "s3:CreateBucket" : "s3:ListBucket";
  if (method === "DELETE") return query.has("uploadId") ? "s3:AbortMultipartUpload" : "s3:DeleteObject";
  return method === "GET" || method === "HEAD" ? "s3:GetObject" : "s3:PutObject";
}

/** [from, to) of a Range header; undefined when there is none. */
function parseRange(header: string | undefined, bytes: number): readonly [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match) return undefined;
  const [, first, last] = match;
  const from = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const to = first === "" || last === "" ? bytes : Math.min(bytes, Number(last) + 1);
  if (from >= to) throw new S3Error(416, "InvalidRange", "The requested range is not satisfiable");
  return [from, to];
}

function conditionOf(request: IncomingMessage): Condition {
  const { "if-match": ifMatch, "if-none-match": ifNoneMatch } = request.headers;
  return {
    ...(ifMatch !== undefined && { ifMatch: quoted(ifMatch) }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
  };
}

function storedHeadersOf(request: IncomingMessage): StoredHeaders {
  const kept = Object.entries(request.headers).filter(([name]) => name.startsWith("x-amz-meta-"));
  const type = request.headers["content-type"] ?? "application/octet-stream";
  return { "content-type": type, ...Object.fromEntries(kept.map(([name, value]) => [name, String(value)])) };
}

function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of requestBody(request)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function sendXml(response: ServerResponse, xml: string): void {
  response.setHeader("content-type", "application/xml");
  response.end(xml);
}

function fail(request: IncomingMessage, response: ServerResponse, error: unknown, requestId: string): void {
  const known =
    error instanceof S3Error
      ? error
      : error instanceof AccessDenied
        ? new S3Error(403, "AccessDenied", error.message)
        : new S3Error(500, "InternalError", String(error));
  if (response.headersSent) return void response.destroy();
  // What is left of the body is read, or the connection could not be used again.
  request.resume();
  response.statusCode = known.status;
  for (const name of ["content-length", "content-range", "etag"]) response.removeHeader(name);
  if (request.method === "HEAD") return void response.end();
  const { code: Code, message: Message } = known;
  sendXml(response, xmlDocument("Error", { Code, Message, Resource: request.url, RequestId: requestId }));
}
