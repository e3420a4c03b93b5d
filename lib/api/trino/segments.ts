/**
 * Answers by Trino's spooling protocol (https://trino.io/docs/current/client/client-protocol.html): a page holds segments
 * of encoded rows. Small ones are in it; large ones lie in the object store, and the page has their links.
 */
import type { ResultSlice, SegmentService } from "../../service/query-service.ts";
import { type Place, pageOf, rowsBefore } from "../result-page.ts";
import type { Encoding } from "./data-encoding.ts";
import type { trinoRow } from "./types.ts";

export interface SpoolRequest {
  readonly queryId: string;
  readonly slices: readonly ResultSlice[];
  readonly encoding: Encoding;
  readonly format: ReturnType<typeof trinoRow>;
  readonly segments: SegmentService;
  /** Scheme and host of the API as the client knows it. */
  readonly origin: string;
}

/** Bytes of a segment before it is compressed. */
const segmentBytesMax = 8_000_000;
/** A smaller one is worth no request of its own. */
const inlineBytesMax = 200_000;
/** A page is written while its client waits. */
const segmentsMax = 4;

/** The data of a page as JSON text, and where the next page starts. */
export async function spooledPage(
  request: SpoolRequest,
  from: Place,
): Promise<{ readonly data: string | undefined; readonly next?: Place }> {
  const segments: object[] = [];
  let next: Place | undefined = from;
  while (next && segments.length < segmentsMax) {
    const place: Place = next;
    const page = await pageOf(request.slices, place, request.format, { bytesMax: segmentBytesMax });
    if (page.rows.length > 0) segments.push(await segmentOf(request, page.rows, rowsBefore(request.slices, place)));
    next = page.next;
  }
  const { encoding } = request;
  const data = segments.length > 0 ? JSON.stringify({ encoding: encoding.name, metadata: {}, segments }) : undefined;
  return { data, ...(next && { next }) };
}

async function segmentOf(request: SpoolRequest, rows: readonly string[], rowOffset: number): Promise<object> {
  const { encoding, segments, queryId, origin } = request;
  const plain = Buffer.from(`[${rows.join(",")}]`);
  const bytes = await encoding.encode(plain);
  const metadata = {
    rowOffset,
    rowsCount: rows.length,
    segmentSize: bytes.length,
    ...(encoding.compresses && { uncompressedSize: plain.length }),
  };
  if (bytes.length <= inlineBytesMax) return { type: "inline", data: bytes.toString("base64"), metadata };
  const { token, url, expiresMs } = await segments.put(queryId, bytes);
  return {
    type: "spooled",
    uri: url ?? `${origin}/v1/spooled/download/${token}`,
    ackUri: `${origin}/v1/spooled/ack/${token}`,
    metadata: { ...metadata, expiresAt: new Date(expiresMs).toISOString() },
    headers: {},
  };
}
