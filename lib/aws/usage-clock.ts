/** What the current invocation of this function has used: its requests, and its time by its memory. */
import { addUsage, noUsage, type Usage } from "../bill/usage.ts";
import type { UsageMeter } from "./usage-meter.ts";

export class UsageClock {
  readonly #meter: UsageMeter;
  readonly #gigabytes: number;
  #startMs = 0;
  /** A cold start is billed too: the process's life before its first invocation. */
  #initMs = 0;
  #cold = true;
  #total: Usage = noUsage;

  constructor(meter: UsageMeter, memoryMb: number) {
    this.#meter = meter;
    this.#gigabytes = memoryMb / 1024;
  }

  /** An invocation begins. What its predecessor did after its last report belongs to nobody. */
  start(): void {
    this.#meter.restart();
    this.#total = noUsage;
    this.#startMs = performance.now();
    this.#initMs = this.#cold ? process.uptime() * 1000 : 0;
    this.#cold = false;
  }

  /** Since the start of this invocation. Lambda bills whole milliseconds. */
  usage(): Usage {
    this.#total = addUsage(this.#total, this.#meter.take());
    const billedMs = Math.ceil(this.#initMs + performance.now() - this.#startMs);
    return { ...this.#total, lambdaGbSeconds: (billedMs / 1000) * this.#gigabytes };
  }
}
