// One query, one statement: the engine adds nothing of its own to what Postgres sees.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createDatabase, raw, startEngine } from './support/engine.mjs';

let database, engine;
before(async () => {
  database = await createDatabase();
  await database.sql('CREATE EXTENSION pg_stat_statements');
  engine = await startEngine(database.url, { connection_limit: 2 });
});
after(async () => {
  await engine.stop();
  await database.drop();
});

/** The statements that `times` runs of the query cause, with how often each was called per run. */
async function statements(query, times = 5) {
  await engine.result(query(-1));
  await database.sql(
    'SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)',
  );
  for (let n = 0; n < times; n += 1) await engine.result(query(n));
  const rows = await database.sql(`SELECT query, calls FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%pg_stat_statements%'`);
  return rows.map(({ query: text, calls }) => [text.split(' ')[0], Number(calls) / times]).sort();
}

test('a find is one SELECT', async () => {
  assert.deepEqual(await statements(() => 'query { result: findManyUser { id email meta } }'), [['SELECT', 1]]);
});

test('a find over a relation is one SELECT per level', async () => {
  await database.sql(`INSERT INTO "User" (id, email) VALUES ('u', 'u')`);
  assert.deepEqual(await statements(() => 'query { result: findManyUser { id posts { id } } }'), [
    ['SELECT', 1],
    ['SELECT', 1],
  ]);
});

test('a create is one INSERT, without a transaction', async () => {
  const create = (n) => `mutation { result: createOneMember(data: {team: "t", person: "${n}"}) { spend } }`;
  assert.deepEqual(await statements(create), [['INSERT', 1]]);
});

test('a nested create is its statements in one transaction', async () => {
  const create = (n) =>
    `mutation { result: createOneUser(data: {email: "${n}", posts: {create: [{title: "t"}]}}) { id } }`;
  assert.deepEqual(await statements(create), [
    ['BEGIN', 1],
    ['COMMIT', 1],
    ['INSERT', 1],
    ['INSERT', 1],
    ['SELECT', 1],
  ]);
});

test('a raw query is itself', async () => {
  assert.deepEqual(await statements(() => raw('queryRaw', 'SELECT 1 AS one')), [['SELECT', 1]]);
});
