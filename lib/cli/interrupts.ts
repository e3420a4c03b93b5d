/** Ctrl-C and SIGTERM while something runs: the first asks it to stop and clean up, the second leaves at once. */
import { exit } from "./exit.ts";

export interface Interrupts {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** What to exit with once it is aborted. */
  readonly exitCode: number;
  /** Gives the signals back. */
  release(): void;
}

/** With a signal of the caller's own, that one counts too. */
export function catchInterrupts(also?: AbortSignal): Interrupts {
  const abort = new AbortController();
  let exitCode: number = exit.interrupted;
  const stop = (code: number) => {
    if (abort.signal.aborted) process.exit(code);
    exitCode = code;
    abort.abort();
  };
  const onInterrupt = () => stop(exit.interrupted);
  const onTerminate = () => stop(exit.terminated);
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return {
    signal: also ? AbortSignal.any([also, abort.signal]) : abort.signal,
    get exitCode() {
      return exitCode;
    },
    release() {
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
    },
  };
}
