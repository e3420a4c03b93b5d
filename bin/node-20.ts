/**
 * What the sources use of newer JavaScript than Node 20 has, for the published bundle (bin/build.ts puts it first).
 * Each is added only where it is missing: on Node 22 and later this does nothing.
 */

type Method = (this: Set<unknown>, other: ReadonlySet<unknown>) => unknown;

const setMethods: Readonly<Record<string, Method>> = {
  union(other) {
    return new Set([...this, ...other]);
  },
  intersection(other) {
    return new Set([...this].filter((item) => other.has(item)));
  },
  difference(other) {
    return new Set([...this].filter((item) => !other.has(item)));
  },
  isSubsetOf(other) {
    return [...this].every((item) => other.has(item));
  },
  isSupersetOf(other) {
    return [...other].every((item) => this.has(item));
  },
  isDisjointFrom(other) {
    return ![...this].some((item) => other.has(item));
  },
};

function groups<T, K>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const found = new Map<K, T[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    const group = found.get(key);
    if (group) group.push(item);
    else found.set(key, [item]);
  }
  return found;
}

/** Code units of surrogates without their other half become U+FFFD. */
function toWellFormed(this: string): string {
  return this.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}

/** @internal Also called by its test, on classes whose own methods were taken away. */
export function addMissing(target: object, methods: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(methods)) {
    if (!(name in target)) Object.defineProperty(target, name, { value, writable: true, configurable: true });
  }
}

/** What is added, by where it goes. */
export const additions: readonly (readonly [object, Readonly<Record<string, unknown>>])[] = [
  [Set.prototype, setMethods],
  [Map, { groupBy: groups }],
  [
    Object,
    {
      groupBy: <T>(items: Iterable<T>, keyOf: (item: T, index: number) => PropertyKey) =>
        Object.assign(Object.create(null), Object.fromEntries(groups(items, keyOf))),
    },
  ],
  [String.prototype, { toWellFormed }],
  [Promise, { withResolvers }],
];

function withResolvers<T>() {
  let settle!: { resolve: (value: T | PromiseLike<T>) => void; reject: (reason: unknown) => void };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

for (const [target, methods] of additions) addMissing(target, methods);
