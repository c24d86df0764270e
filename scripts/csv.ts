/** Reads CSV as RFC 4180 has it: quoted fields may hold commas, line breaks and doubled quotes. */

export interface Csv {
  columns: string[];
  /** A field that is empty and not quoted is null. */
  rows: (string | null)[][];
}

/** One field and what ended it. Inside quotes everything is kept as written, a lone `\r` too. */
const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;

/** @throws Error naming the line of a field that is not well-formed. */
export function parseCsv(text: string): Csv {
  const [header = [], ...rows] = readRecords(text.replace(/^\uFEFF/, ''));
  return { columns: header.map((name) => name ?? ''), rows };
}

function readRecords(text: string): (string | null)[][] {
  const records: (string | null)[][] = [];
  let record: (string | null)[] = [];
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < text.length || record.length > 0) {
    const start = FIELD.lastIndex;
    const match = FIELD.exec(text);
    if (!match)
      throw new Error(`Line ${lineAt(text, start)} of the CSV has a quote that does not belong or never ends.`);
    const [, quoted, bare, end] = match;
    record.push(quoted === undefined ? bare || null : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (record.length > 1 || record[0] !== null) records.push(record);
    record = [];
  }
  return records;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
