/** The bytes that a request carries, out of the aws-chunked framing that clients use when they stream. */
import type { IncomingMessage } from "node:http";
import { S3Error } from "./buckets.ts";

export async function* requestBody(request: IncomingMessage): AsyncGenerator<Buffer> {
  const framed = String(request.headers["x-amz-content-sha256"] ?? "").startsWith("STREAMING-");
  if (!framed) {
    for await (const chunk of request) yield chunk as Buffer;
    return;
  }
  let rest: Buffer = Buffer.alloc(0);
  let left = 0;
  for await (const chunk of request) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    for (;;) {
      if (left > 0) {
        const part = rest.subarray(0, left);
        if (part.length > 0) yield part;
        left -= part.length;
        rest = rest.subarray(part.length);
        if (left > 0) break;
      }
      // hex size[;chunk-signature=…]CRLF bytes CRLF; size 0 ends it, trailers follow.
      if (rest[0] === 13 && rest[1] === 10) rest = rest.subarray(2);
      const end = rest.indexOf("\r\n");
      if (end < 0) break;
      const size = Number.parseInt(rest.toString("latin1", 0, end), 16);
      if (Number.isNaN(size)) throw new S3Error(400, "InvalidRequest", "the chunked framing is broken");
      if (size === 0) {
        for await (const _ of request);
        return;
      }
      left = size;
      rest = rest.subarray(end + 2);
    }
  }
  throw new S3Error(400, "IncompleteBody", "the body ended within a chunk");
}
