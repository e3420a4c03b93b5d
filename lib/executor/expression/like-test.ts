/** LIKE with a constant pattern: literal segments between %, found one after the other; _ is any one character. */
import type { FlatVector } from "../../arrow/vector.ts";
import { Arena } from "../../kernels/arena.ts";
import type { LinearMemory, Ptr } from "../../kernels/memory.ts";
import type { ColumnTest } from "./range-test.ts";

export interface LikePattern {
  /** UTF-8, with 0xff for any one character. */
  readonly segments: readonly Uint8Array[];
  readonly anchoredStart: boolean;
  readonly anchoredEnd: boolean;
}

const encoder = new TextEncoder();
const anyCharacter = 0xff;

/** Undefined: the pattern ends in its escape character and matches nothing. */
export function parseLike(pattern: string, escapedBy: string | undefined): LikePattern | undefined {
  const segments: number[][] = [[]];
  let escaped = false;
  for (const character of pattern) {
    if (!escaped && character === escapedBy) {
      escaped = true;
      continue;
    }
    if (!escaped && character === "%") segments.push([]);
    else if (!escaped && character === "_") segments.at(-1)!.push(anyCharacter);
    else segments.at(-1)!.push(...encoder.encode(character));
    escaped = false;
  }
  if (escaped) return undefined;
  const anchoredStart = segments.length === 1 || segments[0]!.length > 0;
  const anchoredEnd = segments.length === 1 || segments.at(-1)!.length > 0;
  // An empty pattern matches only the empty text, and keeps its one empty segment.
  const kept = segments.length === 1 ? segments : segments.filter(({ length }) => length > 0);
  return { segments: kept.map((segment) => Uint8Array.from(segment)), anchoredStart, anchoredEnd };
}

/** The pattern of texts that contain (start with, end with) a part. */
export function partPattern(part: string, how: "contains" | "starts_with" | "ends_with"): LikePattern {
  const segments = part === "" ? [] : [encoder.encode(part)];
  const anchored = part !== "";
  return { segments, anchoredStart: anchored && how === "starts_with", anchoredEnd: anchored && how === "ends_with" };
}

export class LikeTest implements ColumnTest {
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #segments: Ptr;
  readonly #count: number;
  readonly #flags: number;
  readonly #negate: boolean;

  constructor(memory: LinearMemory, { segments, anchoredStart, anchoredEnd }: LikePattern, negate: boolean) {
    this.#memory = memory;
    this.#arena = new Arena(memory);
    this.#negate = negate;
    this.#count = segments.length;
    this.#flags = (anchoredStart ? 1 : 0) | (anchoredEnd ? 2 : 0);
    this.#segments = this.#arena.alloc(segments.length * 12);
    for (const [i, segment] of segments.entries()) {
      const bytes = this.#arena.alloc(segment.length);
      const at = this.#segments + i * 12;
      memory.u8.set(segment, bytes);
      memory.view.setUint32(at, bytes, true);
      memory.view.setUint32(at + 4, segment.length, true);
      memory.view.setUint32(at + 8, segment.includes(anyCharacter) ? 1 : 0, true);
    }
  }

  select(values: FlatVector, n: number, ids: Ptr, out: Ptr): number {
    const { selectLike } = this.#memory.kernels;
    return selectLike(values.data, n, ids, this.#segments, this.#count, this.#flags, this.#negate ? 1 : 0, out);
  }

  close(): void {
    this.#arena.free();
  }
}
