// Models: what is written comes back, in the native engine's GraphQL types.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { createDatabase, startEngine } from './support/engine.mjs';

let database, engine;
before(async () => {
  database = await createDatabase();
  engine = await startEngine(database.url);
});
after(async () => {
  await engine.stop();
  await database.drop();
});
beforeEach(() => database.sql('TRUNCATE "User", "Post", "Profile", "Member"'));

const EVERY_FIELD =
  'id email name role roles meta settings history age tokens score balance photo tags seen seenTz active';

test('every type of field survives a round trip', async () => {
  const created = await engine.result(`mutation { result: createOneUser(data: {
    id: "u1", email: "a@b.c", role: "ADMIN", roles: ["ADMIN", "USER"], meta: "{\\"a\\": [1, \\"x\\"]}",
    settings: "\\"just a string\\"", history: ["1", "{\\"b\\": null}"], age: 42, tokens: 9007199254740993, score: 1.5,
    balance: "12.340", photo: "AQID", tags: ["plain", "with, comma", "\\"quoted\\""],
    seen: "2024-01-02T03:04:05.678+00:00", seenTz: "2024-01-02T03:04:05.678+02:00", active: false
  }) { ${EVERY_FIELD} } }`);
  const expected = {
    id: 'u1',
    email: 'a@b.c',
    name: null,
    role: 'ADMIN',
    roles: ['ADMIN', 'USER'],
    meta: '{"a":[1,"x"]}',
    settings: '"just a string"',
    history: ['1', '{"b":null}'],
    age: 42,
    tokens: '9007199254740993',
    score: 1.5,
    balance: '12.34',
    photo: 'AQID',
    tags: ['plain', 'with, comma', '"quoted"'],
    seen: '2024-01-02T03:04:05.678Z',
    seenTz: '2024-01-02T01:04:05.678Z',
    active: false,
  };
  assert.deepEqual(created, expected);
  assert.deepEqual(
    await engine.result(`query { result: findUniqueUser(where: {id: "u1"}) { ${EVERY_FIELD} } }`),
    expected,
  );
  const [stored] = await database.sql(`SELECT meta->'a'->>1 AS x, jsonb_typeof(settings) AS kind,
    "seenTz" = '2024-01-02T01:04:05.678Z' AS same_moment FROM "User"`);
  assert.deepEqual(stored, { x: 'x', kind: 'string', same_moment: true });
});

test('null, DbNull and JsonNull are told apart in a Json field', async () => {
  const create = (id, meta) =>
    engine.result(`mutation { result: createOneUser(data: {id: "${id}", email: "${id}", meta: ${meta}}) { id } }`);
  await create('sql', 'DbNull');
  await create('json', 'JsonNull');
  await create('text', '"\\"DbNull\\""');
  const rows = await database.sql('SELECT id, meta IS NULL AS missing, meta::text FROM "User" ORDER BY id');
  assert.deepEqual(rows, [
    { id: 'json', missing: false, meta: 'null' },
    { id: 'sql', missing: true, meta: null },
    { id: 'text', missing: false, meta: '"DbNull"' },
  ]);
});

test('filters on timestamps hold in any session time zone', async () => {
  await database.sql(`INSERT INTO "User" (id, email, seen, "seenTz")
    VALUES ('u1', 'u1', '2024-01-02 03:04:05', '2024-01-02T03:04:05Z')`);
  for (const field of ['seen', 'seenTz']) {
    const found = await engine.result(
      `query { result: findManyUser(where: {${field}: {equals: "2024-01-02T03:04:05.000Z"}}) { id ${field} } }`,
    );
    assert.deepEqual(found, [{ id: 'u1', [field]: '2024-01-02T03:04:05.000Z' }]);
  }
});

test('filters on Json fields compare Json', async () => {
  await database.sql(`INSERT INTO "User" (id, email, meta, history) VALUES
    ('u1', 'u1', '{"plan": "pro", "tags": ["a", "b"]}', ARRAY['1', '{"b": 2}']::jsonb[]), ('u2', 'u2', '{"plan": "free"}', '{}')`);
  const ids = async (where) =>
    (await engine.result(`query { result: findManyUser(where: ${where}) { id } }`)).map(({ id }) => id);
  assert.deepEqual(await ids('{meta: {equals: "{\\"plan\\": \\"free\\"}"}}'), ['u2']);
  assert.deepEqual(await ids('{meta: {path: ["plan"], equals: "\\"pro\\""}}'), ['u1']);
  assert.deepEqual(await ids('{meta: {path: ["plan"], string_contains: "re"}}'), ['u2']);
  assert.deepEqual(await ids('{meta: {path: ["tags"], array_contains: "[\\"a\\"]"}}'), ['u1']);
  assert.deepEqual(await ids('{NOT: [{meta: {path: ["plan"], equals: "\\"pro\\""}}]}'), ['u2']);
  assert.deepEqual(await ids('{history: {has: "{\\"b\\": 2}"}}'), ['u1']);
});

