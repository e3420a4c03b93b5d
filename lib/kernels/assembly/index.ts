// Entry point of the kernels: every file here holds one family, and each export is one vectorised loop.
export * from "./aggregate";
export * from "./copy";
export * from "./csv";
export * from "./flatten";
export * from "./keys/encode";
export * from "./keys/bounds";
export * from "./keys/canonical";
export * from "./keys/decode";
export * from "./keys/assign";
export * from "./keys/rebuild";
export * from "./keys/find";
export * from "./keys/find-values";
export * from "./keys/intern";
export * from "./keys/codes";
export * from "./keys/order";
export * from "./ipc";
export * from "./join";
export * from "./partition";
export * from "./sort";
export * from "./sort-keys";
export * from "./delta";
export * from "./lz4";
export * from "./plain";
export * from "./rle";
export * from "./snappy";
export * from "./select";
export * from "./compare";
export * from "./logic";
export * from "./arithmetic";
export * from "./decimal";
export * from "./bit-set";
export * from "./cast";
export * from "./date";
export * from "./string";
export * from "./window";
export * from "./in-set";

/** First byte after the static data: where the allocator may start. */
export function heapBase(): usize {
  return __heap_base;
}
