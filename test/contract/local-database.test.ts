import { openMemoryDatabase } from '../../src/storage/sqlite-wasm/memory.ts';
import { runLocalDatabaseContract } from './local-database-suite.ts';

runLocalDatabaseContract('SQLite in memory', openMemoryDatabase);
