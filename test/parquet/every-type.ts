/** One row generator for all types that both DuckDB and we read. */

const expressions = `
  (i % 200 - 100)::TINYINT i8, (i * 7 % 60000 - 30000)::SMALLINT i16, (i * 100003 - 5000000)::INTEGER i32,
  (i::HUGEINT * 9007199254740993 % 9223372036854775807 - 4611686018427387904)::BIGINT i64,
  (i % 256)::UTINYINT u8, (i % 65536)::USMALLINT u16, (4294967295 - i)::UINTEGER u32,
  (18446744073709551615 - i * 3)::UBIGINT u64, (i / 3)::FLOAT f32, (i * i / 7)::DOUBLE f64, i % 3 = 0 b,
  (i % 1000 / 10)::DECIMAL(4,1) d4, (i * 1.01)::DECIMAL(9,2) d9, (i * -12345.678)::DECIMAL(18,3) d18,
  (i::HUGEINT * 123456789012345678901 - 5)::DECIMAL(38,0) d38, DATE '1900-01-01' + (i * 3)::INT date,
  TIMESTAMP '1960-01-01 00:00:00.000001' + INTERVAL (i) HOUR ts,
  (TIMESTAMP '2020-01-01' + INTERVAL (i) MINUTE)::TIMESTAMPTZ tstz, 'row ' || i AS "text", 'ä' || (i % 13) few,
  '' empty, repeat('x', (i % 300)::INT) long, encode('b' || i % 99) bin, md5(i::VARCHAR)::UUID uuid,
  INTERVAL (i) DAY + INTERVAL (i % 24) MONTH + INTERVAL (i) SECOND iv, 42 AS "const"`;

export const nullPatterns: Readonly<Record<string, string>> = {
  none: "false",
  some: "hash(i) % 5 = 0",
  all: "true",
  runs: "(i // 700) % 2 = 0",
};

/** Rows with every type, NULL where the pattern says. */
export function everyType(rows: number, pattern: string): string {
  const names = [...expressions.matchAll(/ "?(\w+)"?(,|$)/g)].map((match) => match[1]!);
  const columns = names.map((name) => `CASE WHEN ${nullPatterns[pattern]} THEN NULL ELSE "${name}" END AS "${name}"`);
  return `SELECT ${columns.join(", ")} FROM (SELECT i, ${expressions} FROM range(${rows}) t(i))`;
}
