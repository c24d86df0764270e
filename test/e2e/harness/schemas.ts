import { defineSchema, t, table } from 'tidemark/core';

/** The columns of the GitHub issues sample, named and typed as they stand in its CSV files. */
export const githubSchema = defineSchema({
  version: 1,
  tables: {
    user: table({ id: t.text(), login: t.text(), role: t.text() }),
    label: table({ id: t.text(), name: t.text(), projectID: t.text() }),
    issue: table({
      id: t.text(),
      title: t.text(),
      open: t.boolean(),
      modified: t.real(),
      created: t.real(),
      creatorID: t.text(),
      assigneeID: t.text().nullable(),
      description: t.text().nullable(),
      visibility: t.text(),
      projectID: t.text(),
    }),
    comment: table(
      { id: t.text(), issueID: t.text(), created: t.real(), body: t.text(), creatorID: t.text() },
      { scope: { via: 'issueID', table: 'issue' } },
    ),
    issue_label: table(
      { labelID: t.text(), issueID: t.text(), projectID: t.text() },
      { primaryKey: ['labelID', 'issueID'], scope: { via: 'issueID', table: 'issue' } },
    ),
  },
});

const id = () => t.integer();

/** The Chinook sample database (a music shop), table by table. */
export const chinookSchema = defineSchema({
  version: 1,
  tables: {
    Artist: table({ ArtistId: id(), Name: t.text().nullable() }, { primaryKey: ['ArtistId'] }),
    Album: table({ AlbumId: id(), Title: t.text(), ArtistId: id() }, { primaryKey: ['AlbumId'] }),
    Genre: table({ GenreId: id(), Name: t.text().nullable() }, { primaryKey: ['GenreId'] }),
    MediaType: table({ MediaTypeId: id(), Name: t.text().nullable() }, { primaryKey: ['MediaTypeId'] }),
    Playlist: table({ PlaylistId: id(), Name: t.text().nullable() }, { primaryKey: ['PlaylistId'] }),
    Employee: table(
      {
        EmployeeId: id(),
        LastName: t.text(),
        FirstName: t.text(),
        Title: t.text().nullable(),
        ReportsTo: t.integer().nullable(),
        BirthDate: t.timestamp().nullable(),
        HireDate: t.timestamp().nullable(),
        Address: t.text().nullable(),
        City: t.text().nullable(),
        State: t.text().nullable(),
        Country: t.text().nullable(),
        PostalCode: t.text().nullable(),
        Phone: t.text().nullable(),
        Fax: t.text().nullable(),
        Email: t.text().nullable(),
      },
      { primaryKey: ['EmployeeId'] },
    ),
    Customer: table(
      {
        CustomerId: id(),
        FirstName: t.text(),
        LastName: t.text(),
        Company: t.text().nullable(),
        Address: t.text().nullable(),
        City: t.text().nullable(),
        State: t.text().nullable(),
        Country: t.text().nullable(),
        PostalCode: t.text().nullable(),
        Phone: t.text().nullable(),
        Fax: t.text().nullable(),
        Email: t.text(),
        SupportRepId: t.integer().nullable(),
      },
      { primaryKey: ['CustomerId'] },
    ),
    Invoice: table(
      {
        InvoiceId: id(),
        CustomerId: id(),
        InvoiceDate: t.timestamp(),
        BillingAddress: t.text().nullable(),
        BillingCity: t.text().nullable(),
        BillingState: t.text().nullable(),
        BillingCountry: t.text().nullable(),
        BillingPostalCode: t.text().nullable(),
        Total: t.decimal(),
      },
      { primaryKey: ['InvoiceId'] },
    ),
    InvoiceLine: table(
      { InvoiceLineId: id(), InvoiceId: id(), TrackId: id(), UnitPrice: t.decimal(), Quantity: t.integer() },
      { primaryKey: ['InvoiceLineId'] },
    ),
    Track: table(
      {
        TrackId: id(),
        Name: t.text(),
        AlbumId: t.integer().nullable(),
        MediaTypeId: id(),
        GenreId: t.integer().nullable(),
        Composer: t.text().nullable(),
        Milliseconds: t.integer(),
        Bytes: t.integer().nullable(),
        UnitPrice: t.decimal(),
      },
      { primaryKey: ['TrackId'] },
    ),
    PlaylistTrack: table({ PlaylistId: id(), TrackId: id() }, { primaryKey: ['PlaylistId', 'TrackId'] }),
  },
});

/** A small schema for the scenarios: counters, policies, a composite key. */
export const taskSchema = defineSchema({
  version: 1,
  tables: {
    task: table({
      id: t.text(),
      title: t.text(),
      note: t.text().nullable(),
      votes: t.counter(),
      rank: t.integer().default(0),
    }),
    careful: table({ id: t.text(), title: t.text(), note: t.text().nullable() }, { conflict: 'manual' }),
    tag: table({ task_id: t.text(), name: t.text(), weight: t.real() }, { primaryKey: ['task_id', 'name'] }),
  },
});

/** A column for each type of Postgres that has one here; `total` and `serial` are the database's own. */
export const typesSchema = defineSchema({
  version: 1,
  tables: {
    sample: table({
      id: t.uuid(),
      instant: t.timestamp().nullable(),
      local_time: t.timestamp().nullable(),
      day: t.date().nullable(),
      amount: t.decimal().nullable(),
      price: t.decimal().nullable(),
      doc: t.json().nullable(),
      raw: t.json().nullable(),
      tags: t.json<(string | null)[]>().nullable(),
      numbers: t.json<(number | null)[]>().nullable(),
      bytes: t.blob().nullable(),
      mood: t.text().nullable(),
      small: t.integer().nullable(),
      big: t.bigint().nullable(),
      whole: t.integer().nullable(),
      single: t.real().nullable(),
      double: t.real().nullable(),
      flag: t.boolean().nullable(),
      name: t.text().nullable(),
      votes: t.counter(),
      total: t.integer().nullable(),
      serial: t.bigint().nullable(),
    }),
  },
});

export const schemas = { github: githubSchema, chinook: chinookSchema, task: taskSchema, types: typesSchema } as const;

export type SchemaName = keyof typeof schemas;
