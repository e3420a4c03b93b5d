// CSV (RFC 4180): records into fields, and the text of fields into values.
// Field f of record r is the view at views + (r * columns + f) * 8; flags[r * columns + f] is 0 for NULL, else 1.

// What csvRecords leaves in its state: where it stopped, what was wrong there (0: nothing), fields found in that record.
const stateEnd: usize = 0;
const stateError: usize = 4;
const stateFields: usize = 8;

const errorFields: u32 = 1; // a record has too few or too many fields
const errorQuote: u32 = 2; // a quoted field goes on after its closing quote
const errorUnclosed: u32 = 3; // a quoted field has no end

const newline: u8 = 10;
const carriageReturn: u8 = 13;

/**
 * Splits whole records of [start, end) until rowsMax of them. `last`: the text ends at `end`; otherwise a record that is
 * not complete is left for later. Lines without any character are skipped (unless there is one column: then they are
 * NULL). Quoted fields lose their escapes in place. quote and escape: 256 for none. Returns the number of records.
 */
export function csvRecords(
  start: usize, end: usize, last: i32, delimiter: u32, quote: u32, escape: u32, nullText: usize, nullLength: u32,
  columns: u32, rowsMax: u32, views: usize, flags: usize, starts: usize, state: usize,
): u32 {
  let rows: u32 = 0;
  let p = start;
  store<u32>(state, 0, stateError);
  while (rows < rowsMax && p < end) {
    const record = p;
    const first = load<u8>(p);
    if (columns > 1 && (first == newline || first == carriageReturn)) {
      p++;
      continue;
    }
    let field: u32 = 0;
    let done = false;
    while (!done) {
      // One field: [from, to), then p at what ended it.
      let from = p;
      let to: usize;
      let quoted = false;
      if (p < end && <u32>load<u8>(p) == quote) {
        quoted = true;
        from = ++p;
        to = p;
        let closed = false;
        while (p < end) {
          const byte = load<u8>(p);
          if (<u32>byte == escape && p + 1 < end) {
            const next = <u32>load<u8>(p + 1);
            if (next == quote || (next == escape && escape != quote)) {
              store<u8>(to++, <u8>next);
              p += 2;
              continue;
            }
          }
          if (<u32>byte == quote) {
            // At the end of a chunk a quote may be the first half of an escaped one.
            if (p + 1 == end && !last) break;
            closed = true;
            p++;
            break;
          }
          if (to != p) store<u8>(to, byte);
          to++;
          p++;
        }
        if (!closed) {
          if (!last) return stop(state, record, 0, 0, rows);
          return stop(state, record, errorUnclosed, field, rows);
        }
      } else {
        while (p < end) {
          const byte = load<u8>(p);
          if (<u32>byte == delimiter || byte == newline || byte == carriageReturn) break;
          p++;
        }
        to = p;
      }
      if (p == end) {
        if (!last) return stop(state, record, 0, 0, rows);
        done = true;
      } else {
        const byte = load<u8>(p);
        if (<u32>byte == delimiter) p++;
        else if (byte == newline) {
          p++;
          done = true;
        } else if (byte == carriageReturn) {
          if (p + 1 == end && !last) return stop(state, record, 0, 0, rows);
          p += p + 1 < end && load<u8>(p + 1) == newline ? 2 : 1;
          done = true;
        } else return stop(state, record, errorQuote, field, rows);
      }
      if (field < columns) {
        const at = <usize>rows * columns + field;
        store<u32>(views + (at << 3), <u32>from);
        store<u32>(views + (at << 3), <u32>(to - from), 4);
        const isNull = !quoted && <u32>(to - from) == nullLength && memory.compare(from, nullText, nullLength) == 0;
        store<u8>(flags + at, isNull ? 0 : 1);
      }
      field++;
    }
    if (field != columns) return stop(state, record, errorFields, field, rows);
    store<u32>(starts + (rows << 2), <u32>record);
    rows++;
  }
  return stop(state, p, 0, 0, rows);
}

function stop(state: usize, at: usize, error: u32, fields: u32, rows: u32): u32 {
  store<u32>(state, <u32>at, stateEnd);
  store<u32>(state, error, stateError);
  store<u32>(state, fields, stateFields);
  return rows;
}

/** One column's views and validity side by side. Absent ones become empty. */
export function csvColumn(views: usize, flags: usize, columns: u32, column: u32, n: u32, outViews: usize, outValidity: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = <usize>i * columns + column;
    const here = load<u8>(flags + at);
    store<u8>(outValidity + i, here);
    store<u32>(outViews + (i << 3), load<u32>(views + (at << 3)));
    store<u32>(outViews + (i << 3), here ? load<u32>(views + (at << 3), 4) : 0, 4);
  }
}

