/** Footers this process has read, by path and version: the splits of one file, and later queries, share them. */
import type { ObjectStore } from "../storage/object-store.ts";
import { type FileVersion, type ParquetFooter, readFooter } from "./footer.ts";

const footersMax = 512;
const chunksMax = 1 << 20;

const footers = new Map<string, Promise<ParquetFooter>>();
let chunks = 0;

/** The footer, read once per file version. A failure is not remembered. `onRead` is told of every request, with its bytes. */
export function cachedFooter(
  objects: ObjectStore,
  path: string,
  file: FileVersion,
  onRead?: (bytes: number) => void,
): Promise<ParquetFooter> {
  const key = `${file.etag}\n${file.bytes}\n${path}`;
  const known = footers.get(key);
  if (known) {
    footers.delete(key); // put back as the newest
    footers.set(key, known);
    return known;
  }
  const reading = readFooter(objects, path, file, { onRead });
  footers.set(key, reading);
  reading.then(
    (footer) => {
      chunks += weight(footer);
      evict();
    },
    () => footers.delete(key),
  );
  return reading;
}

function weight(footer: ParquetFooter): number {
  return footer.rowGroups.reduce((sum, group) => sum + group.chunks.length, 0);
}

function evict(): void {
  for (const [key, oldest] of footers) {
    if (footers.size <= footersMax && chunks <= chunksMax) return;
    footers.delete(key);
    oldest.then((footer) => {
      chunks -= weight(footer);
    });
  }
}
