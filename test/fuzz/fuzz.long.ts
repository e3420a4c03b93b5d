/** Many more seeds. */
process.env.VOLLEY_LONG = "1";
await import("./queries.test.ts");
await import("./metamorphic.test.ts");
await import("./text.test.ts");
