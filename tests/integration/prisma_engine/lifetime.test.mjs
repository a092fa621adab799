// Starting, ending, and living through a database that goes away.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { after, before, test } from 'node:test';

import {
  createDatabase,
  freePort,
  PROGRAM,
  raw,
  spawnEngine,
  startEngine,
  startRelay,
  waitUntil,
} from './support/engine.mjs';

let database;
before(async () => {
  database = await createDatabase();
});
after(() => database.drop());

const isAlive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const FIND = 'query { result: findManyUser { id } }';

test('--version names the commit that the client was generated for', async () => {
  const child = spawn(PROGRAM, ['--version'], { env: { PATH: process.env.PATH } });
  let output = '';
  for await (const text of child.stdout) output += text;
  assert.match(output, /^query-engine [0-9a-f]{40}\n$/);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} ends it with 0 within two seconds, whatever is open`, async () => {
    const engine = await startEngine(database.url);
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) =>
      request(`${engine.base}/status`, { agent }, (answer) => answer.resume().on('end', resolve)).end(),
    );
    const { body } = await engine.post('/transaction/start', { max_wait: 1000, timeout: 60000 });
    await engine.result(raw('queryRaw', 'SELECT 1'), body.id);
    const busy = engine.ask(raw('queryRaw', 'SELECT pg_sleep(10)::text')).catch(() => {});
    const began = Date.now();
    engine.child.kill(signal);
    assert.deepEqual(await engine.exited, { code: 0, signal: null });
    assert.ok(Date.now() - began < 2000, `took ${Date.now() - began} ms`);
    await busy;
    agent.destroy();
  });
}

test('an idle engine ends at once', async () => {
  const engine = await startEngine(database.url);
  await engine.result(FIND);
  const began = Date.now();
  await engine.stop();
  assert.ok(Date.now() - began < 500, `took ${Date.now() - began} ms`);
});

test('it does not outlive a parent that is killed', async () => {
  const port = await freePort();
  // The shell stays between us and the engine, because of what it would do afterwards.
  const { child } = spawnEngine(port, { DATABASE_URL: database.url }, [
    '/bin/sh',
    '-c',
    '"$0" "$@" & echo $!; wait; true',
    PROGRAM,
  ]);
  const pid = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(Number(text))));
  await waitUntil(
    () =>
      fetch(`http://127.0.0.1:${port}/status`).then(
        () => true,
        () => false,
      ),
    'engine answers',
  );
  assert.ok(isAlive(pid));
  child.kill('SIGKILL');
  await waitUntil(() => !isAlive(pid), 'the orphan is gone', 3000);
});

async function failedStart(env, port) {
  const { output, exited } = spawnEngine(port ?? (await freePort()), { DATABASE_URL: database.url, ...env });
  const { code } = await exited;
  return { code, stderr: output.stderr };
}

test('what keeps it from starting is one line and exit code 1', async () => {
  const closed = await freePort();
  const cases = [
    [
      { DATABASE_URL: `postgresql://u:secret@127.0.0.1:${closed}/db` },
      new RegExp(`cannot connect to Postgres at 127.0.0.1:${closed}: Can't reach`),
    ],
    [
      { DATABASE_URL: database.url.replace(database.name, 'no_such_database') },
      /cannot connect .*database "no_such_database" does not exist/,
    ],
    [{ DATABASE_URL: '' }, /no database URL: set DATABASE_URL/],
    [{ DATABASE_URL: 'mysql://localhost/db' }, /must start with postgresql:/],
    [{ DATABASE_URL: `${database.url}?sslmode=require` }, /sslmode=require is not supported/],
    [{ PRISMA_DML_PATH: '/no/such/schema.prisma' }, /cannot read PRISMA_DML_PATH/],
    [{ OVERWRITE_DATASOURCES: '{' }, /OVERWRITE_DATASOURCES is not JSON/],
  ];
  for (const [env, message] of cases) {
    const { code, stderr } = await failedStart(env);
    assert.equal(code, 1);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.doesNotMatch(stderr, /secret/);
  }
});

