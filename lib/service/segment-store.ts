/** Segments as objects beside the query's own: they go with it when the lifecycle of q/ says so, or when they are dropped. */
import { randomBytes } from "node:crypto";
import { QueryError } from "../errors.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { Segment, SegmentService } from "./query-service.ts";

export interface SegmentPorts {
  readonly objects: ObjectStore;
  /** A link to a whole object that works for a while; absent where there is none. */
  readonly link?: (key: string, seconds: number) => Promise<string>;
  readonly now?: () => number;
}

const linkSeconds = 3600;

export class SegmentStore implements SegmentService {
  readonly #ports: SegmentPorts;

  constructor(ports: SegmentPorts) {
    this.#ports = ports;
  }

  async put(queryId: string, bytes: Uint8Array): Promise<Segment> {
    const { objects, link, now = Date.now } = this.#ports;
    const token = `${queryId}.${randomBytes(16).toString("hex")}`;
    const key = keyOf(token);
    await objects.put(key, bytes);
    const url = await link?.(key, linkSeconds);
    return { token, ...(url !== undefined && { url }), expiresMs: now() + linkSeconds * 1000 };
  }

  async get(token: string): Promise<Uint8Array> {
    // Where there are links, tokens only drop: they stand in access logs.
    if (this.#ports.link) throw noSuchSegment();
    return this.#ports.objects.get(keyOf(token));
  }

  drop(token: string): Promise<void> {
    return this.#ports.objects.deletePrefix(keyOf(token));
  }

  /** All of a query's. */
  dropAll(queryId: string): Promise<void> {
    return this.#ports.objects.deletePrefix(`q/${queryId}/segments/`);
  }
}

/** @throws QueryError not_found for what no token looks like */
function keyOf(token: string): string {
  const match = /^(q[0-9a-f]{32})\.([0-9a-f]{32})$/.exec(token);
  if (!match) throw noSuchSegment();
  return `q/${match[1]}/segments/${match[2]}`;
}

function noSuchSegment(): QueryError {
  return new QueryError("not_found", "there is no such segment");
}