test('relations are written, filtered, selected and counted, with Json on every level', async () => {
  const user = await engine.result(`mutation { result: createOneUser(data: {
      id: "u1", email: "u1",
      posts: {create: [{title: "one", data: "{\\"n\\": 1}"}, {title: "two", data: "[2]"}]},
      profile: {connectOrCreate: {where: {id: "p1"}, create: {id: "p1", bio: "\\"hello\\""}}}
    }) { posts(orderBy: {title: "asc"}, where: {data: {equals: "{\\"n\\": 1}"}}) { title data } profile { bio } _count { posts } } }`);
  assert.deepEqual(user, {
    posts: [{ title: 'one', data: '{"n":1}' }],
    profile: { bio: '"hello"' },
    _count: { posts: 2 },
  });

  await engine.result(`mutation { result: updateOneUser(where: {id: "u1"}, data: {
      posts: {update: [{where: {title_authorId: {title: "one", authorId: "u1"}}, data: {data: "true"}}], deleteMany: [{data: {equals: "[2]"}}]},
      profile: {update: {bio: "\\"bye\\""}}
    }) { id } }`);
  assert.deepEqual(await database.sql('SELECT title, data FROM "Post"'), [{ title: 'one', data: true }]);
  assert.deepEqual(await database.sql('SELECT bio FROM "Profile"'), [{ bio: 'bye' }]);
  const byRelation = `query { result: findManyUser(where: {posts: {some: {data: {equals: "true"}}}, profile: {is: {bio: {equals: "\\"bye\\""}}}}) { id } }`;
  assert.deepEqual(await engine.result(byRelation), [{ id: 'u1' }]);
});

test('a to-one relation is updated by its data alone, or beside a filter', async () => {
  await database.sql(`INSERT INTO "User" (id, email) VALUES ('u1', 'u1')`);
  await database.sql(`INSERT INTO "Post" (title, "authorId") VALUES ('one', 'u1')`);
  const update = (author) =>
    engine.result(`mutation { result: updateOnePost(
    where: {title_authorId: {title: "one", authorId: "u1"}}, data: {data: "[2]", author: {update: ${author}}}) { data author { meta } } }`);
  assert.deepEqual(await update('{meta: "[1]"}'), { data: '[2]', author: { meta: '[1]' } });
  assert.deepEqual(await update('{where: {meta: {equals: "[1]"}}, data: {meta: "{}"}}'), {
    data: '[2]',
    author: { meta: '{}' },
  });
});

test('upsert on a compound key creates, then updates', async () => {
  const upsert = `mutation { result: upsertOneMember(
    where: {team_person: {team: "t", person: "p"}},
    create: {team: "t", person: "p", spend: 1, info: "{\\"new\\": true}"},
    update: {spend: {increment: 0.5}, info: "{\\"new\\": false}"}) { spend info } }`;
  assert.deepEqual(await engine.result(upsert), { spend: 1, info: '{"new":true}' });
  assert.deepEqual(await engine.result(upsert), { spend: 1.5, info: '{"new":false}' });
});

test('createMany skips duplicates when told to', async () => {
  const create = (skip) => `mutation { result: createManyMember(
    data: [{team: "t", person: "a", info: "1"}, {team: "t", person: "b"}], skipDuplicates: ${skip}) { count } }`;
  assert.deepEqual(await engine.result(create(false)), { count: 2 });
  assert.deepEqual(await engine.result(create(true)), { count: 0 });
  assert.equal((await engine.error(create(false))).error_code, 'P2002');
});

