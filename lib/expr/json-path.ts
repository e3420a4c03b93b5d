/** Paths into JSON, as DuckDB writes them, and what is there. */
import { QueryError, unsupported } from "../errors.ts";
import { endOfValue, textOfLiteral, visitItems } from "./json-scan.ts";

/** A member by its key, or an element by its index: from 0, or from −1 backwards. `/a/0` leaves open which. */
type Step = { readonly key?: string; readonly index?: number };

/** The steps of `$.a[0]`, `/a/0`, or of a single key or index. @throws QueryError invalid_argument */
export function parseJsonPath(path: string | bigint): readonly Step[] {
  if (typeof path === "bigint") return [{ index: Number(path) }];
  const known = parsed.get(path);
  if (known) return known;
  const steps = path.startsWith("$") ? dollarPath(path) : path.startsWith("/") ? pointer(path) : singleKey(path);
  if (parsed.size >= 256) parsed.clear();
  parsed.set(path, steps);
  return steps;
}

const parsed = new Map<string, readonly Step[]>();

function singleKey(path: string): readonly Step[] {
  return path === "" ? [] : [{ key: path }];
}

const dollarStep = /\.(?:"((?:[^"\\]|\\.)+)"|([^.[\]"*]+))|\[(#?)(-?\d+)\]|\[#\]/y;

function dollarPath(path: string): readonly Step[] {
  const steps: Step[] = [];
  let at = 1;
  while (at < path.length) {
    dollarStep.lastIndex = at;
    const found = dollarStep.exec(path);
    if (!found) {
      if (path.slice(at).includes("*")) throw unsupported(`* in the JSON path ${path}`);
      throw new QueryError("invalid_argument", `the JSON path ${path} is wrong at "${path.slice(at)}"`, {
        hint: 'paths read $.key, $."a key", $[0], $[-1]; or /key/0; or are a single key',
      });
    }
    const [, quoted, plain, , index] = found;
    const key = plain ?? quoted?.replace(/\\(.)/g, "$1");
    steps.push(key === undefined ? { index: Number(index ?? Number.NaN) } : { key });
    at = dollarStep.lastIndex;
  }
  return steps;
}

function pointer(path: string): readonly Step[] {
  return path
    .slice(1)
    .split("/")
    .map((part) => {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      return /^\d+$/.test(key) ? { key, index: Number(key) } : { key };
    });
}

/** Where the value at the path is in valid JSON: [from, to); undefined when there is none. */
export function findInJson(text: string, start: number, steps: readonly Step[]): readonly [number, number] | undefined {
  let from = start;
  for (const step of steps) {
    const next = text[from] === "{" ? memberAt(text, from, step.key) : elementAt(text, from, step.index);
    if (next === undefined) return undefined;
    from = next;
  }
  return [from, endOfValue(text, from)];
}

/** The first of that key. */
export function memberAt(text: string, object: number, key: string | undefined): number | undefined {
  let found: number | undefined;
  if (key === undefined || text[object] !== "{") return undefined;
  visitItems(text, object, (keyFrom, keyTo, from) => {
    if (textOfLiteral(text.slice(keyFrom, keyTo)) !== key) return false;
    found = from;
    return true;
  });
  return found;
}

/** @param index from 0; −1 is the last */
export function elementAt(text: string, array: number, index: number | undefined): number | undefined {
  if (index === undefined || Number.isNaN(index) || text[array] !== "[") return undefined;
  const wanted = index < 0 ? countItems(text, array) + index : index;
  let found: number | undefined;
  let at = 0;
  if (wanted < 0) return undefined;
  visitItems(text, array, (_keyFrom, _keyTo, from) => {
    if (at++ < wanted) return false;
    found = from;
    return true;
  });
  return found;
}

export function countItems(text: string, at: number): number {
  let count = 0;
  visitItems(text, at, () => {
    count++;
    return false;
  });
  return count;
}
