import { quoteName } from '../../../core/sql.ts';
import { type BoundColumn, type BoundTable, ownName, readAs } from '../bound-table.ts';

/** Triggers fire in the order of their names, and ours has to see a row before a trigger of the user changes it again. */
export const CAPTURE_TRIGGER_NAME = '!tidemark_capture';
const CAPTURE_TRIGGER = quoteName(CAPTURE_TRIGGER_NAME);
const TRUNCATE_TRIGGER = quoteName('!tidemark_truncate');

/**
 * Not for what a push writes: that is numbered with the push. But for what the user's triggers and cascades make of it:
 * those run at a depth of 1 or more.
 */
const BY_OTHERS = `pg_trigger_depth() > 0 OR current_setting('tidemark.origin', true) IS DISTINCT FROM 'push'`;

export interface CaptureOptions {
  /** Whether a captured change wakes the servers at once. Notifying transactions commit one after the other. */
  readonly wakesServers: boolean;
}

/** The function and triggers that note what other programs do to a table, inside their own transactions. Safe to run twice. */
export function captureSql(of: BoundTable, options: CaptureOptions): string {
  const capture = functionName(of.table.name);
  return `${functionSql(of, options)}
CREATE OR REPLACE TRIGGER ${CAPTURE_TRIGGER} AFTER INSERT OR UPDATE OR DELETE ON ${of.sql}
  FOR EACH ROW WHEN (${BY_OTHERS}) EXECUTE FUNCTION ${capture}();
CREATE OR REPLACE TRIGGER ${TRUNCATE_TRIGGER} AFTER TRUNCATE ON ${of.sql}
  FOR EACH STATEMENT EXECUTE FUNCTION ${capture}();
ALTER TABLE ${of.sql} ENABLE ALWAYS TRIGGER ${CAPTURE_TRIGGER};
ALTER TABLE ${of.sql} ENABLE ALWAYS TRIGGER ${TRUNCATE_TRIGGER};`;
}

/** Takes triggers and function of a table away. */
export function removeCaptureSql(pgSchema: string, name: string): string {
  const sql = `${quoteName(pgSchema)}.${quoteName(name)}`;
  return `DO $$ BEGIN IF to_regclass(${literal(sql)}) IS NOT NULL THEN
  DROP TRIGGER IF EXISTS ${CAPTURE_TRIGGER} ON ${sql};
  DROP TRIGGER IF EXISTS ${TRUNCATE_TRIGGER} ON ${sql};
END IF; END $$;
DROP FUNCTION IF EXISTS ${functionName(name)}();`;
}

function functionName(name: string): string {
  return `tidemark.${quoteName(ownName('capture', name))}`;
}

/**
 * The function takes each column as the text it travels as, so that nothing depends on the settings of the session that
 * writes, and runs with the rights of its owner: the writer need not know that we are here.
 *
 * Nor may they ever fail because of us: of a table that has been altered under the function, the row is noted by its key
 * alone (`S`, or without a key if that cannot be read either), and read by whoever numbers it.
 */
function functionSql(of: BoundTable, { wakesServers }: CaptureOptions): string {
  const name = literal(of.table.name);
  const texts = (columns: readonly BoundColumn[], row: 'NEW' | 'OLD') =>
    `ARRAY[${columns.map((column) => asTextSql(column, row)).join(', ')}]::text[]`;
  const keyOf = (row: 'NEW' | 'OLD') => `array_to_json(${texts(of.key, row)})::text`;
  const wake = wakesServers ? `PERFORM pg_notify('tidemark', 'captured');` : '';
  return `CREATE OR REPLACE FUNCTION ${functionName(of.table.name)}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  names CONSTANT text[] := ARRAY[${of.values.map(({ name: column }) => literal(column)).join(', ')}]::text[];
  new_key text; new_cells text[];
  old_key text; old_cells text[];
  changed text[];
  is_read boolean := true;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO tidemark.captured (tbl, op) VALUES (${name}, 'T');
    ${wake}
    RETURN NULL;
  END IF;
  BEGIN
    IF TG_OP <> 'DELETE' THEN new_key := ${keyOf('NEW')}; END IF;
    IF TG_OP <> 'INSERT' THEN old_key := ${keyOf('OLD')}; END IF;
    IF TG_OP <> 'DELETE' THEN new_cells := ${texts(of.values, 'NEW')}; END IF;
    IF TG_OP <> 'INSERT' THEN old_cells := ${texts(of.values, 'OLD')}; END IF;
  EXCEPTION WHEN OTHERS THEN
    is_read := false;
  END;
  IF NOT is_read THEN
    IF (TG_OP <> 'DELETE' AND new_key IS NULL) OR (TG_OP <> 'INSERT' AND old_key IS NULL) THEN
      INSERT INTO tidemark.captured (tbl, op) VALUES (${name}, 'S');
    ELSE
      INSERT INTO tidemark.captured (tbl, op, key)
      SELECT DISTINCT ${name}, 'S', k FROM unnest(ARRAY[old_key, new_key]) k WHERE k IS NOT NULL;
    END IF;
  ELSIF new_key = old_key THEN
    changed := ARRAY(SELECT names[i] FROM generate_subscripts(names, 1) i WHERE new_cells[i] IS DISTINCT FROM old_cells[i]);
    IF cardinality(changed) = 0 THEN RETURN NULL; END IF;
    INSERT INTO tidemark.captured (tbl, op, key, row, changed)
    VALUES (${name}, 'U', new_key, json_object(names, new_cells)::text, changed);
  ELSE
    IF old_key IS NOT NULL THEN
      INSERT INTO tidemark.captured (tbl, op, key, row) VALUES (${name}, 'D', old_key, json_object(names, old_cells)::text);
    END IF;
    IF new_key IS NOT NULL THEN
      INSERT INTO tidemark.captured (tbl, op, key, row) VALUES (${name}, 'I', new_key, json_object(names, new_cells)::text);
    END IF;
  END IF;
  ${wake}
  RETURN NULL;
END $$;`;
}

/** Texts are compared by their bytes: a collation may call two of them equal. */
function asTextSql(column: BoundColumn, row: string): string {
  return `(${readAs(column, row)}) COLLATE pg_catalog."C"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
