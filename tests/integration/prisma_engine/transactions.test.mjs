// Interactive transactions: one connection from start to end, with limits on waiting and on lasting.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { createDatabase, raw, sleep, startEngine } from './support/engine.mjs';

let database, engine;
before(async () => {
  database = await createDatabase();
  engine = await startEngine(database.url, { connection_limit: 2, pool_timeout: 5 });
});
after(async () => {
  await engine.stop();
  await database.drop();
});
beforeEach(() => database.sql('TRUNCATE "Member"'));

const insert = (person) => `mutation { result: createOneMember(data: {team: "t", person: "${person}"}) { person } }`;
const start = async (body = {}) =>
  (await engine.post('/transaction/start', { max_wait: 1000, timeout: 5000, ...body })).body.id;
const end = (id, how) => engine.post(`/transaction/${id}/${how}`);
const members = async () =>
  (await database.sql('SELECT person FROM "Member" ORDER BY person')).map(({ person }) => person);

test('commit keeps, rollback discards, and nobody else sees an open transaction', async () => {
  const kept = await start();
  const discarded = await start();
  await engine.result(insert('kept'), kept);
  await engine.result(insert('discarded'), discarded);
  assert.deepEqual(await members(), []);
  assert.deepEqual(await end(kept, 'commit'), { status: 200, body: {} });
  assert.deepEqual(await end(discarded, 'rollback'), { status: 200, body: {} });
  assert.deepEqual(await members(), ['kept']);
});

test('raw queries run inside the transaction', async () => {
  const id = await start();
  await engine.result(insert('a'), id);
  const count = raw('queryRaw', 'SELECT count(*) AS n, pg_backend_pid() AS pid FROM "Member"');
  const [inside] = await engine.result(count, id);
  const [outside] = await engine.result(count);
  assert.equal(inside.n.prisma__value, '1');
  assert.equal(outside.n.prisma__value, '0');
  assert.equal(await engine.result(raw('executeRaw', `INSERT INTO "Member" (team, person) VALUES ('t', 'b')`), id), 1);
  const [again] = await engine.result(count, id);
  assert.deepEqual(again, { n: { prisma__type: 'bigint', prisma__value: '2' }, pid: inside.pid });
  await end(id, 'rollback');
  assert.deepEqual(await members(), []);
});

test('a batch within a transaction belongs to it', async () => {
  const id = await start();
  await engine.post(
    '/',
    { batch: [{ query: insert('a') }, { query: insert('b') }], transaction: true },
    { 'X-transaction-id': id },
  );
  await end(id, 'rollback');
  assert.deepEqual(await members(), []);
});

test('after its timeout a transaction is rolled back and says so', async () => {
  const id = await start({ timeout: 200 });
  await engine.result(insert('late'), id);
  await sleep(400);
  const { errors } = await engine.ask(insert('later'), id);
  assert.match(errors[0].error, /^Transaction already closed/);
  assert.equal(errors[0].user_facing_error.error_code, 'P2028');
  assert.equal((await end(id, 'commit')).status, 422);
  assert.deepEqual(await members(), []);
});

test('a start that gets no connection within max_wait fails after that time, and nothing leaks', async () => {
  const held = [await start(), await start()];
  const began = Date.now();
  const refused = await engine.post('/transaction/start', { max_wait: 300, timeout: 1000 });
  const waited = Date.now() - began;
  assert.equal(refused.status, 504);
  assert.equal(refused.body.error_code, 'P2028');
  assert.match(refused.body.message, /Unable to start a transaction in the given time/);
  assert.ok(waited >= 300 && waited < 1500, `waited ${waited} ms`);
  for (const id of held) await end(id, 'commit');
  const both = [await start(), await start()];
  assert.ok(both.every(Boolean));
  for (const id of both) await end(id, 'rollback');
});

test('transactions that start at the same time, among queries that need one themselves, do not mix', async () => {
  const nested = (n) =>
    `mutation { result: createOneUser(data: {email: "${n}", posts: {create: [{title: "${n}"}]}}) { id } }`;
  await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      await engine.result(nested(n));
      const id = await start({ max_wait: 5000 });
      await engine.result(insert(`p${n}`), id);
      await end(id, n % 2 ? 'commit' : 'rollback');
    }),
  );
  assert.deepEqual(await members(), ['p1', 'p3', 'p5', 'p7', 'p9']);
});

test('unknown transactions are not found', async () => {
  for (const id of ['short', 'c'.repeat(25)]) {
    const { status, body } = await end(id, 'commit');
    assert.equal(status, 404);
    assert.equal(body.error_code, 'P2028');
    const { errors } = await engine.ask(insert('x'), id);
    assert.match(errors[0].error, /^Transaction not found/);
  }
});
