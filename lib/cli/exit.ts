/** Exit codes. A command that a signal stopped exits with 128 and the signal's number, as shells expect. */
export const exit = { ok: 0, queryFailed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;
