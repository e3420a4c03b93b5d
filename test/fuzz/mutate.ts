/** Random damage to SQL text: tokens dropped, doubled, swapped, replaced by others, characters changed. */
import { functionNames } from "../../lib/expr/functions/registry.ts";
import type { Random } from "./random.ts";

const extras = (
  "select from where group by having order limit offset union all intersect except distinct as on using join left full " +
  "cross natural case when then else end and or not in is null like between exists any all with values cast interval date " +
  "timestamp true false ( ) , . ; * + - / % || = <> < > :: ? $1 [ ] { } 'x' \"x\" 1 -1 1.5 1e400 99999999999999999999 '' k v " +
  "numbers words count(*) sum max rollup grouping over partition filter within extract array unnest -- /* $$ \u0000 \ud83e 🦆"
).split(" ");

const tokenPattern = /"[^"]*"|'[^']*'|\w+|\s+|::|<>|<=|>=|\|\||[^\s\w]/gu;

/** Operands of every type, and functions, with which text stays SQL but changes its types. */
const operands = (
  "k v s t d m even w g ts id name tag amount a b c x y z t8 t16 t32 t64 f32 d4 d18 d38 day txt bin null true 0 -1 7 2.5 1e3 " +
  "9223372036854775807 170141183460469231731687303715884105727 'a' '' '2020-02-30' '12' '日本' x'00ff' date'2020-01-01' " +
  "timestamp'2021-03-04\u00a005:06:07' interval'1\u00a0day' (select\u00a0max(k)from\u00a0numbers) (1,2) * count(*)"
)
  .split(" ")
  .map((operand) => operand.replaceAll("\u00a0", " "));
const functions = [
  ...functionNames().filter((name) => /^\w+$/.test(name)),
  "sum",
  "avg",
  "min",
  "max",
  "count",
  "string_agg",
  "first",
  "median",
  "mode",
  "arg_min",
  "exists",
];
const typeWords =
  "tinyint smallint int bigint real double decimal decimal(38,10) varchar blob boolean date timestamp timestamptz interval".split(
    " ",
  );

/** Replaces operands, functions and types by others: most of the results still parse. */
export function retype(sql: string, random: Random): string {
  const tokens = sql.match(tokenPattern) ?? [sql];
  const known = new Set(functions);
  const operandSet = new Set(operands);
  const typeSet = new Set(typeWords);
  for (let n = 1 + random.below(4), tries = 0; n > 0 && tries < 200; tries++) {
    const at = random.below(tokens.length);
    const token = tokens[at]!.toLowerCase();
    if (typeSet.has(token)) tokens[at] = random.pick(typeWords);
    else if (known.has(token) && tokens[at + 1] === "(") tokens[at] = random.pick(functions);
    else if (operandSet.has(token) || /^['\d]/.test(token)) {
      const operand = random.pick(operands);
      tokens[at] = random.chance(0.3)
        ? `${random.pick(functions)}(${operand}, ${tokens[at]})`
        : random.chance(0.3)
          ? `${random.pick(functions)}(${operand})`
          : operand;
    } else continue;
    n--;
  }
  return tokens.join("");
}

export function mutate(sql: string, random: Random): string {
  const tokens = sql.match(tokenPattern) ?? [sql];
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(tokens.length);
    const other = random.below(tokens.length);
    switch (random.below(8)) {
      case 0:
        tokens.splice(at, 1 + random.below(3));
        break;
      case 1:
        tokens.splice(at, 0, tokens[other] ?? "", " ");
        break;
      case 2:
        [tokens[at], tokens[other]] = [tokens[other]!, tokens[at]!];
        break;
      case 3:
      case 4:
        tokens[at] = random.pick(extras);
        break;
      case 5:
        tokens.splice(at, 0, " ", random.pick(extras), " ");
        break;
      case 6:
        tokens.length = Math.max(1, at);
        break;
      default: {
        const text = tokens[at]!;
        const position = random.below(text.length + 1);
        tokens[at] = text.slice(0, position) + String.fromCodePoint(32 + random.below(95)) + text.slice(position + 1);
      }
    }
    if (tokens.length === 0) return "";
  }
  return tokens.join("");
}
