// Every failure has the code by which the Python client picks its exception.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { createDatabase, raw, startEngine } from './support/engine.mjs';

let database, engine;
before(async () => {
  database = await createDatabase();
  await database.sql(`INSERT INTO "User" (id, email) VALUES ('u1', 'taken')`);
  engine = await startEngine(database.url);
});
after(async () => {
  await engine.stop();
  await database.drop();
});

const CASES = [
  [
    'unique violation',
    'mutation { result: createOneUser(data: {email: "taken"}) { id } }',
    'P2002',
    /Unique constraint failed on the fields: \(`email`\)/,
  ],
  [
    'foreign key violation',
    'mutation { result: createOnePost(data: {title: "t", authorId: "nobody"}) { id } }',
    'P2003',
    /Foreign key constraint/,
  ],
  [
    'missing required value',
    'mutation { result: createOneUser(data: {name: "n"}) { id } }',
    'P2009',
    /A value is required but not set/,
  ],
  ['unknown argument', 'query { result: findManyUser(nope: 1) { id } }', 'P2009', /Argument does not exist/],
  ['unknown field', 'query { result: findManyUser { nope } }', 'P2009', /'nope' not found/],
  ['unknown model', 'query { result: findManyNobody { id } }', 'P2009', /findManyNobody/],
  ['raw syntax error', raw('queryRaw', 'SELEC'), 'P2010', /42601.*syntax error/],
  ['several raw statements', raw('queryRaw', 'SELECT 1; SELECT 2'), 'P2010', /multiple commands/],
  ['missing table', 'query { result: findManyMissing { id } }', 'P2021', /`public.Missing` does not exist/],
  [
    'record to update not found',
    'mutation { result: updateOneUser(where: {id: "none"}, data: {name: "x"}) { id } }',
    'P2025',
    /not found/,
  ],
  [
    'record to delete not found',
    'mutation { result: deleteOneUser(where: {id: "none"}) { id } }',
    'P2025',
    /not exist|not found/,
  ],
  [
    'nothing found, or throw',
    'query { result: findUniqueUserOrThrow(where: {id: "none"}) { id } }',
    'P2025',
    /found none/,
  ],
  [
    'integer beyond 64 bits',
    'query { result: findManyUser(where: {tokens: 9223372036854775808}) { id } }',
    'P2033',
    /64 bit/,
  ],
  ['no GraphQL', 'query {', undefined, /Error parsing GraphQL query/],
  ['two operations', 'query { a: findManyUser { id } b: findManyUser { id } }', undefined, /one operation/],
  ['a fragment', 'query { result: findManyUser { ...F } } fragment F on User { id }', undefined, /fragments/],
  [
    'one field in two ways',
    'query { result: findManyUser { a: posts(take: 1) { id } b: posts { id } } }',
    undefined,
    /selected twice/,
  ],
];

for (const [name, query, code, message] of CASES) {
  test(name, async () => {
    const error = await engine.error(query);
    assert.equal(error.error_code, code, error.message);
    assert.match(error.message, message);
    assert.equal(error.is_panic, false);
  });
}

test('a failed statement does not cost its connection', async () => {
  const single = await startEngine(database.url, { connection_limit: 1 });
  const pid = async () => (await single.result(raw('queryRaw', 'SELECT pg_backend_pid() AS pid')))[0].pid.prisma__value;
  const first = await pid();
  await single.error(raw('queryRaw', 'SELECT 1/0'));
  assert.equal(await pid(), first);
  await single.stop();
});

test('waiting longer than pool_timeout for a connection is P2024', async () => {
  const narrow = await startEngine(database.url, { connection_limit: 1, pool_timeout: 1 });
  const busy = narrow.result(raw('queryRaw', 'SELECT pg_sleep(2)::text'));
  const error = await narrow.error('query { result: findManyUser { id } }');
  assert.equal(error.error_code, 'P2024');
  assert.match(error.message, /connection pool timeout: 1, connection limit: 1/);
  await busy;
  assert.equal((await narrow.result('query { result: findManyUser { id } }')).length, 1);
  await narrow.stop();
});

test('what is no JSON, and what is no request, is refused', async () => {
  const answer = await fetch(engine.base, { method: 'POST', body: '{' });
  assert.equal(answer.status, 400);
  assert.match((await answer.json()).errors[0].error, /not JSON/);
  assert.match((await engine.post('/', {})).body.errors[0].error, /"query" or a "batch"/);
  assert.equal((await fetch(`${engine.base}/nothing`)).status, 404);
});

test('a panic of the engine fails the calls under way and no others', async () => {
  const script = fileURLToPath(new URL('support/panic.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  assert.deepEqual(JSON.parse(stdout), { panic: 'RuntimeError', later: 'P2009' });
});