/** The number of rows that hold only spaces at both ends of text, made views without them. */
export function trimViews(views: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    let from = load<u32>(views + (i << 3));
    let to = from + load<u32>(views + (i << 3), 4);
    while (from < to && load<u8>(from) == 32) from++;
    while (to > from && load<u8>(to - 1) == 32) to--;
    store<u32>(views + (i << 3), from);
    store<u32>(views + (i << 3), to - from, 4);
  }
}

// Parsers: each writes present rows and returns the first row whose text is no such value, or n.

/** Whole numbers of `bytes` bytes: an optional sign, digits. */
export function parseIntegers(views: usize, validity: usize, n: u32, bytes: u32, out: usize): u32 {
  const shift = <i64>(64 - (bytes << 3));
  for (let i: u32 = 0; i < n; i++) {
    if (!load<u8>(validity + i)) {
      storeInteger(out, i, bytes, 0);
      continue;
    }
    let p = <usize>load<u32>(views + (i << 3));
    const end = p + load<u32>(views + (i << 3), 4);
    if (p == end) return i;
    const sign = load<u8>(p);
    const negative = sign == 45;
    if (negative || sign == 43) p++;
    if (p == end) return i;
    let value: u64 = 0;
    while (p < end) {
      const digit = <u64>load<u8>(p++) - 48;
      if (digit > 9) return i;
      if (value > 922337203685477580) return i;
      value = value * 10 + digit;
    }
    if (value > <u64>0x7fffffffffffffff + <u64>negative) return i;
    const signed = negative ? <i64>(0 - value) : <i64>value;
    if ((signed << shift) >> shift != signed) return i;
    storeInteger(out, i, bytes, signed);
  }
  return n;
}

// @ts-ignore: decorator
@inline
function storeInteger(out: usize, i: u32, bytes: u32, value: i64): void {
  if (bytes == 8) store<i64>(out + (<usize>i << 3), value);
  else if (bytes == 4) store<i32>(out + (<usize>i << 2), <i32>value);
  else if (bytes == 2) store<i16>(out + (<usize>i << 1), <i16>value);
  else store<i8>(out + i, <i8>value);
}

/**
 * Decimal numbers whose digits fit in 15 places and whose power of ten is at most 22: one exact division or product
 * (Clinger, "How to read floating point numbers accurately", 1990). Rows that need more are left in `slow`; returns how many.
 */
export function parseFloats(views: usize, validity: usize, n: u32, out: usize, slow: usize): u32 {
  let slowRows: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    store<f64>(out + (<usize>i << 3), 0);
    if (!load<u8>(validity + i)) continue;
    let p = <usize>load<u32>(views + (i << 3));
    const end = p + load<u32>(views + (i << 3), 4);
    const negative = p < end && load<u8>(p) == 45;
    if (negative) p++;
    let value: u64 = 0;
    let digits: u32 = 0;
    let decimals: u32 = 0;
    let point = false;
    let simple = true;
    while (p < end) {
      const byte = load<u8>(p++);
      if (byte == 46 && !point) {
        point = true;
        continue;
      }
      const digit = <u32>byte - 48;
      if (digit > 9 || digits == 15) {
        simple = false;
        break;
      }
      value = value * 10 + digit;
      digits++;
      decimals += <u32>point;
    }
    if (!simple || digits == 0) {
      store<u32>(slow + (slowRows++ << 2), i);
      continue;
    }
    let power: f64 = 1;
    for (let k: u32 = 0; k < decimals; k++) power *= 10;
    const number = <f64>value / power;
    store<f64>(out + (<usize>i << 3), negative ? -number : number);
  }
  return slowRows;
}

/** true, false, t, f, 1, 0 in any case. */
export function parseBooleans(views: usize, validity: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    store<u8>(out + i, 0);
    if (!load<u8>(validity + i)) continue;
    const p = <usize>load<u32>(views + (i << 3));
    const length = load<u32>(views + (i << 3), 4);
    if (length == 1) {
      const byte = load<u8>(p) | 32;
      if (byte == 116 || load<u8>(p) == 49) store<u8>(out + i, 1);
      else if (byte != 102 && load<u8>(p) != 48) return i;
    } else if (length == 4 && (load<u32>(p) | 0x20202020) == 0x65757274) store<u8>(out + i, 1);
    else if (length != 5 || (load<u32>(p) | 0x20202020) != 0x736c6166 || (load<u8>(p, 4) | 32) != 101) return i;
  }
  return n;
}

let cursor: usize = 0; // where the last digits() ended

