export const HELP = `tidemark: local-first sync over SQLite

  tidemark serve --schema FILE [options]   run a sync server
  tidemark inspect [options]               look into a running server, or a database file
  tidemark token [options]                 sign a token for development
  tidemark help                            this text

tidemark serve
  --schema FILE    module that exports \`schema\` (TypeScript or JavaScript); required
  --file FILE      SQLite file for the data           (default: ./tidemark.db)
  --port N         port to listen at; 0 for any       (default: 8787)
  --host ADDRESS   address to listen at               (default: 127.0.0.1, this machine alone)
  --base PATH      path the API lies under            (default: any)
  --cors ORIGIN    other origin whose pages may call; may be given several times
  --hooks FILE     module that exports any of \`auth\`, \`access\`, \`validate\`
  --log LEVEL      silent, error, warn or info: JSON lines on standard error   (default: warn)

tidemark inspect
  --url URL        server to ask                      (default: http://127.0.0.1:8787)
  --token TOKEN    sent to it, where it wants one
  --file FILE      look into this SQLite file instead; the server may be running or not

tidemark token
  --secret SECRET  what jwtAuth has as \`secret\`: 32 bytes at least; required
  --sub WHO        the subject, the \`id\` of the identity; required
  --expires TIME   how long it holds: 30s, 15m, 1h, 7d       (default: 1h)
  --claim NAME=VALUE  another claim; JSON, or text; may be given several times
  --issuer TEXT    the claim iss
  --audience TEXT  the claim aud
`;
