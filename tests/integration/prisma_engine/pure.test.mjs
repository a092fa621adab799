// What can be said without a database: URLs, schemas and the tagging of Json arguments.
import assert from 'node:assert/strict';
import { cpus } from 'node:os';
import { test } from 'node:test';

import { engineModule } from './support/engine.mjs';

const { parseDatabaseUrl } = await engineModule('database-url.mjs');
const { createPool } = await engineModule('pool.mjs');
const { datasourceUrl, engineDatamodel, readModels } = await engineModule('schema.mjs');
const { translateQuery } = await engineModule('query.mjs');

test('a URL without parameters has the limits of Prisma', () => {
  const database = parseDatabaseUrl('postgresql://me:p%40ss@db.example/app');
  assert.equal(database.connectionLimit, cpus().length * 2 + 1);
  assert.equal(database.poolTimeoutMs, 10000);
  assert.equal(database.schema, 'public');
  assert.equal(database.address, 'db.example:5432');
  assert.equal(database.client.password, 'p@ss');
  assert.equal(database.client.connectionTimeoutMillis, 5000);
});

test('parameters of a URL are taken, and others ignored', () => {
  const database = parseDatabaseUrl(
    'postgres://me@localhost/app?host=/run/pg&connection_limit=7&pool_timeout=0&schema=a"b c&pgbouncer=true',
  );
  assert.equal(database.client.host, '/run/pg');
  assert.equal(database.connectionLimit, 7);
  assert.equal(database.poolTimeoutMs, 0);
  assert.equal(database.client.options, '-c search_path="a""b\\ c"');
});

test('a connection of the pool is opened with everything that the URL says', () => {
  const pool = createPool(parseDatabaseUrl('postgresql://me:p%40ss@db.example:6432/app?application_name=a'));
  const { user, password, host, port, database, connectionParameters } = new pool.Client(pool.options);
  assert.deepEqual(
    { user, password, host, port, database },
    {
      user: 'me',
      password: 'p@ss',
      host: 'db.example',
      port: 6432,
      database: 'app',
    },
  );
  assert.equal(connectionParameters.application_name, 'a');
  assert.equal(connectionParameters.options, '-c search_path="public"');
});

test('a wrong URL says what is wrong, and never the password', () => {
  for (const [url, message] of [
    ['not a url', /cannot be parsed/],
    ['mysql://me:secret@h/db', /must start with postgresql:/],
    ['postgresql://me:secret@h/db?connection_limit=many', /connection_limit .* whole number, got many/],
  ]) {
    assert.throws(
      () => parseDatabaseUrl(url),
      (error) => message.test(error.message) && !error.message.includes('secret'),
    );
  }
});

const DATAMODEL = `
datasource db {
  provider = "postgresql"
  url      = env("MY_URL") // where it is
}
generator client {
  provider        = "prisma-client-py"
  previewFeatures = ["fullTextSearch"]
}
/// A comment with a brace {
model Note {
  id   Int    @id
  url  String @default("http://x/{y}")
  // hidden Json
  body Json?  @map("b")
  log  Json[]
  owner   Owner @relation(fields: [ownerId], references: [id])
  ownerId Int
}
model Owner {
  id    Int    @id
  set   Json
  data  Json?
  notes Note[]
}
`;

test('a schema is read for Json fields and relations', () => {
  const { json, relations, scalars } = readModels(DATAMODEL).get('Note');
  assert.deepEqual([...json], ['body', 'log']);
  assert.deepEqual([...relations.keys()], ['owner']);
  assert.deepEqual([...scalars], ['id', 'url', 'body', 'log', 'ownerId']);
});

test('the URL of a schema is a variable or a text', () => {
  assert.equal(datasourceUrl(DATAMODEL, { MY_URL: 'from env' }), 'from env');
  assert.equal(datasourceUrl('datasource db {\n  url = "literal"\n}\n', {}), 'literal');
  assert.equal(datasourceUrl(DATAMODEL, {}), undefined);
});

test('the datamodel for the engine has one generator, with the features of the others', () => {
  const text = engineDatamodel(DATAMODEL);
  assert.equal(text.match(/^generator /gm).length, 1);
  assert.match(text, /provider = "prisma-client-js"\n {2}previewFeatures = \["fullTextSearch", "driverAdapters"\]/);
  assert.match(text, /^model Note/m);
});

