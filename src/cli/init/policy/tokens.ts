/** One word, name, string, number or sign of SQL. `text` of a name is without its quotes, of a word in lower case. */
export interface Token {
  readonly kind: 'name' | 'quoted' | 'string' | 'number' | 'sign' | 'end';
  readonly text: string;
}

const PATTERN =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|([A-Za-z_]\w*)|"((?:[^"]|"")*)"|((?:[Ee])?'(?:[^']|'')*')|(\$\d+|\d+(?:\.\d+)?)|(::|<=|>=|<>|!=|->>|->|#>>|#>|@>|<@|\|\||&&|~~\*?|!~~\*?|~\*?|!~\*?|[-+*/%<>=(),.[\];:?^|&#@!])/y;

/** The tokens of a text; null where something stands in it that is none. */
export function tokens(text: string): Token[] | null {
  const found: Token[] = [];
  const pattern = new RegExp(PATTERN);
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) return null;
    const [, name, quoted, string, number, sign] = match;
    if (name !== undefined) found.push({ kind: 'name', text: name.toLowerCase() });
    else if (quoted !== undefined) found.push({ kind: 'quoted', text: quoted.replaceAll('""', '"') });
    else if (string !== undefined) found.push({ kind: 'string', text: string });
    else if (number !== undefined) found.push({ kind: 'number', text: number });
    else if (sign !== undefined) found.push({ kind: 'sign', text: sign });
  }
  return found;
}
