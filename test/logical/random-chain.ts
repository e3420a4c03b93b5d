/** Random chains of operators on constants, with few parentheses: they show how operators group. */
import { seeded } from "./random-query.ts";

export function randomChain(seed: number): string {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const number = (depth: number): string => {
    if (depth <= 0) return pick(["1", "2", "3", "null::int"]);
    const inner = () => number(depth - 1);
    return pick([
      inner,
      () => `${inner()} ${pick(["+", "-", "*", "%", "&", "|", "<<", "^"])} ${inner()}`,
      () => `-${inner()}`,
      () => `(${inner()})`,
      () => `case when ${condition(depth - 1)} then ${inner()} else ${inner()} end`,
    ])();
  };
  const condition = (depth: number): string => {
    if (depth <= 0) return pick(["true", "false", "null::boolean"]);
    const inner = () => condition(depth - 1);
    const operand = () => number(depth - 1);
    return pick([
      inner,
      () => `${inner()} and ${inner()}`,
      () => `${inner()} or ${inner()}`,
      () => `not ${inner()}`,
      () => `(${inner()})`,
      () => `${inner()} = ${inner()}`,
      () => `${inner()} is ${pick(["", "not "])}${pick(["null", "true", "false"])}`,
      () => `${operand()} ${pick(["=", "<", ">=", "<>"])} ${operand()}`,
      () => `${operand()} between ${operand()} and ${operand()}`,
      () => `${operand()} ${pick(["in", "not in"])} (1, 2)`,
      () => `${operand()} is ${pick(["", "not "])}distinct from ${operand()}`,
      () => `'a' ${pick(["like", "not like"])} 'a' || 'b'`,
    ])();
  };
  return condition(3);
}
