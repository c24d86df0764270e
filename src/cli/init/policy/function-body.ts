import type { Expression, Query } from './expression.ts';
import { parseExpression, parseQuery } from './parse.ts';

/** A function that a policy calls, as far as it is one question to the tables. */
export interface FunctionBody {
  readonly parameters: readonly string[];
  readonly query: Query;
  /** It runs with the rights of its owner: the policies of the tables it reads do not count. */
  readonly isDefiner: boolean;
}

/** Reads what `pg_get_functiondef` writes; null for a body that is more than one SELECT, or one RETURN. */
export function readFunction(text: string): FunctionBody | null {
  const query = readBody(text);
  return query && { parameters: parametersOf(text), query, isDefiner: /\sSECURITY DEFINER\b/.test(headOf(text)) };
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
  const returned = /^\s*BEGIN\s+RETURN\s+(QUERY\s+)?([\s\S]*?);\s*END\s*;?\s*$/i.exec(quoted);
  if (!returned?.[2] || returned[2].includes(';')) return null;
  return returned[1] === undefined ? asQuery(returned[2]) : parseQuery(returned[2]);
}

function asQuery(text: string): Query | null {
  const value: Expression = parseExpression(text);
  if (value.kind === 'unknown') return null;
  return value.kind === 'query'
    ? value.query
    : { columns: [value], from: [], where: { kind: 'boolean', value: true }, isLimited: false };
}

function parametersOf(text: string): string[] {
  const list = /FUNCTION [^(]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)/i.exec(text)?.[1] ?? '';
  if (list.trim() === '') return [];
  return list.split(',').map((one) => {
    const name = /^(?:(?:IN|VARIADIC) )?(?:"([^"]+)"|(\w+)) /i.exec(one.trim());
    return name?.[1] ?? name?.[2]?.toLowerCase() ?? '';
  });
}
