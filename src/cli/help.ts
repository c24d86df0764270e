export const HELP = `tidemark: local-first sync over SQLite

  tidemark serve --schema FILE [options]   run a sync server
  tidemark init postgres --url URL         fit tidemark to the tables of a Postgres database
  tidemark remove postgres --url URL       take away what init put there
  tidemark inspect [options]               look into a running server, or a database file
  tidemark restored --schema FILE          tell a SQLite file that it was put back from a copy
  tidemark token [options]                 sign a token for development
  tidemark help                            this text

tidemark serve
  --schema FILE    module that exports \`schema\` (TypeScript or JavaScript); required
  --file FILE      SQLite file for the data           (default: ./tidemark.db)
  --database-url URL       Postgres instead of a file, as postgres://user:password@host/name
  --database-schema NAME   where your tables are                            (default: public)
  --row-level-security on  writes run as the user, under the policies of your tables
  --port N         port to listen at; 0 for any       (default: 8787)
  --host ADDRESS   address to listen at               (default: 127.0.0.1, this machine alone)
  --base PATH      path the API lies under            (default: any)
  --cors ORIGIN    other origin whose pages may call; may be given several times
  --hooks FILE     module that exports any of \`auth\`, \`access\`, \`validate\`
  --jwt-jwks URL   callers sign in with tokens of these keys; with --jwt-issuer and --jwt-audience
  --rate-limit off take as many calls as come         (default: on, 1,000 in 10 s from one user)
  --rate-limit-store postgres   nodes over one database count calls together       (default: memory)
  --proxies LIST   your proxies, as addresses or networks: only their x-forwarded-for is believed
  --proxy-count N  or how many stand in a row, if nobody can reach the server past them (default: 0)
  --drain-ms N     how long running calls may take once it is told to stop  (default: 5000)
  --log LEVEL      silent, error, warn or info: JSON lines on standard error   (default: warn)

  Each has a variable: --database-url is TIDEMARK_DATABASE_URL, and so on. TIDEMARK_JWT_SECRET (a secret instead of
  --jwt-jwks) and TIDEMARK_MONITOR_TOKEN (opens /metrics and /v1/stats) have no flags. NAME_FILE names a file with the value. What is misspelt or contradicts itself stops the start.

tidemark init postgres
  --url URL        the database, as postgres://user:password@host/name; its role has to own the tables; required
  --schema NAME    where the tables are               (default: public)
  --tables A,B     only these tables                  (default: all)
  --out FILE       the schema file to write           (default: ./tidemark.schema.ts)
  --access FILE    the file for the rules of access   (default: ./tidemark.access.ts)
  --from FILE      install for this schema file, instead of proposing one
  --dry-run        print the files and the SQL; write nothing anywhere
  --force          write over files that are there

tidemark remove postgres
  --url URL        the database; required
  --schema NAME    where the tables are               (default: public)
  --dry-run        print the SQL; remove nothing

tidemark inspect
  --url URL        server to ask                      (default: http://127.0.0.1:8787)
  --token TOKEN    sent to it, where it wants one
  --file FILE      look into this SQLite file instead; the server may be running or not

tidemark restored
  --schema FILE    as for serve; required
  --file FILE      the SQLite file; no server may be running over it  (default: ./tidemark.db)

tidemark token
  --secret SECRET  what jwtAuth has as \`secret\`: 32 bytes at least; required
  --sub WHO        the subject, the \`id\` of the identity; required
  --expires TIME   how long it holds: 30s, 15m, 1h, 7d       (default: 1h)
  --claim NAME=VALUE  another claim; JSON, or text; may be given several times
  --issuer TEXT    the claim iss
  --audience TEXT  the claim aud
`;
