// Marks the arguments that stand for Json values.
//
// In GraphQL a Json value is a string like any other. The JSON protocol would store such a string as a JSON string, so
// every one has to be tagged, and where they are only the schema knows. The walk follows Prisma's input grammar, since
// names alone do not tell: a model may have a field called `data` or `set`.

/** Operators whose operands are Json; the others (`path`, `string_contains`, `isEmpty`) take plain values. */
const JSON_OPERATORS = new Set([
  'equals',
  'not',
  'array_contains',
  'array_starts_with',
  'array_ends_with',
  'lt',
  'lte',
  'gt',
  'gte',
  'has',
  'hasEvery',
  'hasSome',
]);
const JSON_WRITES = new Set(['set', 'push']);
const RELATION_FILTERS = new Set(['is', 'isNot', 'some', 'every', 'none']);
const CONJUNCTIONS = new Set(['AND', 'OR', 'NOT']);

const ARGUMENTS = new Map([
  ['where', filter],
  ['cursor', filter],
  ['having', filter],
  ['data', write],
  ['create', write],
  ['update', write],
]);

const NESTED_WRITES = new Map([
  ['create', write],
  ['connect', filter],
  ['disconnect', filter],
  ['set', filter],
  ['delete', filter],
  ['deleteMany', filter],
  ['update', nestedUpdate],
  ['connectOrCreate', tagJsonArguments],
  ['createMany', tagJsonArguments],
  ['updateMany', tagJsonArguments],
  ['upsert', tagJsonArguments],
]);

/**
 * @param {Record<string, unknown>} args the arguments of an operation, or of a selected relation
 * @param {import('./schema.mjs').Model} model the model that they speak of
 * @returns {Record<string, unknown>} the same with every Json value as `{$type: 'Json', value}`
 */
export function tagJsonArguments(args, model) {
  return mapObject(args, (name, value) => each(ARGUMENTS.get(name), value, model));
}

function filter(where, model) {
  return mapObject(where, (name, value) => {
    if (model.json.has(name)) return jsonValue(value, JSON_OPERATORS);
    if (CONJUNCTIONS.has(name)) return each(filter, value, model);
    if (model.relations.has(name)) return relationFilter(value, model.relations.get(name));
    // What is no field is a compound key: `{a_b: {a: 1, b: 2}}`.
    return model.scalars.has(name) ? value : filter(value, model);
  });
}

function relationFilter(value, related) {
  const direct = !isObject(value) || Object.keys(value).some((name) => !RELATION_FILTERS.has(name));
  return direct ? filter(value, related) : mapObject(value, (_, inner) => filter(inner, related));
}

function write(data, model) {
  return mapObject(data, (name, value) => {
    if (model.json.has(name)) return jsonValue(value, JSON_WRITES);
    const related = model.relations.get(name);
    return related ? mapObject(value, (kind, inner) => each(NESTED_WRITES.get(kind), inner, related)) : value;
  });
}

// `update: {where, data}` or, over a to-one relation, also just `update: data`.
function nestedUpdate(value, related) {
  const hasDataField = related.scalars.has('data') || related.relations.has('data');
  const wrapped = isObject(value?.data) && ('where' in value || !hasDataField);
  return wrapped ? tagJsonArguments(value, related) : write(value, related);
}

function jsonValue(value, operators) {
  if (!isObject(value)) return tag(value);
  return mapObject(value, (name, operand) => (operators.has(name) ? tag(operand) : operand));
}

// Anything but a string is left alone: null, and the words DbNull, JsonNull and AnyNull.
function tag(value) {
  if (Array.isArray(value)) return value.map(tag);
  return typeof value === 'string' ? { $type: 'Json', value } : value;
}

function each(visit, value, model) {
  if (!visit) return value;
  return Array.isArray(value) ? value.map((item) => visit(item, model)) : visit(value, model);
}

function mapObject(value, change) {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(name, inner)]));
}

// Already typed values, `{$type, value}`, are no objects of the query.
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('$type' in value);
}
