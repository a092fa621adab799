// The HTTP protocol of the native query engine.
import { createServer as createHttpServer } from 'node:http';

import { errorEntry, QueryError } from './errors.mjs';
import { prometheusText } from './metrics.mjs';

const TRANSACTION_END = /^\/transaction\/([^/]+)\/(commit|rollback)$/;

// The native engine answers a failed start or end of a transaction by status, a failed query by `errors`.
const TRANSACTION_STATUS = [
  ['Unable to start', 504],
  ['Transaction not found', 404],
  ['Transaction already closed', 422],
];

/**
 * @param {import('./service.mjs').Service} service
 * @param {import('./metrics.mjs').Metrics} metrics
 * @returns {import('node:http').Server} not yet listening
 */
export function createServer(service, metrics) {
  // The caller's connection pool decides how long connections and requests last.
  const options = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 };
  return createHttpServer(options, async (request, response) => {
    try {
      send(response, await route(request, service, metrics));
    } catch (error) {
      send(response, {
        status: error instanceof QueryError ? 400 : 500,
        body: { errors: [errorEntry(error)] },
      });
    }
  });
}

async function route(request, service, metrics) {
  const { pathname, searchParams } = new URL(request.url, 'http://engine');
  const text = await readText(request);
  switch (`${request.method} ${pathname}`) {
    case 'POST /':
      return { body: await service.answer(readJson(text), request.headers['x-transaction-id']) };
    case 'GET /status':
      return { body: { status: 'ok' } };
    case 'GET /metrics':
      return metricsAnswer(metrics.snapshot(text ? readJson(text) : {}), searchParams.get('format'));
    case 'POST /transaction/start':
      return transactionAnswer(await service.startTransaction(readJson(text)));
  }
  const [, id, how] = (request.method === 'POST' && pathname.match(TRANSACTION_END)) || [];
  if (id) return transactionAnswer(await service.endTransaction(id, how));
  return {
    status: 404,
    body: { errors: [errorEntry(new QueryError(`nothing at ${request.method} ${pathname}`))] },
  };
}

async function readText(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new QueryError(`the request's body is not JSON: ${error.message}`);
  }
}

function metricsAnswer(snapshot, format) {
  if (format === 'json') return { body: snapshot };
  return { type: 'text/plain; version=0.0.4', body: prometheusText(snapshot) };
}

function transactionAnswer(body) {
  if (!body.message) return { body };
  const reason = body.meta?.error ?? '';
  const [, status = 500] = TRANSACTION_STATUS.find(([start]) => reason.startsWith(start)) ?? [];
  return { status, body };
}

function send(response, { status = 200, type = 'application/json', body }) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
