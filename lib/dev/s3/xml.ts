/** As much XML as S3's answers and requests need. */

export type XmlValue = string | number | boolean | XmlElement | readonly XmlValue[] | undefined;
export interface XmlElement {
  readonly [name: string]: XmlValue;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** One element; lists repeat their element. */
export function xmlDocument(name: string, value: XmlValue): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, value)}`;
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((each) => element(name, each)).join("");
  if (typeof value !== "object") return `<${name}>${String(value).replace(/[&<>"\r]/g, (c) => escapes[c]!)}</${name}>`;
  const inside = Object.entries(value as XmlElement).map(([child, each]) => element(child, each));
  return `<${name}>${inside.join("")}</${name}>`;
}

/** The text of each element of that name, in order. */
export function xmlTexts(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, text]) =>
    text!.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, entity) =>
      decimal
        ? String.fromCodePoint(+decimal)
        : hex
          ? String.fromCodePoint(Number.parseInt(hex, 16))
          : (entities[entity] ?? whole),
    ),
  );
}
