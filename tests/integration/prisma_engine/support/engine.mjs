// What the tests stand on: the installed engine, databases of their own, and a running engine to ask.
//
// PRISMA_ENGINE_DIR names an installed copy of the engine's package, DATABASE_URL a Postgres where databases may be made.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';

const ENGINE_DIR = needed('PRISMA_ENGINE_DIR');
const ADMIN_URL = needed('DATABASE_URL');
export const PROGRAM = join(ENGINE_DIR, 'bin', 'query-engine.mjs');
export const SCHEMA = fileURLToPath(new URL('../schema.prisma', import.meta.url));
const TABLES = fileURLToPath(new URL('../schema.sql', import.meta.url));
const pg = createRequire(join(ENGINE_DIR, 'package.json'))('pg');

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run these tests by tests/integration/test_prisma_engine.py`);
  return value;
}

/** A module of the engine itself, for what can be tested without a process. */
export const engineModule = (name) => import(pathToFileURL(join(ENGINE_DIR, 'src', name)).href);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function waitUntil(condition, what, limitMs = 5000) {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(20);
  }
}

export async function runSql(url, text, values) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** A database with the tables of schema.sql. Its session time zone is not UTC, so that mistakes with zones show. */
export async function createDatabase() {
  const name = `engine_${randomBytes(6).toString('hex')}`;
  await runSql(ADMIN_URL, `CREATE DATABASE ${name}`);
  await runSql(ADMIN_URL, `ALTER DATABASE ${name} SET timezone = 'America/New_York'`);
  const url = new URL(ADMIN_URL);
  url.pathname = `/${name}`;
  await runSql(url.href, readFileSync(TABLES, 'utf8'));
  return {
    name,
    url: url.href,
    sql: (text, values) => runSql(url.href, text, values),
    drop: () => runSql(ADMIN_URL, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts the program; does not wait for anything. */
export function spawnEngine(port, env, launcher = [PROGRAM]) {
  const [command, ...before] = launcher;
  const child = spawn(command, [...before, '-p', `${port}`, '--enable-metrics', '--enable-raw-queries'], {
    env: { ...process.env, PRISMA_DML_PATH: SCHEMA, OVERWRITE_DATASOURCES: '', ...env },
  });
  const output = { stderr: '' };
  child.stderr.on('data', (text) => (output.stderr += text));
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  return { child, output, exited };
}

/** A running engine on `url`. `ask` returns the whole answer; `result` and `error` insist on what they name. */
export async function startEngine(url, parameters = {}) {
  const database = new URL(url);
  for (const [name, value] of Object.entries(parameters)) database.searchParams.set(name, value);
  const port = await freePort();
  const { child, output, exited } = spawnEngine(port, { DATABASE_URL: database.href });
  const base = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${base}/status`).then(
      (response) => response.ok,
      () => false,
    );
  await waitUntil(async () => {
    if (child.exitCode !== null) throw new Error(`engine exited: ${output.stderr}`);
    return isUp();
  }, 'engine answers /status');

  async function post(path, body, headers = {}) {
    const response = await fetch(base + path, { method: 'POST', body: JSON.stringify(body), headers });
    return { status: response.status, body: await response.json() };
  }
  async function ask(query, transaction, variables = {}) {
    const headers = transaction ? { 'X-transaction-id': transaction } : {};
    return (await post('/', { query, variables }, headers)).body;
  }
  async function result(query, transaction, variables) {
    const answer = await ask(query, transaction, variables);
    if (answer.errors) throw new Error(`${query}\nfailed: ${JSON.stringify(answer.errors)}`);
    return answer.data.result;
  }
  async function error(query, transaction) {
    const { errors } = await ask(query, transaction);
    if (!errors) throw new Error(`${query}\ndid not fail`);
    return errors[0].user_facing_error;
  }
  async function stop() {
    child.kill('SIGTERM');
    return exited;
  }
  return { base, port, child, output, exited, post, ask, result, error, stop };
}

/** GraphQL for a raw query, with its parameters encoded twice as the Python client does. */
export function raw(name, sql, parameters = []) {
  return `mutation { result: ${name}(query: ${JSON.stringify(sql)}, parameters: ${JSON.stringify(JSON.stringify(parameters))}) }`;
}

/** A relay in front of Postgres that can be taken away and brought back. */
export async function startRelay(url) {
  const target = new URL(url);
  const net = await import('node:net');
  const sockets = new Set();
  const port = await freePort();
  const track = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  let server;
  const up = () =>
    new Promise((resolve) => {
      server = net.createServer((socket) => {
        const upstream = net.connect(Number(target.port), target.hostname);
        track(socket);
        track(upstream);
        socket.pipe(upstream).pipe(socket);
      });
      server.listen(port, '127.0.0.1', resolve);
    });
  const down = () =>
    new Promise((resolve) => {
      server.close(resolve);
      for (const socket of sockets) socket.destroy();
    });
  await up();
  const relayed = new URL(url);
  relayed.port = port;
  return { url: relayed.href, up, down };
}
