import { describe, test } from 'vitest';
import { localDatabaseContract, type MakeDatabase, runCase } from './local-database.ts';

/** Runs the contract in this thread. */
export function runLocalDatabaseContract(name: string, make: MakeDatabase): void {
  describeCases(name, (caseName) => runCase(caseName, make));
}

/** Runs the contract by whoever can: `run` executes the case of this name and rejects when it fails. */
export function describeCases(name: string, run: (caseName: string) => Promise<void>): void {
  describe(`${name} as LocalDatabase`, () => {
    for (const caseName of Object.keys(localDatabaseContract)) test(caseName, () => run(caseName));
  });
}
