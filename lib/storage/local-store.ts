/** A folder of the local disk as an object store: keys are relative paths below it. Where shuffle objects live. */
import { join, relative, resolve, sep } from "node:path";
import { invalidKey, LocalFiles } from "./local-files.ts";

export class LocalStore extends LocalFiles {
  readonly root: string;
  /** Its objects were written a moment ago: they are in the page cache. */
  protected override readonly readAtOnceMax = 1 << 20;

  constructor(root: string) {
    super();
    this.root = resolve(root);
  }

  /** Refuses keys that would leave the folder or name one file in two ways. */
  protected override path(key: string): string {
    const folder = key.endsWith("/") ? key.slice(0, -1) : key;
    const bad = (part: string) => part === "" || part === "." || part === ".." || /[\0\\]/.test(part);
    if (key !== "" && folder.split("/").some(bad)) throw invalidKey(key);
    return join(this.root, key);
  }

  protected override key(path: string): string {
    const key = relative(this.root, path);
    return sep === "/" ? key : key.replaceAll(sep, "/");
  }
}