const json = (value) => ({ $type: 'Json', value });
const translated = (query) => translateQuery({ query }, readModels(DATAMODEL)).request;
const argumentsOf = (query) => translated(query).query.arguments;

test('only Json values are tagged, wherever they stand', () => {
  const cases = [
    [
      'findManyNote(where: {body: {equals: "1", path: ["p"], string_contains: "s"}, url: "u"}) { id }',
      { where: { body: { equals: json('1'), path: ['p'], string_contains: 's' }, url: 'u' } },
    ],
    [
      'findManyNote(where: {OR: [{log: {hasSome: ["1"], isEmpty: true}}, {owner: {is: {set: "2"}}}]}) { id }',
      {
        where: {
          OR: [{ log: { hasSome: [json('1')], isEmpty: true } }, { owner: { is: { set: json('2') } } }],
        },
      },
    ],
    [
      'findManyOwner(where: {set: "1", notes: {some: {body: {not: "2"}}}}) { id }',
      { where: { set: json('1'), notes: { some: { body: { not: json('2') } } } } },
    ],
    [
      'createOneNote(data: {id: 1, url: "u", body: "1", log: {set: ["2"]}, owner: {create: {id: 1, set: "3"}}}) { id }',
      {
        data: {
          id: 1,
          url: 'u',
          body: json('1'),
          log: { set: [json('2')] },
          owner: { create: { id: 1, set: json('3') } },
        },
      },
    ],
    [
      'createOneNote(data: {log: ["1", "2"], body: null}) { id }',
      { data: { log: [json('1'), json('2')], body: null } },
    ],
    ['findManyNote(cursor: {body: "1"}, take: 2) { id }', { cursor: { body: json('1') }, take: 2 }],
    ['createOneNote(data: {body: JsonNull}) { id }', { data: { body: { $type: 'Enum', value: 'JsonNull' } } }],
    [
      'updateOneNote(where: {id: 1}, data: {log: {push: "1"}, owner: {upsert: {create: {set: "2"}, update: {set: "3"}}}}) { id }',
      {
        where: { id: 1 },
        data: {
          log: { push: json('1') },
          owner: { upsert: { create: { set: json('2') }, update: { set: json('3') } } },
        },
      },
    ],
    [
      'updateOneOwner(where: {id: 1}, data: {notes: {set: [{id: 1}], createMany: {data: [{body: "1"}]}}}) { id }',
      {
        where: { id: 1 },
        data: { notes: { set: [{ id: 1 }], createMany: { data: [{ body: json('1') }] } } },
      },
    ],
    [
      'updateOneNote(where: {id: 1}, data: {owner: {update: {data: "1"}}}) { id }',
      { where: { id: 1 }, data: { owner: { update: { data: json('1') } } } },
    ],
    [
      'updateOneNote(where: {id: 1}, data: {owner: {update: {where: {set: "1"}, data: {data: "2"}}}}) { id }',
      {
        where: { id: 1 },
        data: { owner: { update: { where: { set: json('1') }, data: { data: json('2') } } } },
      },
    ],
    ['createManyNote(data: [{body: "1", url: "u"}]) { count }', { data: [{ body: json('1'), url: 'u' }] }],
    [
      'upsertOneNote(where: {id: 1}, create: {body: "1"}, update: {log: {set: ["2"]}}) { id }',
      { where: { id: 1 }, create: { body: json('1') }, update: { log: { set: [json('2')] } } },
    ],
  ];
  for (const [query, expected] of cases) assert.deepEqual(argumentsOf(`query { result: ${query} }`), expected, query);
});

test('operations are split from the names of models', () => {
  const of = (name) => {
    const { action, modelName } = translated(`query { result: ${name} { id } }`);
    return [action, modelName];
  };
  assert.deepEqual(of('findUniqueNoteOrThrow'), ['findUniqueOrThrow', 'Note']);
  assert.deepEqual(of('createManyAndReturnOwner'), ['createManyAndReturn', 'Owner']);
  assert.deepEqual(of('groupByNote'), ['groupBy', 'Note']);
});

test('one operation of a document is picked by its name', () => {
  const query = 'query A { result: findManyNote { id } } query B { result: findManyOwner { id } }';
  const { request } = translateQuery({ query, operationName: 'B' }, readModels(DATAMODEL));
  assert.equal(request.modelName, 'Owner');
  assert.throws(() => translateQuery({ query, operationName: 'C' }, readModels(DATAMODEL)), /'C' does not match/);
});
