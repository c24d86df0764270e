import { defineSchema, type InferRow, t, table } from 'tidemark/core';

/** The issue tracker's data. The app and its sync server share this file. */
export const schema = defineSchema({
  version: 1,
  tables: {
    user: table({ id: t.text(), login: t.text(), role: t.text().default('user') }),
    project: table({ id: t.text(), name: t.text() }, { scope: { kind: 'project', by: 'id' } }),
    label: table(
      { id: t.text(), project_id: t.text(), name: t.text() },
      { scope: { kind: 'project', by: 'project_id' } },
    ),
    issue: table(
      {
        id: t.text(),
        project_id: t.text(),
        // Two people who retitle the same issue should talk: a person decides.
        title: t.text().conflict('manual'),
        body: t.text().default(''),
        status: t.text().default('open'),
        priority: t.integer().default(2),
        votes: t.counter(),
        creator_id: t.text().nullable(),
        assignee_id: t.text().nullable(),
        created_at: t.timestamp(),
        updated_at: t.timestamp(),
      },
      {
        scope: { kind: 'project', by: 'project_id' },
        indexes: [
          ['project_id', 'status', 'updated_at'],
          ['status', 'updated_at'],
        ],
      },
    ),
    comment: table(
      {
        id: t.text(),
        issue_id: t.text(),
        author_id: t.text().nullable(),
        body: t.text(),
        created_at: t.timestamp(),
      },
      { scope: { via: 'issue_id', table: 'issue' }, indexes: [['issue_id', 'created_at']] },
    ),
    issue_label: table(
      { issue_id: t.text(), label_id: t.text() },
      { primaryKey: ['issue_id', 'label_id'], scope: { via: 'issue_id', table: 'issue' }, indexes: [['label_id']] },
    ),
  },
});

export type Schema = typeof schema;
export type User = InferRow<Schema, 'user'>;
export type Project = InferRow<Schema, 'project'>;
export type Label = InferRow<Schema, 'label'>;
export type Issue = InferRow<Schema, 'issue'>;
export type Comment = InferRow<Schema, 'comment'>;
export type TableName = keyof Schema['tables'];

/** Full-text search: tables and triggers that live on the device alone, kept current by SQLite itself. */
export const searchSchema = [
  `CREATE VIRTUAL TABLE IF NOT EXISTS issue_search USING fts5(title, body, content='issue', content_rowid='rowid')`,
  `CREATE TRIGGER IF NOT EXISTS issue_search_insert AFTER INSERT ON issue BEGIN
     INSERT INTO issue_search (rowid, title, body) VALUES (new.rowid, new.title, new.body);
   END`,
  `CREATE TRIGGER IF NOT EXISTS issue_search_update AFTER UPDATE OF title, body ON issue BEGIN
     INSERT INTO issue_search (issue_search, rowid, title, body) VALUES ('delete', old.rowid, old.title, old.body);
     INSERT INTO issue_search (rowid, title, body) VALUES (new.rowid, new.title, new.body);
   END`,
  `CREATE TRIGGER IF NOT EXISTS issue_search_delete AFTER DELETE ON issue BEGIN
     INSERT INTO issue_search (issue_search, rowid, title, body) VALUES ('delete', old.rowid, old.title, old.body);
   END`,
];
