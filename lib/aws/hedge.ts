/**
 * Sends a second request when the first is slower than nearly all others of its size, and takes the first answer
 * (J. Dean, L. A. Barroso: The Tail at Scale, CACM 56(2), 2013). A budget keeps an overloaded store from being asked twice
 * for everything.
 */

export interface HedgeOptions {
  /** A request is slow when it takes longer than this share of the others of its size. */
  readonly quantile: number;
  /** Second requests as a share of all. */
  readonly budget: number;
  /** Fewer observations say nothing. */
  readonly samplesMin: number;
  /** Never hedge sooner. */
  readonly delayMsMin: number;
}

export const defaultHedge: HedgeOptions = { quantile: 0.97, budget: 0.05, samplesMin: 30, delayMsMin: 20 };

const samplesMax = 200;

export class Hedger {
  readonly #options: HedgeOptions;
  /** Latest durations by size class (log2 of the bytes), in milliseconds. */
  readonly #samples = new Map<number, number[]>();
  readonly #next = new Map<number, number>();
  #allowance = 1;
  /** Second requests that were sent, and those that were faster. */
  readonly counts = { requests: 0, hedges: 0, won: 0 };

  constructor(options: HedgeOptions = defaultHedge) {
    this.#options = options;
  }

  /**
   * Runs `request`, and once more when it is slow; the loser is aborted. Fails when all that was sent failed, or one with
   * an error that is final: then there is nothing to wait for.
   */
  async run<T>(
    bytes: number,
    request: (signal: AbortSignal) => Promise<T>,
    options: { readonly signal?: AbortSignal | undefined; readonly isFinal?: (error: unknown) => boolean } = {},
  ): Promise<T> {
    this.counts.requests++;
    this.#allowance = Math.min(10, this.#allowance + this.#options.budget);
    const delayMs = this.delayMs(bytes);
    const start = performance.now();
    const answer = await race(request, delayMs, () => this.#mayHedge(), options);
    if (answer.second) this.counts.won++;
    // The time of a request that lost is unknown, but longer than this: leaving it out would make the estimate shrink.
    this.#observe(bytes, performance.now() - start);
    return answer.value;
  }

  /** How long to wait before a second request; Infinity while too little is known. */
  delayMs(bytes: number): number {
    const samples = this.#samples.get(sizeClass(bytes));
    if (!samples || samples.length < this.#options.samplesMin) return Number.POSITIVE_INFINITY;
    const sorted = samples.toSorted((a, b) => a - b);
    const slow = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * this.#options.quantile))]!;
    return Math.max(this.#options.delayMsMin, slow);
  }

  #mayHedge(): boolean {
    if (this.#allowance < 1) return false;
    this.#allowance--;
    this.counts.hedges++;
    return true;
  }

  #observe(bytes: number, ms: number): void {
    const key = sizeClass(bytes);
    const samples = this.#samples.get(key) ?? [];
    const at = this.#next.get(key) ?? 0;
    samples[at] = ms;
    this.#samples.set(key, samples);
    this.#next.set(key, (at + 1) % samplesMax);
  }
}

function sizeClass(bytes: number): number {
  return Math.max(14, Math.ceil(Math.log2(Math.max(1, bytes))));
}

function race<T>(
  request: (signal: AbortSignal) => Promise<T>,
  delayMs: number,
  mayHedge: () => boolean,
  {
    signal,
    isFinal = () => false,
  }: { readonly signal?: AbortSignal | undefined; readonly isFinal?: (error: unknown) => boolean },
): Promise<{ readonly value: T; readonly second: boolean }> {
  return new Promise((resolve, reject) => {
    const aborts: AbortController[] = [];
    let pending = 0;
    const onAbort = () => {
      for (const abort of aborts) abort.abort(signal!.reason);
    };
    const settle = (act: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      act();
      for (const abort of aborts) abort.abort();
    };
    const send = () => {
      const abort = new AbortController();
      const second = aborts.push(abort) === 2;
      pending++;
      request(abort.signal).then(
        (value) => settle(() => resolve({ value, second })),
        (error) => {
          pending--;
          if (pending === 0 || isFinal(error)) settle(() => reject(error));
        },
      );
    };
    const hedge = () => {
      if (mayHedge()) send();
    };
    const timer = delayMs < 2 ** 31 ? setTimeout(hedge, delayMs) : undefined;
    signal?.addEventListener("abort", onAbort, { once: true });
    send();
    if (signal?.aborted) onAbort();
  });
}
