/** How much of a function's memory the linear memory of its executor may take: the rest is Node's own and fetched bytes. */
const processBytes = 384 << 20;
const wasmBytesMax = 4 * 1024 ** 3 - 65536;
const shareMin = 0.4;

export function executorMemoryBytes(functionMemoryMb: number): number {
  const bytes = functionMemoryMb * 2 ** 20;
  return Math.min(wasmBytesMax, Math.floor(Math.max(bytes * shareMin, bytes - processBytes)));
}

/** What one task may hold before its operators spill. */
export function taskMemoryBytes(functionMemoryMb: number): number {
  return Math.floor(executorMemoryBytes(functionMemoryMb) * 0.8);
}
