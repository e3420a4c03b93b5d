/**
 * Counts what the SDK clients really do: a middleware below the retries sees every request that goes over the wire.
 * A function serves one invocation at a time, so what its process counts between two `take`s is that invocation's.
 */
import { addUsage, noUsage, type Usage } from "../service/usage.ts";

/** Names of S3 operations that are billed as GET; deletes and aborts are free; everything else is billed as PUT. */
const reads: ReadonlySet<string> = new Set(["GetObject", "HeadObject", "SelectObjectContent"]);
const free: ReadonlySet<string> = new Set(["DeleteObject", "DeleteObjects", "AbortMultipartUpload"]);
const dynamoReads: ReadonlySet<string> = new Set(["GetItem", "BatchGetItem", "Query", "Scan"]);

export class UsageMeter {
  #usage: Usage = noUsage;

  get usage(): Usage {
    return this.#usage;
  }

  add(usage: Partial<Usage>): void {
    this.#usage = addUsage(this.#usage, { ...noUsage, ...usage });
  }

  /** What was counted since the last call. */
  take(): Usage {
    const taken = this.#usage;
    this.#usage = noUsage;
    return taken;
  }

  s3Request(operation: string, bytesSent: number): void {
    if (free.has(operation)) return;
    if (reads.has(operation)) this.add({ s3Gets: 1 });
    else this.add({ s3Puts: 1, s3BytesWritten: bytesSent });
  }

  dynamoRequest(operation: string, units: number): void {
    this.add(dynamoReads.has(operation) ? { dynamoReadUnits: units } : { dynamoWriteUnits: units });
  }
}
