import type { HandshakeRequest } from '../../protocol/messages/handshake.ts';
import { commonProtocol, PROTOCOL_VERSION } from '../../protocol/version.ts';
import { SyncError } from '../../shared/error.ts';

/** The version of the package, as `/v1/version` tells it. A test holds it to package.json. */
export const PACKAGE_VERSION = '0.1.0';

/**
 * Whether client and server can talk: a version of the protocol that both speak, and an app schema that the server knows. An older
 * schema is welcome, since schemas grow by adding; a newer one would bring columns the server has no place for.
 *
 * @throws SyncError `version`, naming which side is to be updated.
 */
export function checkVersions(request: HandshakeRequest, schemaVersion: number): void {
  if (commonProtocol(request.protocol) === null) {
    const older = request.protocol < PROTOCOL_VERSION ? 'app' : 'server';
    throw versionError(
      `The app speaks version ${request.protocol} of the protocol, the server version ${PROTOCOL_VERSION}. Update the ${older}.`,
      { received: request.protocol, expected: PROTOCOL_VERSION },
    );
  }
  if (request.schemaVersion > schemaVersion) {
    throw versionError(
      `The app's schema has version ${request.schemaVersion}, the server's version ${schemaVersion}. Update the server first.`,
      { received: request.schemaVersion, expected: schemaVersion },
    );
  }
}

function versionError(message: string, details: { received: number; expected: number }): SyncError {
  return new SyncError('version', message, { details });
}
