import { SignJWT } from 'jose';
import { jwtAuth } from 'tidemark/server';
import { parseOptions } from './arguments.ts';
import { CliError, type CliIo } from './io.ts';

/** `tidemark token`: signs a token for development, as `jwtAuth({ secret })` takes it. Prints nothing but the token. */
export async function tokenCommand(args: readonly string[], io: CliIo): Promise<number> {
  const { secret, sub, expires, claim, issuer, audience } = parseOptions(args, {
    secret: { type: 'string' },
    sub: { type: 'string' },
    expires: { type: 'string', default: '1h' },
    claim: { type: 'string', multiple: true, default: [] },
    issuer: { type: 'string' },
    audience: { type: 'string' },
  });
  if (secret === undefined || !sub)
    throw new CliError('token needs --secret SECRET and --sub WHO, the subject.\nSee: tidemark help');
  // Refuses what the server would refuse.
  jwtAuth({ secret });
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...Object.fromEntries(claim.map(parseClaim)),
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(audience === undefined ? {} : { aud: audience }),
    sub,
    iat: now,
    exp: now + parseSeconds(expires),
  };
  io.print(
    await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new TextEncoder().encode(secret)),
  );
  return 0;
}

const SET_OTHERWISE: Readonly<Record<string, string>> = {
  sub: '--sub',
  exp: '--expires',
  iss: '--issuer',
  aud: '--audience',
  iat: 'nothing: it is the time of the call',
};

/** `name=value`; a value that is JSON is taken as such, anything else as text. */
function parseClaim(text: string): [string, unknown] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new CliError(`--claim must be name=value; received ${JSON.stringify(text)}.`);
  const instead = Object.hasOwn(SET_OTHERWISE, name) ? SET_OTHERWISE[name] : undefined;
  if (instead) throw new CliError(`--claim cannot set ${name}; use ${instead}.`);
  try {
    return [name, JSON.parse(value)];
  } catch {
    return [name, value];
  }
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Such as 30s, 15m, 1h, 7d. */
function parseSeconds(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS[unit ?? ''] ?? 0);
  if (seconds > 0) return seconds;
  throw new CliError(`--expires must be such as 30s, 15m, 1h or 7d; received ${JSON.stringify(text)}.`);
}
