// Whether an answer is what the workload expects, and in words what is wrong with it.

const EXCERPT = 200;
const TIMED_OUT = 1050;
const NOT_THERE = [404, 405];

const RELATIONS = {
  equals: { holds: (value, bound) => value === bound, words: '' },
  at_least: { holds: (value, bound) => typeof value === 'number' && value >= bound, words: 'at least ' },
  at_most: { holds: (value, bound) => typeof value === 'number' && value <= bound, words: 'at most ' },
};

export function isUnanswered(answer) {
  return answer.error_code === TIMED_OUT;
}

export function isPresent(answer, expect) {
  return answer.status === expect.status || !NOT_THERE.includes(answer.status);
}

export function failuresOf(answer, expect, timeoutS) {
  if (isUnanswered(answer)) {
    return [`no answer within ${timeoutS} s`];
  }
  if (isBroken(answer)) {
    return [`no answer: ${answer.error}`];
  }
  if (answer.status !== expect.status) {
    return [`status ${answer.status}, expected ${expect.status}; body: ${excerpt(answer)}`];
  }
  return [
    ...expect.values.flatMap((value) => valueFailures(answer, value)),
    ...expect.contains.flatMap((text) => textFailures(answer, text)),
    ...expect.cookies.flatMap((name) => cookieFailures(answer, name)),
  ];
}

// k6 also gives codes, 1400 to 1599, to whole answers with a status of 400 or more.
function isBroken({ error_code: code }) {
  return code !== 0 && (code < 1400 || code >= 1600);
}

function valueFailures(answer, { path, checks }) {
  const value = answer.body ? answer.json(path) : undefined;
  if (value === undefined) {
    return [`${path} is missing${expected(checks)}; body: ${excerpt(answer)}`];
  }
  return checks
    .filter(({ relation, bound }) => !RELATIONS[relation].holds(value, bound))
    .map((check) => `${path} is ${shorten(JSON.stringify(value))}${expected([check])}`);
}

function expected(checks) {
  const words = checks.map(({ relation, bound }) => RELATIONS[relation].words + JSON.stringify(bound));
  return words.length > 0 ? `, expected ${words.join(' and ')}` : '';
}

function textFailures(answer, text) {
  if (answer.body && answer.body.includes(text)) {
    return [];
  }
  return [`body does not contain ${JSON.stringify(text)}; body: ${excerpt(answer)}`];
}

function cookieFailures(answer, name) {
  return name in answer.cookies ? [] : [`cookie ${name} is not set`];
}

function excerpt(answer) {
  return answer.body ? shorten(answer.body) : '(empty)';
}

// By characters, not UTF-16 units: half of a pair is not JSON.
function shorten(text) {
  return Array.from(text.slice(0, 2 * EXCERPT).replace(/\s+/g, ' ')).slice(0, EXCERPT).join('');
}
