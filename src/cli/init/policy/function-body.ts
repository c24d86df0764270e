import { both, type Expression, type Query } from './expression.ts';
import { parseExpression, parseQuery } from './parse.ts';

/** A function that a policy calls, as far as it is one question to the tables. */
export interface FunctionBody {
  /** Without its schema: its parameters may be named by it. */
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Where only one of its rows counts, for the function gives one value, it is limited. */
  readonly query: Query;
  /** It runs with the rights of its owner: the policies of the tables it reads do not count. */
  readonly isDefiner: boolean;
}

export interface Parameter {
  readonly name: string;
  /** What it stands for in a call without it. */
  readonly fallback: Expression | null;
}

/** Reads what `pg_get_functiondef` writes; null for a body that is more than one SELECT, or one RETURN. */
export function readFunction(text: string): FunctionBody | null {
  const query = readBody(text);
  if (!query) return null;
  const head = headOf(text);
  const isSet = /\sRETURNS (SETOF|TABLE)\b/.test(head);
  return {
    name: /FUNCTION (?:[^(]*\.)?"?([^("]+)"?\(/.exec(head)?.[1] ?? '',
    parameters: parametersOf(text),
    query: { ...query, isLimited: query.isLimited || (!isSet && query.from.length > 0) },
    isDefiner: /\sSECURITY DEFINER\b/.test(head),
  };
}

const HEAD = /\sAS (\$\w*\$)|\n(?:RETURN|BEGIN ATOMIC)\b/;

function headOf(text: string): string {
  return text.slice(0, HEAD.exec(text)?.index ?? text.length);
}

function readBody(text: string): Query | null {
  const quoted = /\sAS (\$\w*\$)([\s\S]*)\1/.exec(text)?.[2];
  if (quoted === undefined) {
    const returned = /\nRETURN ([\s\S]*)$/.exec(text)?.[1];
    const atomic = /\nBEGIN ATOMIC\s([\s\S]*)\bEND\s*$/.exec(text)?.[1];
    return returned === undefined ? parseQuery(atomic ?? '') : asQuery(returned);
  }
  if (/\sLANGUAGE sql\b/i.test(headOf(text))) return parseQuery(quoted);
  return readBlock(quoted);
}

/** A function in plpgsql that leaves at once where a parameter is null, and then returns what one SELECT gives. */
function readBlock(text: string): Query | null {
  const block = /^\s*(?:DECLARE\s+(\w+)\s+[\w.%]+\s*;\s*)?BEGIN\s+([\s\S]*?)\s*END\s*;?\s*$/i.exec(
    text.replaceAll(/--.*$/gm, ''),
  );
  if (!block?.[2]) return null;
  const [, variable] = block;
  const { guards, rest } = withoutGuards(block[2]);
  const query = variable === undefined ? readReturn(rest) : readVariable(rest, variable);
  return query && { ...query, where: both(...guards, query.where) };
}

const GUARD = /^\s*IF\s+(\w+)\s+IS\s+NULL\s+THEN\s+RETURN\s+(?:NULL|FALSE)\s*;\s*END\s+IF\s*;/i;

function withoutGuards(text: string): { guards: Expression[]; rest: string } {
  const guard = GUARD.exec(text);
  if (!guard?.[1]) return { guards: [], rest: text };
  const { guards, rest } = withoutGuards(text.slice(guard[0].length));
  const column: Expression = { kind: 'column', path: [guard[1].toLowerCase()] };
  return { guards: [{ kind: 'is', of: column, what: 'NOT NULL' }, ...guards], rest };
}

function readReturn(text: string): Query | null {
  const returned = /^\s*RETURN\s+(QUERY\s+)?([\s\S]*?);\s*$/i.exec(text);
  if (!returned?.[2] || returned[2].includes(';')) return null;
  return returned[1] === undefined ? asQuery(returned[2]) : parseQuery(returned[2]);
}

/** `SELECT … INTO v FROM …; RETURN v;` */
function readVariable(text: string, variable: string): Query | null {
  const found = /^\s*(SELECT\s[^;]*?)\sINTO\s+(\w+)\s([^;]*);\s*RETURN\s+(\w+)\s*;\s*$/i.exec(text);
  const isOurs = [found?.[2], found?.[4]].every((name) => name?.toLowerCase() === variable.toLowerCase());
  return found && isOurs ? parseQuery(`${found[1]} ${found[3]}`) : null;
}

function asQuery(text: string): Query | null {
  const value: Expression = parseExpression(text);
  if (value.kind === 'unknown') return null;
  return value.kind === 'query'
    ? value.query
    : { columns: [value], from: [], where: { kind: 'boolean', value: true }, isLimited: false };
}

function parametersOf(text: string): Parameter[] {
  const list = /FUNCTION [^(]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)/i.exec(text)?.[1] ?? '';
  if (list.trim() === '') return [];
  // Not at a comma within parentheses, brackets or quotes: those of a default.
  const parts = list.match(/(?:[^,()'[\]]|\([^()]*\)|\[[^[\]]*\]|'[^']*')+/g) ?? [];
  return parts.map((one) => {
    const [head = '', fallback] = one.trim().split(/\sDEFAULT\s/);
    const name = /^(?:(?:IN|VARIADIC) )?(?:"([^"]+)"|(\w+)) /i.exec(head.trim());
    return {
      name: name?.[1] ?? name?.[2]?.toLowerCase() ?? '',
      fallback: fallback === undefined ? null : parseExpression(fallback),
    };
  });
}
