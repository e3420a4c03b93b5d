/** Unicode's simple case mappings: one code point to one code point, without regard to its neighbours or a language. */

const plain = /^[\0-\x7f]*$/;

export function lowerCase(text: string): string {
  if (plain.test(text)) return text.toLowerCase();
  // Of İ, the only letter that lower-cases to two code points, the first is the simple mapping.
  return Array.from(text, (character) => String.fromCodePoint(character.toLowerCase().codePointAt(0)!)).join("");
}

export function upperCase(text: string): string {
  if (plain.test(text)) return text.toUpperCase();
  return Array.from(text, upperCaseCharacter).join("");
}

function upperCaseCharacter(character: string): string {
  if (character === "ß") return "ẞ";
  const upper = character.toUpperCase();
  return upper.length === String.fromCodePoint(upper.codePointAt(0)!).length ? upper : character;
}
