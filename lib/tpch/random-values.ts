import type { StringBuilder } from "./column-builders.ts";
import { RandomStream } from "./random-stream.ts";

const alphabet = new TextEncoder().encode("0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,");
const charactersPerDraw = 5;
const drawsPerAddress = 9;
const countryCodeFirst = 10;

/** Addresses: 10 to 40 characters of a 64-letter alphabet (averageBytes = 25). */
export class AddressStream extends RandomStream {
  constructor(seed: number) {
    super(seed, drawsPerAddress);
  }

  add(target: StringBuilder): void {
    const length = this.next(10, 40);
    let bits = 0;
    for (let i = 0; i < length; i++) {
      if (i % charactersPerDraw === 0) bits = this.nextOverflowing();
      target.bytes[target.length++] = alphabet[bits & 63] as number;
      bits >>= 6;
    }
    target.end();
  }
}

/** Phone numbers such as 25-989-741-2988; the country code is 10 + nation key. */
export class PhoneStream extends RandomStream {
  constructor(seed: number) {
    super(seed, 3);
  }

  add(target: StringBuilder, nationKey: number): void {
    target.putNumber(countryCodeFirst + nationKey, 2);
    target.put("-");
    target.putNumber(this.next(100, 999), 3);
    target.put("-");
    target.putNumber(this.next(100, 999), 3);
    target.put("-");
    target.putNumber(this.next(1000, 9999), 4);
    target.end();
  }
}
