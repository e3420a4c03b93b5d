/**
 * Counts what the SDK clients really do: a middleware below the retries sees every request that goes over the wire.
 * A function serves one invocation at a time, so what its process counts between two `take`s is that invocation's.
 */
import { addUsage, noUsage, subtractUsage, type Usage } from "../bill/usage.ts";

/** Names of S3 operations that are billed as GET; deletes and aborts are free; everything else is billed as PUT. */
const reads: ReadonlySet<string> = new Set(["GetObject", "HeadObject", "SelectObjectContent"]);
const free: ReadonlySet<string> = new Set(["DeleteObject", "DeleteObjects", "AbortMultipartUpload"]);
const dynamoReads: ReadonlySet<string> = new Set(["GetItem", "BatchGetItem", "Query", "Scan"]);

export interface S3Request {
  /** It is not billed. */
  back(): void;
  bytesRead(bytes: number): void;
}

export class UsageMeter {
  #usage: Usage = noUsage;
  #invocation = 0;

  get usage(): Usage {
    return this.#usage;
  }

  add(usage: Partial<Usage>): void {
    this.#usage = addUsage(this.#usage, { ...noUsage, ...usage });
  }

  /** Another invocation begins: what is still under way is not its own. */
  restart(): void {
    this.#invocation++;
    this.#usage = noUsage;
  }

  /** What was counted since the last call. */
  take(): Usage {
    const taken = this.#usage;
    this.#usage = noUsage;
    return taken;
  }

  /** A request that is sent. What becomes of it is told later; too late when another invocation has begun. */
  s3Request(operation: string, bytesSent: number): S3Request {
    const invocation = this.#invocation;
    const counted = free.has(operation)
      ? {}
      : reads.has(operation)
        ? { s3Gets: 1 }
        : { s3Puts: 1, s3BytesWritten: bytesSent };
    const addNow = (usage: Partial<Usage>) => {
      if (invocation === this.#invocation) this.add(usage);
    };
    addNow(counted);
    return {
      back: () => addNow(subtractUsage(noUsage, { ...noUsage, ...counted })),
      bytesRead: (s3BytesRead) => addNow({ s3BytesRead }),
    };
  }

  dynamoRequest(operation: string, units: number): void {
    this.add(dynamoReads.has(operation) ? { dynamoReadUnits: units } : { dynamoWriteUnits: units });
  }
}
