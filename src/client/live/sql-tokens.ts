/** One piece of SQL text. White space and comments are left out. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'literal' | 'symbol';
  /** As written; a word in upper case. */
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const BLANK = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const PIECES: readonly [SqlToken['kind'], RegExp][] = [
  ['literal', /[xX]?'(?:[^']|'')*'/y],
  ['name', /"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/y],
  ['word', /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ['literal', /\d[\w.]*/y],
  ['symbol', /./sy],
];

/** The tokens of SQL text that SQLite has accepted. */
export function tokenize(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let at = skipBlank(sql, 0); at < sql.length; ) {
    const token = nextToken(sql, at);
    tokens.push(token);
    at = skipBlank(sql, token.to);
  }
  return tokens;
}

/** The name that a word or a quoted name stands for. */
export function nameOf(token: SqlToken, sql: string): string {
  const text = sql.slice(token.from, token.to);
  if (token.kind === 'word') return text;
  const quote = text.charAt(text.length - 1);
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}

function skipBlank(sql: string, at: number): number {
  BLANK.lastIndex = at;
  return BLANK.test(sql) ? BLANK.lastIndex : at;
}

function nextToken(sql: string, from: number): SqlToken {
  for (const [kind, piece] of PIECES) {
    piece.lastIndex = from;
    const text = piece.exec(sql)?.[0];
    if (text === undefined) continue;
    return { kind, text: kind === 'word' ? text.toUpperCase() : text, from, to: from + text.length };
  }
  return { kind: 'symbol', text: sql.charAt(from), from, to: from + 1 };
}