/** A number of `least` to `most` digits at p, or -1. */
function digits(p: usize, end: usize, least: u32, most: u32): i32 {
  let value: i32 = 0;
  let count: u32 = 0;
  while (p < end && count < most) {
    const digit = <u32>load<u8>(p) - 48;
    if (digit > 9) break;
    value = value * 10 + digit;
    p++;
    count++;
  }
  cursor = p;
  return count < least ? -1 : value;
}

/** Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, "chrono-compatible low-level date algorithms"). */
function daysOf(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

const noDate: i32 = i32.MIN_VALUE;

/** A date YYYY-M-D at p (cursor ends behind it), or noDate. */
function dateAt(p: usize, end: usize): i32 {
  const negative = p < end && load<u8>(p) == 45;
  const year = digits(negative ? p + 1 : p, end, 4, 6);
  if (year < 0 || cursor >= end || load<u8>(cursor) != 45) return noDate;
  const month = digits(cursor + 1, end, 1, 2);
  if (month < 1 || month > 12 || cursor >= end || load<u8>(cursor) != 45) return noDate;
  const day = digits(cursor + 1, end, 1, 2);
  if (day < 1 || day > 31) return noDate;
  const y = negative ? -year : year;
  const leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
  const length = month == 2 ? (leap ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  return day > length ? noDate : daysOf(y, month, day);
}

export function parseDates(views: usize, validity: usize, n: u32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    store<i32>(out + (<usize>i << 2), 0);
    if (!load<u8>(validity + i)) continue;
    const p = <usize>load<u32>(views + (i << 3));
    const end = p + load<u32>(views + (i << 3), 4);
    const days = dateAt(p, end);
    if (days == noDate || cursor != end) return i;
    store<i32>(out + (<usize>i << 2), days);
  }
  return n;
}

/** Dates with an optional time HH:MM[:SS[.ffffff]] behind a space or T, and an optional zone Z or ±HH[:MM] when `zoned`. */
export function parseTimestamps(views: usize, validity: usize, n: u32, zoned: i32, out: usize): u32 {
  for (let i: u32 = 0; i < n; i++) {
    store<i64>(out + (<usize>i << 3), 0);
    if (!load<u8>(validity + i)) continue;
    const p = <usize>load<u32>(views + (i << 3));
    const end = p + load<u32>(views + (i << 3), 4);
    const days = dateAt(p, end);
    if (days == noDate) return i;
    let micros: i64 = <i64>days * 86400000000;
    if (cursor < end) {
      const separator = load<u8>(cursor);
      if (separator != 32 && separator != 84) return i;
      const time = timeAt(cursor + 1, end);
      if (time < 0) return i;
      micros += time;
      if (cursor < end) {
        if (!zoned) return i;
        const offset = zoneAt(cursor, end);
        if (offset == i64.MIN_VALUE || cursor != end) return i;
        micros -= offset;
      }
    }
    store<i64>(out + (<usize>i << 3), micros);
  }
  return n;
}

function timeAt(p: usize, end: usize): i64 {
  const hour = digits(p, end, 1, 2);
  if (hour < 0 || hour > 23 || cursor >= end || load<u8>(cursor) != 58) return -1;
  const minute = digits(cursor + 1, end, 2, 2);
  if (minute < 0 || minute > 59) return -1;
  let seconds: i32 = 0;
  let fraction: i32 = 0;
  if (cursor < end && load<u8>(cursor) == 58) {
    seconds = digits(cursor + 1, end, 2, 2);
    if (seconds < 0 || seconds > 59) return -1;
    if (cursor < end && load<u8>(cursor) == 46) {
      const start = cursor + 1;
      fraction = digits(start, end, 1, 6);
      if (fraction < 0) return -1;
      for (let k = <u32>(cursor - start); k < 6; k++) fraction *= 10;
      // Digits beyond microseconds are cut.
      while (cursor < end && <u32>load<u8>(cursor) - 48 <= 9) cursor++;
    }
  }
  return (<i64>hour * 3600 + <i64>minute * 60 + <i64>seconds) * 1000000 + <i64>fraction;
}

function zoneAt(at: usize, end: usize): i64 {
  let p = at;
  if (load<u8>(p) == 32 && p + 1 < end) p++;
  const sign = load<u8>(p);
  if (sign == 90) {
    cursor = p + 1;
    return 0;
  }
  if (sign != 43 && sign != 45) return i64.MIN_VALUE;
  const hour = digits(p + 1, end, 2, 2);
  if (hour < 0) return i64.MIN_VALUE;
  let minute: i32 = 0;
  if (cursor < end) {
    minute = digits(load<u8>(cursor) == 58 ? cursor + 1 : cursor, end, 2, 2);
    if (minute < 0) return i64.MIN_VALUE;
  }
  const micros = (<i64>hour * 3600 + <i64>minute * 60) * 1000000;
  return sign == 45 ? -micros : micros;
}