test('aggregates and groups', async () => {
  await database.sql(`INSERT INTO "User" (id, email, role, age, tokens, balance, score) VALUES
    ('u1', 'u1', 'ADMIN', 10, 9007199254740993, 1.5, 1), ('u2', 'u2', 'USER', 20, 1, 2.5, 2), ('u3', 'u3', 'USER', 30, 2, 3, 3)`);
  assert.deepEqual(
    await engine.result(
      'query { result: aggregateUser(where: {age: {gt: 10}}) { _count { _all } _avg { age } _max { created: age } } }',
    ),
    {
      _count: { _all: 2 },
      _avg: { age: 25 },
      _max: { created: 30 },
    },
  );
  const groups =
    await engine.result(`query { result: groupByUser(by: ["role"], orderBy: {role: "asc"}, having: {age: {_avg: {gt: 5}}})
    { role _count { _all } _sum { tokens balance score } } }`);
  assert.deepEqual(groups, [
    { role: 'ADMIN', _count: { _all: 1 }, _sum: { tokens: '9007199254740993', balance: '1.5', score: 1 } },
    { role: 'USER', _count: { _all: 2 }, _sum: { tokens: '3', balance: '5.5', score: 5 } },
  ]);
});

test('aliases rename on every level, and null relations stay null', async () => {
  await database.sql(`INSERT INTO "User" (id, email) VALUES ('u1', 'mail')`);
  await database.sql(`INSERT INTO "Post" (title, "authorId", data) VALUES ('t', 'u1', '{"k": 1}')`);
  const query =
    'query { result: findManyUser { mail: email written: posts { name: title json: data } page: profile { bio } } }';
  assert.deepEqual(await engine.result(query), [
    { mail: 'mail', written: [{ name: 't', json: '{"k":1}' }], page: null },
  ]);
});

test('variables and their defaults are filled in', async () => {
  await database.sql(`INSERT INTO "User" (id, email, meta) VALUES ('u1', 'u1', '{"a": 1}'), ('u2', 'u2', '{"a": 2}')`);
  const query = `query ($meta: String, $take: Int = 1) {
    result: findManyUser(where: {meta: {equals: $meta}}, take: $take) { id } }`;
  assert.deepEqual(await engine.result(query, undefined, { meta: '{"a": 2}' }), [{ id: 'u2' }]);
  const all = 'query ($take: Int = 1) { result: findManyUser(take: $take) { id } }';
  assert.equal((await engine.result(all)).length, 1);
  assert.equal((await engine.result(all, undefined, { take: 2 })).length, 2);
});

test('a batch in a transaction is all or nothing; one without answers query by query', async () => {
  const create = (id) => ({
    query: `mutation { result: createOneUser(data: {id: "${id}", email: "${id}"}) { id } }`,
    variables: {},
  });
  const failed = await engine.post('/', { batch: [create('u1'), create('u1')], transaction: true });
  assert.equal(failed.body.errors[0].user_facing_error.error_code, 'P2002');
  assert.equal(failed.body.errors[0].user_facing_error.batch_request_idx, 1);
  assert.deepEqual(await database.sql('SELECT id FROM "User"'), []);

  const { body } = await engine.post('/', {
    batch: [create('u1'), create('u1'), create('u2')],
    transaction: false,
  });
  assert.deepEqual(body.batchResult[0], { data: { result: { id: 'u1' } } });
  assert.equal(body.batchResult[1].errors[0].user_facing_error.error_code, 'P2002');
  assert.deepEqual(body.batchResult[2], { data: { result: { id: 'u2' } } });

  const find = (id) => ({ query: `query { result: findUniqueUser(where: {id: "${id}"}) { id email } }` });
  const found = await engine.post('/', { batch: [find('u2'), find('none'), find('u1')], transaction: false });
  assert.deepEqual(
    found.body.batchResult.map(({ data }) => data.result?.email),
    ['u2', undefined, 'u1'],
  );
});

test('a large body and unusual characters pass unharmed', async () => {
  const text = `quote " backslash \\ newline \n tab \t nul-free \u0001 emoji \u{1F600} ${'x'.repeat(3_000_000)}`;
  const query = `mutation { result: createOneUser(data: {id: "big", email: "big", name: ${JSON.stringify(text)}}) { name } }`;
  assert.equal((await engine.result(query)).name, text);
});

test('many requests at once share a small pool', async () => {
  const small = await startEngine(database.url, { connection_limit: 2 });
  const counts = await Promise.all(
    Array.from({ length: 50 }, () => small.result('query { result: aggregateUser { _count { _all } } }')),
  );
  assert.deepEqual(new Set(counts.map(({ _count }) => _count._all)), new Set([0]));
  const metrics = await (await fetch(`${small.base}/metrics?format=json`)).json();
  assert.equal(metrics.gauges.find(({ key }) => key === 'prisma_pool_connections_open').value, 2);
  await small.stop();
});
