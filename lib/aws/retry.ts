/** Tries again what may pass, after waits that grow and are drawn at random (full jitter), so that callers spread out. */

export interface RetryOptions {
  readonly attemptsMax: number;
  /** The first wait is at most so long; each further one at most twice as long. */
  readonly baseMs: number;
  readonly waitMsMax: number;
  readonly isTransient: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
}

/** @throws the last error */
export async function retry<T>(attempt: (number: number) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (number >= options.attemptsMax || options.signal?.aborted || !options.isTransient(error)) throw error;
    }
    await pause(Math.random() * Math.min(options.waitMsMax, options.baseMs * 2 ** number), options.signal);
  }
}

/** Resolves after `ms`, or when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
    if (signal?.aborted) done();
  });
}
