/** Quoted text and names, dollar quotes and comments, in which a `?` is no parameter; and then the `?` that is one. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|\?/g;

/** SQL of the `sql` template, which has `?` for its parameters, as Postgres numbers them. */
export function numberPlaceholders(sql: string): string {
  let count = 0;
  return sql.replace(TOKENS, (token) => {
    if (token !== '?') return token;
    count += 1;
    return `$${count}`;
  });
}
