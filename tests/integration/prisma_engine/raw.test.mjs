// Raw SQL: parameters in, typed values out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createDatabase, raw, startEngine } from './support/engine.mjs';

let database, engine;
before(async () => {
  database = await createDatabase();
  engine = await startEngine(database.url);
});
after(async () => {
  await engine.stop();
  await database.drop();
});

const typed = (type, value) => ({ prisma__type: type, prisma__value: value });

const VALUES = [
  ['42::int', 'int', 42],
  ['9007199254740993::bigint', 'bigint', '9007199254740993'],
  ['1.5::real', 'float', 1.5],
  ['2.25::float8', 'double', 2.25],
  ['1.10::numeric', 'decimal', '1.1'],
  ["'text'::text", 'string', 'text'],
  ["'name'::name", 'string', 'name'],
  ['\'ADMIN\'::"Role"', 'string', 'ADMIN'],
  ["interval '1 day'", 'string', '1 day'],
  ['true', 'bool', true],
  ['\'{"a": [1]}\'::jsonb', 'json', { a: [1] }],
  ["'\\x010203'::bytea", 'bytes', 'AQID'],
  ["'2024-01-02'::date", 'date', '2024-01-02'],
  ["'03:04:05'::time", 'time', '03:04:05'],
  ["'2024-01-02 03:04:05.678'::timestamp", 'datetime', '2024-01-02T03:04:05.678+00:00'],
  ["'2024-01-02T03:04:05.678+02:00'::timestamptz", 'datetime', '2024-01-02T01:04:05.678+00:00'],
  ["'1900-01-01T00:00:00+00'::timestamptz", 'datetime', '1900-01-01T00:00:00+00:00'],
  ["'4b1ee3c6-8f3c-4d0c-8d5a-0b5f2f7b5b0f'::uuid", 'uuid', '4b1ee3c6-8f3c-4d0c-8d5a-0b5f2f7b5b0f'],
  ['NULL::int', 'null', null],
  ["ARRAY['a', NULL, 'b,c']", 'array', [typed('string', 'a'), typed('null', null), typed('string', 'b,c')]],
  ['ARRAY[1, 2]::bigint[]', 'array', [typed('bigint', '1'), typed('bigint', '2')]],
];

for (const [sql, type, value] of VALUES) {
  test(`reads ${sql}`, async () => {
    assert.deepEqual(await engine.result(raw('queryRaw', `SELECT ${sql} AS v`)), [{ v: typed(type, value) }]);
  });
}

// Each parameter is shown as Postgres understood it.
const PARAMETERS = [
  ['$1::int', 42, '42'],
  ['$1::bigint', 9007199254740991, '9007199254740991'],
  ['$1::float8', 1.25, '1.25'],
  ['$1::text', "it's", "it's"],
  ['$1::boolean', true, 'true'],
  ['$1::int', null, null],
  ['$1::int[]', [1, 2], '{1,2}'],
  ['$1::text[]', ['a', 'b,c'], '{a,"b,c"}'],
  ["$1::jsonb->>'a'", { a: 'b' }, 'b'],
  ['$1::timestamp', '2024-01-02T03:04:05', '2024-01-02 03:04:05'],
  ['$1::timestamp', typed('date', '2024-01-02T03:04:05.000+00:00'), '2024-01-02 03:04:05'],
  ["$1::timestamptz AT TIME ZONE 'UTC'", typed('date', '2024-01-02T03:04:05.000+00:00'), '2024-01-02 03:04:05'],
  ['$1::bigint', typed('bigint', '9007199254740993'), '9007199254740993'],
  ['$1::numeric', typed('decimal', '1.50'), '1.50'],
  ["encode($1::bytea, 'hex')", typed('bytes', 'AQID'), '010203'],
];

for (const [sql, parameter, expected] of PARAMETERS) {
  test(`passes ${JSON.stringify(parameter)} as ${sql}`, async () => {
    const [{ v }] = await engine.result(raw('queryRaw', `SELECT (${sql})::text AS v`, [parameter]));
    assert.equal(v.prisma__value, expected);
  });
}

test('a number beyond 2^53 written in the parameters keeps every digit', async () => {
  const query = 'mutation { result: queryRaw(query: "SELECT $1::bigint AS v", parameters: "[9007199254740993]") }';
  assert.deepEqual(await engine.result(query), [{ v: typed('bigint', '9007199254740993') }]);
});

test('parameters may be left out', async () => {
  assert.deepEqual(await engine.result('mutation { result: queryRaw(query: "SELECT 1 AS v") }'), [
    { v: typed('int', 1) },
  ]);
});

test('a result without rows is an empty list', async () => {
  assert.deepEqual(await engine.result(raw('queryRaw', 'SELECT 1 WHERE false')), []);
});

test('executeRaw answers the number of rows', async () => {
  const insert = `INSERT INTO "Member" (team, person) SELECT 't', n::text FROM generate_series(1, $1::int) n`;
  assert.equal(await engine.result(raw('executeRaw', insert, [3])), 3);
  assert.equal(await engine.result(raw('executeRaw', 'DELETE FROM "Member" WHERE person = $1', ['2'])), 1);
  assert.equal(await engine.result(raw('executeRaw', 'CREATE TABLE made (id int)')), 0);
});

test('unqualified tables are found in the schema that the URL names', async () => {
  await database.sql(
    'CREATE SCHEMA "my other"; CREATE TABLE "my other".here (id int); INSERT INTO "my other".here VALUES (7)',
  );
  const other = await startEngine(database.url, { schema: 'my other' });
  assert.deepEqual(await other.result(raw('queryRaw', 'SELECT id FROM here')), [{ id: typed('int', 7) }]);
  await other.stop();
});

test('executeRaw joins the transaction of its batch', async () => {
  const insert = { query: raw('executeRaw', `INSERT INTO "Member" (team, person) VALUES ('batch', 'p')`) };
  const { body } = await engine.post('/', {
    batch: [insert, { query: raw('executeRaw', 'SELECT 1/0') }],
    transaction: true,
  });
  assert.equal(body.errors[0].user_facing_error.error_code, 'P2010');
  assert.deepEqual(await database.sql(`SELECT * FROM "Member" WHERE team = 'batch'`), []);
});
