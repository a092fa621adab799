// What the native engine counts under `--enable-metrics`; the WebAssembly engine counts nothing.

const BUCKETS_MS = [0, 1, 5, 10, 50, 100, 500, 1000, 5000, 50000];

class Histogram {
  sum = 0;
  count = 0;
  perBucket = BUCKETS_MS.map(() => 0);

  record(ms) {
    this.sum += ms;
    this.count += 1;
    const bucket = BUCKETS_MS.findIndex((limit) => ms <= limit);
    if (bucket >= 0) this.perBucket[bucket] += 1;
  }

  toJSON() {
    return {
      buckets: BUCKETS_MS.map((limit, index) => [limit, this.perBucket[index]]),
      sum: this.sum,
      count: this.count,
    };
  }
}

/** Counters, gauges and histograms (milliseconds) under Prisma's names. */
export class Metrics {
  #pool;
  #now;
  #queries = 0;
  #statements = 0;
  #active = 0;
  #waiting = 0;
  #opened = 0;
  #closed = 0;
  #queryTimes = new Histogram();
  #statementTimes = new Histogram();
  #waitTimes = new Histogram();

  /** @param {import('pg').Pool} pool @param {() => number} now a clock in milliseconds */
  constructor(pool, now) {
    this.#pool = pool;
    this.#now = now;
    pool.on('connect', () => (this.#opened += 1));
    pool.on('remove', () => (this.#closed += 1));
  }

  /** @template T @param {() => Promise<T>} query @returns {Promise<T>} */
  async timeQuery(query) {
    this.#queries += 1;
    this.#active += 1;
    try {
      return await this.#time(this.#queryTimes, query);
    } finally {
      this.#active -= 1;
    }
  }

  /** @template T @param {() => Promise<T>} statement @returns {Promise<T>} */
  timeStatement(statement) {
    this.#statements += 1;
    return this.#time(this.#statementTimes, statement);
  }

  /** @template T @param {() => Promise<T>} wait for a connection @returns {Promise<T>} */
  async timeWait(wait) {
    this.#waiting += 1;
    try {
      return await this.#time(this.#waitTimes, wait);
    } finally {
      this.#waiting -= 1;
    }
  }

  async #time(histogram, action) {
    const start = this.#now();
    try {
      return await action();
    } finally {
      histogram.record(this.#now() - start);
    }
  }

  /** @param {Record<string, string>} labels put on every metric @returns {object} the native engine's JSON format */
  snapshot(labels) {
    const metric = ([key, value, description]) => ({ key, labels, value, description });
    const { totalCount, idleCount } = this.#pool;
    return {
      counters: [
        ['prisma_client_queries_total', this.#queries, 'Total number of Prisma Client queries executed'],
        ['prisma_datasource_queries_total', this.#statements, 'Total number of Datasource Queries executed'],
        ['prisma_pool_connections_closed_total', this.#closed, 'Total number of Pool Connections closed'],
        ['prisma_pool_connections_opened_total', this.#opened, 'Total number of Pool Connections opened'],
      ].map(metric),
      gauges: [
        ['prisma_client_queries_active', this.#active, 'Number of currently active Prisma Client queries'],
        ['prisma_client_queries_wait', this.#waiting, 'Number of queries waiting for a connection'],
        ['prisma_pool_connections_busy', totalCount - idleCount, 'Number of Pool Connections executing queries'],
        ['prisma_pool_connections_idle', idleCount, 'Number of Pool Connections that are not busy'],
        ['prisma_pool_connections_open', totalCount, 'Number of Pool Connections currently open'],
      ].map(metric),
      histograms: [
        ['prisma_client_queries_duration_histogram_ms', this.#queryTimes, 'Time of Prisma Client queries in ms'],
        ['prisma_client_queries_wait_histogram_ms', this.#waitTimes, 'Time of waiting for a connection in ms'],
        ['prisma_datasource_queries_duration_histogram_ms', this.#statementTimes, 'Time of Datasource Queries in ms'],
      ].map(metric),
    };
  }
}

/**
 * @param {ReturnType<Metrics['snapshot']>} snapshot
 * @returns {string} the Prometheus text format
 */
export function prometheusText({ counters, gauges, histograms }) {
  const simple =
    (type) =>
    ({ key, value, labels, description }) => [
      `# HELP ${key} ${description}`,
      `# TYPE ${key} ${type}`,
      `${key}${labelText(labels)} ${value}`,
      '',
    ];
  const lines = [
    ...counters.flatMap(simple('counter')),
    ...gauges.flatMap(simple('gauge')),
    ...histograms.flatMap(histogramLines),
  ];
  return `${lines.join('\n')}\n`;
}

function histogramLines({ key, value, labels, description }) {
  let total = 0;
  const buckets = value.perBucket.map((count, index) => {
    total += count;
    return `${key}_bucket${labelText({ ...labels, le: BUCKETS_MS[index] })} ${total}`;
  });
  return [
    `# HELP ${key} ${description}`,
    `# TYPE ${key} histogram`,
    ...buckets,
    `${key}_bucket${labelText({ ...labels, le: '+Inf' })} ${value.count}`,
    `${key}_sum${labelText(labels)} ${value.sum}`,
    `${key}_count${labelText(labels)} ${value.count}`,
    '',
  ];
}

function labelText(labels) {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(String(value))}`);
  return pairs.length ? `{${pairs.join(',')}}` : '';
}