test('a taken port is one line and exit code 1', async () => {
  const engine = await startEngine(database.url);
  const { code, stderr } = await failedStart({}, engine.port);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^query-engine: port ${engine.port} on 127.0.0.1 is already in use\n$`));
  await engine.stop();
});

test('a folder in host= is connected to by its Unix socket', async () => {
  const [{ unix_socket_directories: folders }] = await database.sql('SHOW unix_socket_directories');
  const engine = await startEngine(database.url, { host: folders.split(',')[0].trim() });
  const [{ address }] = await engine.result(raw('queryRaw', 'SELECT inet_client_addr()::text AS address'));
  assert.equal(address.prisma__type, 'null');
  await engine.stop();
});

test('OVERWRITE_DATASOURCES goes before the schema', async () => {
  const port = await freePort();
  const { child, exited } = spawnEngine(port, {
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    OVERWRITE_DATASOURCES: JSON.stringify([{ name: 'db', url: database.url }]),
  });
  await waitUntil(
    () =>
      fetch(`http://127.0.0.1:${port}/status`).then(
        () => true,
        () => false,
      ),
    'engine answers',
  );
  child.kill('SIGTERM');
  assert.equal((await exited).code, 0);
});

test('when Postgres goes away requests fail with an error, and work again when it is back', async () => {
  const relay = await startRelay(database.url);
  const engine = await startEngine(relay.url, { connection_limit: 2, pool_timeout: 2, connect_timeout: 2 });
  assert.deepEqual(await engine.result(FIND), []);
  const {
    body: { id },
  } = await engine.post('/transaction/start', { max_wait: 1000, timeout: 60000 });
  await engine.result(raw('queryRaw', 'SELECT 1'), id);
  const interrupted = engine.error(raw('queryRaw', 'SELECT pg_sleep(10)::text AS interrupted'));
  const running = `SELECT FROM pg_stat_activity WHERE query LIKE '%AS interrupted' AND state = 'active'`;
  await waitUntil(async () => (await database.sql(running)).length, 'the query runs');

  await relay.down();
  assert.equal((await interrupted).error_code, 'P1017');
  const unreachable = await engine.error(FIND);
  assert.equal(unreachable.error_code, 'P1001');
  assert.match(unreachable.message, /Can't reach database server at `127.0.0.1`/);
  assert.ok((await engine.error(raw('queryRaw', 'SELECT 1'), id)).message);
  assert.ok((await engine.post('/transaction/start', { max_wait: 500, timeout: 1000 })).body.message);

  await relay.up();
  assert.deepEqual(await engine.result(FIND), []);
  // Both connections of the pool can be had: none was left with the broken transaction.
  const starts = [1, 2].map(() => engine.post('/transaction/start', { max_wait: 1000, timeout: 1000 }));
  assert.deepEqual(
    (await Promise.all(starts)).map(({ status }) => status),
    [200, 200],
  );
  assert.equal(engine.output.stderr, '');
  await engine.stop();
  await relay.down();
});

test('connections that Postgres ends are replaced', async () => {
  const engine = await startEngine(database.url, { connection_limit: 1 });
  await engine.result(FIND);
  await database.sql(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await waitUntil(async () => !(await engine.ask(FIND)).errors, 'a query works again');
  assert.equal(engine.child.exitCode, null);
  await engine.stop();
});

test('metrics count queries, statements and connections in both formats', async () => {
  const engine = await startEngine(database.url, { connection_limit: 3 });
  await engine.result(FIND);
  await engine.result('mutation { result: createOneUser(data: {email: "m", posts: {create: [{title: "m"}]}}) { id } }');
  const snapshot = await (await fetch(`${engine.base}/metrics?format=json`)).json();
  const value = (kind, key) => snapshot[kind].find((metric) => metric.key === key).value;
  assert.equal(value('counters', 'prisma_client_queries_total'), 2);
  assert.equal(value('counters', 'prisma_datasource_queries_total'), 1 + 5); // BEGIN, two INSERTs, SELECT, COMMIT
  assert.equal(value('counters', 'prisma_pool_connections_opened_total'), 1);
  assert.equal(value('gauges', 'prisma_pool_connections_idle'), 1);
  assert.equal(value('histograms', 'prisma_client_queries_duration_histogram_ms').count, 2);
  const text = await (await fetch(`${engine.base}/metrics?format=prometheus`)).text();
  assert.match(text, /^# TYPE prisma_client_queries_total counter\nprisma_client_queries_total 2$/m);
  assert.match(text, /^prisma_datasource_queries_duration_histogram_ms_bucket\{le="\+Inf"\} 6$/m);
  await engine.stop();
});
